"""Each numeric option says what it takes, and what a value that is nearly right would be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.commands import COMMANDS
from parallel_agents.surfaces.cli.given_numbers import check_numbers
from parallel_agents.surfaces.cli.main import build
from parallel_agents.surfaces.cli.usage import execute

WRONG = ("nan", "inf", "-inf", "1e99", "-1e99", "two", "2 €?", "9" * 30, "0x10", "--")


def numeric_options() -> Iterator[tuple[str, Any]]:
    for name in COMMANDS:
        group: Any = build([name])
        yield from _below(group.commands[name], name)


def _below(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    for name, below in getattr(command, "commands", {}).items():
        yield from _below(below, f"{path} {name}")
    for option in command.params:
        kind = getattr(getattr(option, "type_descriptor", None), "annotation", None)
        if kind in (int, float) and not option.is_flag and not option.count:
            yield path, option


def test_every_numeric_option_refuses_what_is_not_in_its_bounds() -> None:
    checked = 0
    for path, option in numeric_options():
        for value in WRONG:
            with pytest.raises(InvalidInput) as refused:
                check_numbers([option], {option.name: value})
            error = refused.value
            assert error.message.startswith(f"{option.opts[0]} is "), path
            assert " to " in error.why or "at most" in error.why, path
            assert error.hint.startswith(("write a number, such as ", "write --")), path
        checked += 1

    assert checked > 50


@pytest.mark.parametrize(
    ("option", "value", "why", "hint"),
    [
        ("--budget", "-1", "a number of US dollars from 0.000000001 to 9,000,000,000", "2.50"),
        ("--budget", "0", "a number of US dollars from", "such as --budget 2.50"),
        ("--budget", "2 €", "a number of US dollars from", "write --budget 2"),
        ("--budget", "$2", "a number of US dollars from", "write --budget 2"),
        ("--budget", "2,5", "a number of US dollars from", "write --budget 2.5"),
        ("--budget", "1,000.50 USD", "a number of US dollars", "write --budget 1000.5"),
        ("--budget-tokens", "50k", "a whole number of tokens", "write --budget-tokens 50000"),
        ("--budget-tokens", "1.5", "a whole number of tokens", "such as --budget-tokens 50000"),
        ("--timeout", "5m", "seconds, more than 0 and at most 2,592,000", "write --timeout 300"),
        ("--timeout", "0", "seconds, more than 0", "such as --timeout 300"),
        ("--refine", "1", "a whole number of versions from 2 to 100", "such as --refine 3"),
    ],
)
def test_a_wrong_number_is_told_with_its_bounds(
    option: str, value: str, why: str, hint: str
) -> None:
    arguments = ("spawn", "main", "hi", option, value)
    with pytest.raises(InvalidInput) as refused:
        execute(build(arguments), arguments)

    assert refused.value.message in (f"{option} is {value}", f"{option} is {value!r}")
    assert why in refused.value.why
    assert hint in refused.value.hint
