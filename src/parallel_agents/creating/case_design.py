"""Case design: cases as data, whose checks are written as conditions and patterns by code and not by a model."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import cast

from parallel_agents.core.agent import Agent
from parallel_agents.core.object_schema import properties
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.creating.design import one_line

LEAST_CASES, _MOST_CASES, _MOST_CHECKS = 3, 6, 4
_PLAIN = "text"
_NOT_IN_IDS = re.compile(r"[^a-z0-9]+")
_NUMBERS = {"number", "integer"}
_COUNT = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")


class Test(StrEnum):
    """What a check asks of a field."""

    __test__ = False  # pytest takes it for tests

    CONTAINS = "contains"
    LACKS = "does_not_contain"
    EQUALS = "equals"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


def cases_schema(agent: Agent) -> JsonObject:
    """The schema of an answer with cases for an agent: inputs that it takes, and checks of its fields."""
    names = list(properties(agent.output_schema or {})) or [_PLAIN]
    check = {
        "type": "object",
        "properties": {
            "field": {"enum": names},
            "test": {"enum": [test.value for test in Test]},
            "value": {"type": "string", "minLength": 1, "maxLength": 100},
        },
        "required": ["field", "test", "value"],
        "additionalProperties": False,
    }
    found: dict[str, Json] = {
        "id": {"type": "string", "minLength": 1, "maxLength": 40},
        "text": {"type": "string", "minLength": 1, "maxLength": 500},
    }
    if agent.input_schema is not None:
        found["input"] = agent.input_schema
    found["checks"] = {
        "type": "array",
        "minItems": 1,
        "maxItems": _MOST_CHECKS,
        "items": check,
    }
    case: JsonObject = {
        "type": "object",
        "properties": found,
        "required": list(found),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {
            "cases": {
                "type": "array",
                "minItems": LEAST_CASES,
                "maxItems": _MOST_CASES,
                "items": case,
            }
        },
        "required": ["cases"],
        "additionalProperties": False,
    }


def cases_document(agent: Agent, answer: JsonObject) -> dict[str, Json]:
    """The file of cases that an answer describes; a check that its field cannot have is left out."""
    fields = properties(agent.output_schema or {})
    found: dict[str, Json] = {}
    for number, case in enumerate(cast("Sequence[JsonObject]", answer["cases"]), start=1):
        id = _case_id(str(case["id"]), number, found)
        checks = cast("Sequence[Mapping[str, str]]", case["checks"])
        written = [check for each in checks if (check := _check(each, fields)) is not None]
        entry: dict[str, Json] = {"id": id, "text": one_line(str(case["text"]))}
        if case.get("input"):
            entry["input"] = case["input"]
        found[id] = {**entry, "checks": written}
    return {"agent": agent.name, "cases": list(found.values())}


def _case_id(written: str, number: int, taken: Mapping[str, Json]) -> str:
    id = _NOT_IN_IDS.sub("_", written.lower()).strip("_")[:40]
    if not id or not id[0].isalpha():
        id = f"case_{id or number}"
    return id if id not in taken else f"{id}_{number}"


def _check(written: Mapping[str, str], fields: Mapping[str, JsonObject]) -> JsonObject | None:
    """A check as it stands in a file; None if the field is of a kind that it cannot be made of."""
    name, test, value = written["field"], Test(written["test"]), one_line(written["value"])
    schema = fields.get(name, {"type": "string"})
    kind = "enum" if "enum" in schema else str(schema.get("type", ""))
    if test in (Test.CONTAINS, Test.LACKS):
        return _holds(name, kind, value, is_negated=test is Test.LACKS)
    if test is Test.EQUALS:
        return _equals(name, kind, value)
    if _COUNT.fullmatch(value) is None:
        return None
    of = name if kind in _NUMBERS else f"len({name})"
    is_sized = kind in {*_NUMBERS, "string", "array"}
    sign = ">=" if test is Test.AT_LEAST else "<="
    return {"condition": f"{of} {sign} {value}"} if is_sized else None


def _holds(name: str, kind: str, value: str, *, is_negated: bool) -> JsonObject | None:
    if kind == "string":
        negation = "not " if is_negated else ""
        return {"condition": f"{value.lower()!r} {negation}in lower({name})"}
    if kind == "array":
        return {"not_regex" if is_negated else "regex": f"(?i){re.escape(value)}"}
    return None


def _equals(name: str, kind: str, value: str) -> JsonObject | None:
    match kind:
        case "enum":
            return {"condition": f"{name} == {value!r}"}
        case "boolean":
            is_true = value.lower() in {"true", "yes"}
            return {"condition": f"{name} == {'true' if is_true else 'false'}"}
        case "number" | "integer":
            return {"condition": f"{name} == {value}"} if _COUNT.fullmatch(value) else None
        case "string":
            return {"condition": f"lower({name}) == {value.lower()!r}"}
        case "array":
            is_count = _COUNT.fullmatch(value) is not None
            return {"condition": f"len({name}) == {value}"} if is_count else None
        case _:
            return None
