"""A template is filled with a row's values, and says what it cannot be filled with."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from parallel_agents.errors import InvalidInput
from parallel_agents.maps.template import Template, as_text, unknown_column


def filled(text: str, **values: object) -> str:
    def read(path: str) -> str:
        return f"<{path}>"

    return Template.parse(text, where="--text").filled(values, read)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("{a} and {b}", "1 and two"),
        ("{ a }", "1"),
        ("@{b}", "<two>"),
        ("@@{b}", "@two"),
        ("ana@example.org {b}", "ana@example.org two"),
        ('{{"x": {a}}}', '{"x": 1}'),
        ("{n}", ""),
        ("{l}", '["x"]'),
    ],
)
def test_placeholders_become_values(text: str, expected: str) -> None:
    assert filled(text, a=1, b="two", n=None, l=["x"]) == expected


@pytest.mark.parametrize("text", ["{", "{}", "{ }", "a {b"])
def test_a_brace_without_a_column_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="has a brace without a column"):
        Template.parse(text, where="--text")


@given(st.text())
def test_a_text_whose_braces_are_doubled_stays_as_it_is(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")

    assert filled(doubled) == text


def test_a_template_knows_its_columns() -> None:
    template = Template.parse("{a} @{b} {a}", where="--text")

    assert template.columns == ["a", "b", "a"]
    assert template.only is None
    assert Template.parse("{a}", where="--text").only == "a"


def test_values_that_are_not_text_are_json() -> None:
    assert as_text({"a": [1, True]}) == '{"a":[1,true]}'
    assert as_text(None) == ""


def test_an_unknown_column_is_refused_with_the_nearest_one() -> None:
    near = unknown_column("friut", ["fruit", "price"], "data.csv")
    code = unknown_column('"a": 1', ["fruit"], "data.csv")

    assert near.hint == "did you mean 'fruit'?"
    assert "written twice" in code.hint


def test_many_columns_are_counted_and_not_listed() -> None:
    refusal = unknown_column("x", [f"column-{number}" for number in range(20_000)], "wide.csv")

    assert refusal.hint == "it has 20,000 columns"
    assert len(refusal.why) < 400
