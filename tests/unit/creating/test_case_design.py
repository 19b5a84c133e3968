"""The checks of a case are data, and code writes them as conditions that the agent's fields can have."""

from __future__ import annotations

from typing import Any, cast

import pytest

from parallel_agents.core.gate import ConditionGate, condition_verdict
from parallel_agents.core.schema import Json, JsonObject, compiled
from parallel_agents.creating.case_design import cases_document, cases_schema
from tests.unit.creating.parts import CASE_LIST, CASES, DESIGN, parsed, written

FIELDS = [
    {"name": "title", "kind": "text", "about": ""},
    {"name": "kind", "kind": "choice", "about": "", "choices": ["a b", "c"]},
    {"name": "count", "kind": "integer", "about": ""},
    {"name": "urgent", "kind": "yes_no", "about": ""},
    {"name": "items", "kind": "list_of_texts", "about": ""},
]
AGENT = parsed(written({**DESIGN, "outputs": FIELDS}))


def checks(field: str, test: str, value: str) -> list[dict[str, str]]:
    check = {"field": field, "test": test, "value": value}
    case: JsonObject = {"id": "one", "text": "Do.", "input": {"ticket": "x"}, "checks": [check]}
    (made,) = cast("list[Any]", cases_document(AGENT, {"cases": [case]})["cases"])
    return made["checks"]


@pytest.mark.parametrize(
    ("field", "test", "value", "condition"),
    [
        ("title", "contains", "It's", '"it\'s" in lower(title)'),
        ("title", "does_not_contain", "x", "'x' not in lower(title)"),
        ("title", "equals", "Yes", "lower(title) == 'yes'"),
        ("title", "at_least", "5", "len(title) >= 5"),
        ("kind", "equals", "a b", "kind == 'a b'"),
        ("count", "at_most", "3.5", "count <= 3.5"),
        ("count", "equals", "-2", "count == -2"),
        ("urgent", "equals", "Yes", "urgent == true"),
        ("urgent", "equals", "no", "urgent == false"),
        ("items", "at_least", "2", "len(items) >= 2"),
        ("items", "equals", "0", "len(items) == 0"),
    ],
)
def test_a_check_becomes_a_condition(field: str, test: str, value: str, condition: str) -> None:
    assert checks(field, test, value) == [{"condition": condition}]


def test_what_a_list_contains_is_looked_for_without_a_pattern_of_the_model() -> None:
    assert checks("items", "contains", "(a+)+$") == [{"regex": r"(?i)\(a\+\)\+\$"}]


@pytest.mark.parametrize(
    ("field", "test", "value"),
    [
        ("count", "contains", "3"),
        ("count", "at_least", "many"),
        ("count", "at_least", "1 or 1 == 1"),
        ("urgent", "at_most", "3"),
        ("items", "equals", "apples"),
    ],
)
def test_a_check_that_its_field_cannot_have_is_left_out(field: str, test: str, value: str) -> None:
    assert checks(field, test, value) == []


@pytest.mark.parametrize("value", ["' or 1 == 1 or '", '"', "\\", "a\nb", "{x}"])
def test_no_value_breaks_out_of_its_condition(value: str) -> None:
    (check,) = checks("title", "contains", value)
    gate = ConditionGate(condition=check["condition"])
    wanted: Json = {"title": f"-- {' '.join(value.split())} --"}

    assert condition_verdict(gate, wanted).is_accepted
    assert not condition_verdict(gate, {"title": "else"}).is_accepted


def test_cases_have_inputs_that_the_agent_takes() -> None:
    schema = compiled(cases_schema(parsed()))

    assert not schema.problems(CASES)
    other: Json = [{**CASE_LIST[0], "input": {"other": "x"}}] * 3
    assert schema.problems({"cases": other})
