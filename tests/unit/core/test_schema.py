"""JSON is found in the text of models, and problems are reported briefly."""

from __future__ import annotations

import json

import orjson
import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.schema import InvalidSchema, Json, Schema, compiled, find_json

GRADE = Schema({"type": "object", "required": ["grade"]})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": 1}', {"a": 1}),
        (" [1, 2]\n", [1, 2]),
        ("3", 3),
        ('```json\n{"a": 1}\n```', {"a": 1}),
        ('```\n{"a": 1}```', {"a": 1}),
        ('Sure!\n```JSON\n{"a": 1}\n```\nDone.', {"a": 1}),
        ('Sure: {"a": {"b": [1]}} is it.', {"a": {"b": [1]}}),
        ("A set {not json} and then [1]", [1]),
        ('Broken {"a": and then {"b": 2}', {"b": 2}),
        ('{"a": "```"}', {"a": "```"}),
        ("```python\nx = 1\n```\n[1]", [1]),
    ],
)
def test_json_is_found(text: str, value: Json) -> None:
    assert find_json(text) == value


@pytest.mark.parametrize("text", ["", "no", "{", "[[[[", "a } b ]", '{"a": NaN}', '["\\ud83d"]'])
def test_without_json_there_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="no JSON"):
        find_json(text)


def test_the_last_value_that_matches_wins_or_else_the_last() -> None:
    text = 'I saw {"x": 1} and [2] but say {"grade": 3} or rather {"grade": 4}'

    assert find_json(text, GRADE) == {"grade": 4}
    assert find_json('{"x": 1} and [2]', GRADE) == [2]


@pytest.mark.parametrize("piece", ["[", '{"a":', '[{"b":[1,'])
def test_a_model_that_repeats_itself_costs_little_time(piece: str) -> None:
    with pytest.raises(ValueError, match="no JSON"):
        find_json(piece * 200_000)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(), below, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.text(), json_values, max_size=3)
prose = st.text(st.characters(exclude_characters="{[`", exclude_categories=["Cs"]))


@given(objects, prose, prose)
def test_any_object_is_found_between_any_texts(value: dict[str, Json], a: str, b: str) -> None:
    assert find_json(f"{a} {json.dumps(value)} {b}") == value
    assert find_json(f"{a}\n```json\n{json.dumps(value, indent=1)}\n```\n{b}") == value


@given(st.text())
def test_json_that_is_found_can_be_stored(text: str) -> None:
    try:
        value = find_json(f'{text} {{"n": 123456789012345678901234567890}}')
    except ValueError:
        return

    orjson.dumps(value)


def test_problems_say_where_and_why() -> None:
    schema = Schema(
        {
            "type": "object",
            "properties": {"issues": {"type": "array", "items": {"required": ["line"]}}},
            "additionalProperties": False,
        }
    )

    problems = schema.problems({"issues": [{"line": 1}, {}], "other": 1})

    assert sorted(str(problem) for problem in problems) == [
        'issues/1: "line" is a required property',
        "the value: Additional properties are not allowed ('other' was unexpected)",
    ]
    assert schema.problems({"issues": []}) == []


def test_an_empty_text_is_called_empty() -> None:
    schema = compiled(
        {"type": "object", "properties": {"diff": {"type": "string", "minLength": 1}}}
    )

    assert [str(problem) for problem in schema.problems({"diff": ""})] == ["diff: it is empty"]


def test_at_most_five_problems_are_reported_each_briefly() -> None:
    schema = Schema({"items": {"type": "integer"}})

    problems = schema.problems(["x" * 10_000] * 20)

    assert len(problems) == 5
    assert all(len(problem.why) < 400 for problem in problems)


@pytest.mark.parametrize(
    "source", [{"type": "strin"}, {"properties": 3}, {"$ref": "https://example.com/x.json"}]
)
def test_an_invalid_schema_is_refused(source: dict[str, Json]) -> None:
    with pytest.raises(InvalidSchema):
        Schema(source)


def test_a_schema_is_compiled_once() -> None:
    assert compiled({"type": "object", "title": "a"}) is compiled({"type": "object", "title": "a"})
