"""A schema that would keep its validator busy for hours is known before it is used."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import InvalidSchema, Json, JsonObject, Schema, compiled
from parallel_agents.core.schema_cost import (
    checks_of_a_value,
    is_recursive_union,
    target,
)

NODE: JsonObject = {"$ref": "#/$defs/node"}
TREE: JsonObject = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "anyOf": [
                {"properties": {"child": NODE}, "required": ["x"]},
                {"properties": {"child": NODE}, "required": ["y"]},
            ]
        }
    },
}


def doubling(levels: int) -> JsonObject:
    """Each definition offers the next one twice."""
    defs: dict[str, Json] = {
        f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]}
        for n in range(levels)
    }
    return {"$ref": "#/$defs/d0", "$defs": {**defs, f"d{levels}": {"const": 1}}}


COUNTED: list[tuple[JsonObject, int]] = [
    ({"type": "string"}, 1),
    ({"anyOf": [{}, {}], "not": {}, "properties": {"a": {"anyOf": [{}, {}]}}}, 4),
    ({"$ref": "#"}, 1),
    ({"allOf": [{"$ref": "#"}]}, 2),
    ({"dependentSchemas": {"a": {}, "b": True}}, 3),
    (doubling(2), 14),
]


@pytest.mark.parametrize(("schema", "checks"), COUNTED)
def test_the_checks_of_one_value_are_counted(schema: JsonObject, checks: int) -> None:
    assert checks_of_a_value(schema) == checks


def test_a_schema_whose_alternatives_multiply_is_refused() -> None:
    with pytest.raises(InvalidSchema, match="more than 10,000"):
        Schema(doubling(24))


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (TREE, True),
        ({"anyOf": [{"items": {"$ref": "#"}}, {}]}, True),
        (doubling(3), False),
        ({"properties": {"next": {"$ref": "#"}}}, False),
    ],
)
def test_a_union_that_contains_itself_is_recognised(schema: JsonObject, expected: bool) -> None:
    assert is_recursive_union(schema) is expected


def nested(depth: int) -> Json:
    value: Json = {}
    for _ in range(depth):
        value = {"child": value}
    return value


def test_what_is_wrong_in_a_deep_value_of_such_a_union_is_not_explained() -> None:
    (problem,) = Schema(TREE).problems(nested(40))

    assert problem.why == "it does not match the schema, and is nested too deep to say where"


def test_what_is_wrong_in_a_flat_value_of_such_a_union_is_explained() -> None:
    (problem,) = Schema(TREE).problems(nested(1))

    assert "is not valid under any of the schemas" in problem.why


@pytest.mark.parametrize(
    ("reference", "found"),
    [("#", {"a/b": [1]}), ("#/a~1b/0", 1), ("#/a~1b/1", None), ("#/c/d", None)],
)
def test_a_reference_is_followed(reference: str, found: Json) -> None:
    assert target({"a/b": [1]}, reference) == found


def test_a_value_that_is_nested_too_deep_is_a_problem_and_no_error() -> None:
    (problem,) = Schema({"type": "array"}).problems(nested(900))

    assert problem.why == "it is nested too deep to be checked"


@pytest.mark.parametrize("source", [nested(5000), {"default": object()}])
def test_what_cannot_be_a_schema_is_refused(source: JsonObject) -> None:
    properties: JsonObject = {"properties": source}

    with pytest.raises(InvalidSchema):
        compiled(properties)
