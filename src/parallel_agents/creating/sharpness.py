"""Sharpness: whether cases can tell a good answer from one that says nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import orjson

from parallel_agents.containment.patterns import PatternTooSlow, is_found
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case
from parallel_agents.core.condition_fields import check_conditions
from parallel_agents.core.gate import ConditionGate, Gate, RegexGate, condition_verdict
from parallel_agents.core.object_schema import properties
from parallel_agents.core.schema import Json, JsonObject, compiled
from parallel_agents.creating.finding import Finding
from parallel_agents.errors import GateBroken, InvalidInput

CASES_FILE = "cases.yaml"
LEAST_CASES = 3
_NONSENSE = "qwzx vrk"
_MOST_CONSTANTS = 20


async def dull_cases(agent: Agent, cases: Sequence[Case]) -> list[Finding]:
    """What is wrong with the cases of an agent: too few, unfit for it, or passed by any answer.

    Each case is tried with an empty answer and with a senseless one. A choice or a yes-or-no is left out
    of both; but no choice may pass all cases alone.
    """
    found: list[Finding] = []
    if len(cases) < LEAST_CASES:
        found.append(_of_file(f"there are {len(cases)} cases", f"write at least {LEAST_CASES}"))
    schema = agent.output_schema or {}
    for case in cases:
        found += _unfit(agent, case)
        if not case.checks:
            continue  # a judge reads the rubric
        for answer, called in ((_answer(schema, "", 0), "an empty answer"), _senseless(schema)):
            if await _passes(case, answer):
                found.append(
                    _of_file(
                        f"the case {case.id} is passed by {called}",
                        "check something that only a good answer has",
                    )
                )
                break
    for constant in _constants(schema):
        if cases and all([await _passes(case, constant) for case in cases]):
            found.append(
                _of_file(
                    "one and the same answer passes all cases: "
                    f"{orjson.dumps(constant).decode()[:120]}",
                    "add a case with another answer",
                )
            )
            break
    return found


def _of_file(what: str, hint: str) -> Finding:
    return Finding(CASES_FILE, 0, what, hint)


def _unfit(agent: Agent, case: Case) -> Iterator[Finding]:
    schema = agent.in_folder.input_schema if case.has_workspace else agent.input_schema
    problems = () if schema is None else compiled(schema).problems(case.input)
    if problems:
        yield _of_file(
            f"the agent does not take the input of the case {case.id}: {problems[0]}",
            "correct the input",
        )
    try:
        check_conditions(case.checks, agent.output_schema)
    except InvalidInput as error:
        yield _of_file(f"the case {case.id}: {error.message}", error.hint)


def _senseless(schema: JsonObject) -> tuple[Json, str]:
    return _answer(schema, _NONSENSE, 7919), "a senseless answer"


def _answer(schema: JsonObject, text: str, number: float) -> Json:
    """An answer of the right form that says nothing; what would be a choice is left out."""
    if not properties(schema):
        return text
    return {
        name: value
        for name, field in properties(schema).items()
        if (value := _value(field, text, number)) is not None
    }


def _value(field: JsonObject, text: str, number: float) -> Json:
    if "enum" in field or "const" in field:
        return None
    match field.get("type"):
        case "string":
            return text
        case "array":
            return [text] if text and _is_of_texts(field) else []
        case "number" | "integer":
            return number
        case "object":
            return _answer(field, text, number) if properties(field) else {}
        case _:
            return None


def _is_of_texts(field: JsonObject) -> bool:
    items = field.get("items")
    return isinstance(items, Mapping) and items.get("type") == "string" and "enum" not in items


def _constants(schema: JsonObject) -> Iterator[JsonObject]:
    """Senseless answers that choose the same each time."""
    senseless = _answer(schema, _NONSENSE, 7919)
    if not isinstance(senseless, Mapping):
        return
    choices: list[tuple[str, Json]] = []
    for name, field in properties(schema).items():
        listed = field.get("enum")
        values = [True, False] if field.get("type") == "boolean" else listed
        choices += [(name, value) for value in (values if isinstance(values, list) else ())]
    for name, value in choices[:_MOST_CONSTANTS]:
        yield {**senseless, name: value}


async def _passes(case: Case, answer: Json) -> bool:
    """Whether an answer passes all checks that can be decided here; there must be one."""
    checks = [check for check in case.checks if isinstance(check, ConditionGate | RegexGate)]
    if not checks or len(checks) < len(case.checks):
        return False  # a command or a function may know better
    return all([await _accepts(check, answer) for check in checks])


async def _accepts(check: Gate, answer: Json) -> bool:
    text = answer if isinstance(answer, str) else orjson.dumps(answer).decode()
    try:
        if isinstance(check, ConditionGate):
            return condition_verdict(check, answer).is_accepted
        assert isinstance(check, RegexGate)
        return await is_found(check.pattern, text) != check.is_negated
    except (GateBroken, PatternTooSlow, OSError):
        return False
