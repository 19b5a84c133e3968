"""A change of a file of settings keeps everything else, or is refused."""

from __future__ import annotations

import tomllib
from contextlib import suppress

import pytest
from hypothesis import given, strategies as st

from parallel_agents.configuring.toml_text import key_steps, value_at, with_value, without_value
from parallel_agents.errors import InvalidInput

FILE = """\
# mine

max_parallel = 4   # four

# by size
[tiers]
small = "sim/calm" # cheap
"""


def test_comments_and_order_are_kept() -> None:
    changed = with_value(FILE, ("max_parallel",), 8)

    assert changed == FILE.replace("max_parallel = 4", "max_parallel = 8")


def test_a_new_setting_comes_above_the_comment_of_the_first_table() -> None:
    changed = with_value(FILE, ("model",), "local")

    assert changed == FILE.replace("\n\n# by size", '\nmodel = "local"\n\n# by size')


def test_a_value_comes_into_a_table_that_is_there() -> None:
    changed = with_value(FILE, ("tiers", "large"), "sim/storm")

    assert changed == FILE + 'large = "sim/storm"\n'


def test_missing_tables_are_made() -> None:
    changed = with_value("", ("agent_budgets", "main", "usd"), 2)

    assert changed == "[agent_budgets.main]\nusd = 2\n"


def test_a_value_is_removed_with_all_else_kept() -> None:
    assert without_value(FILE, ("max_parallel",)) == FILE.replace("max_parallel = 4   # four\n", "")


def test_nothing_is_removed_where_nothing_is() -> None:
    assert without_value(FILE, ("tiers", "large")) == FILE


# Each was reported as written into another table, or lost.
@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("a.b = 1\nz = 2\n", ("a", "new", "x")),
        ("[a.b.c]\nv = 1\n[w]\ng = 1\n[a.x]\nv = 4\n", ("a", "tmp")),
        ("a = {b.c = 1}\n", ("a", "b", "d")),
        ("[t]\nx = 1\n[s]\ny = 1\n[t.u]\n", ("t", "z")),
        ("[[answers]]\nanswer = 'yes'\n", ("model",)),
    ],
)
def test_a_change_means_what_was_asked_or_is_refused(text: str, steps: tuple[str, ...]) -> None:
    with suppress(InvalidInput):
        changed = with_value(text, steps, "new")

        assert value_at(tomllib.loads(changed), steps) == "new"
        assert tomllib.loads(without_value(changed, steps)).keys() >= tomllib.loads(text).keys()


def test_a_path_through_a_value_is_refused() -> None:
    with pytest.raises(InvalidInput, match="model is not a table"):
        with_value('model = "local"\n', ("model", "small"), "x")


@pytest.mark.parametrize("text", ["[a\n", "a = \n", "a = 1\na = 2\n"])
def test_what_is_not_toml_is_not_changed(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        with_value(text, ("model",), "local")


def test_a_path_may_have_quoted_steps() -> None:
    assert key_steps('providers.mine.prices."gpt-4.1"') == (
        "providers",
        "mine",
        "prices",
        "gpt-4.1",
    )


@pytest.mark.parametrize("path", ["", "a b", "a.", "a = 1", "a\nb", "[a]", '"', "x" * 10 + "#"])
def test_what_is_not_a_key_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput):
        key_steps(path)


@given(st.text(max_size=20), st.one_of(st.text(max_size=30), st.integers(-9, 9), st.booleans()))
def test_any_text_comes_back_as_it_was(name: str, value: str | int) -> None:
    try:
        changed = with_value(FILE, ("profiles", name), value)
    except InvalidInput:  # such as a lone surrogate, which no file can have
        return

    assert tomllib.loads(changed)["profiles"] == {name: value}
