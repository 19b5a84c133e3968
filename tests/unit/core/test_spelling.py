"""A suggestion names what was meant, or what there is as far as it can be read in a line."""

from __future__ import annotations

import pytest

from parallel_agents.core.spelling import did_you_mean, meant

MANY = [f"agent_{number}" for number in range(30)]
LIST = "`pagents agents list` shows all"


@pytest.mark.parametrize(
    ("name", "known", "all_names", "hint"),
    [
        ("coddr", ["coder", "main"], "", "did you mean 'coder'?"),
        ("coddr", ["coder", "main"], LIST, f"did you mean 'coder'? {LIST}"),
        ("zzz", ["main", "coder"], "", "use one of: coder, main."),
        ("zzz", ["main", "coder"], LIST, f"use one of: coder, main. {LIST}"),
        ("zzz", MANY, LIST, LIST),
        ("zzz", MANY, "", f"use one of: {', '.join(sorted(MANY))}."),
        ("zzz", [], "", "leave 'zzz' out"),
        ("zzz", [], LIST, LIST),
    ],
)
def test_a_suggestion_is_one_that_can_be_read(
    name: str, known: list[str], all_names: str, hint: str
) -> None:
    assert did_you_mean(name, known, all_names) == hint


def test_only_a_name_that_is_close_is_meant() -> None:
    assert meant("coddr", ["coder", "main"], LIST) == f"did you mean 'coder'? {LIST}"
    assert meant("zzz", ["coder", "main"], LIST) == LIST
