"""The cases of each shipped agent: enough, valid, and failed by whoever answers without doing the task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

from parallel_agents.catalog.agent_template import parse_template
from parallel_agents.catalog.case_file import parse_cases
from parallel_agents.catalog.catalog import BUILT_IN, Catalog
from parallel_agents.catalog.document import parse_document
from parallel_agents.catalog.source import read_source
from parallel_agents.containment.patterns import linear_matcher
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case
from parallel_agents.core.condition_fields import check_conditions
from parallel_agents.core.gate import ConditionGate, Gate, QuotesGate, RegexGate, condition_verdict
from parallel_agents.core.quotes import quotes_verdict
from parallel_agents.core.schema import Json, compiled

LEAST_CASES = 5
MOST_INPUT_CHARACTERS = 1600  # 400 tokens
RIGHT_ANSWERS = parse_document(read_source(Path(__file__).parent / "right_answers.yaml")).content
VAGUE = "This could be improved. Please consider best practices."
# Where nothing is wrong, whoever reports nothing is right.
PASSED_BY_SILENCE = {"nothing_is_wrong", "a_change_that_is_fine", "colours_that_are_not_there"}


class Shipped(NamedTuple):
    """An agent and its cases."""

    agent: Agent
    cases: Sequence[Case]


def shipped() -> Iterator[Shipped]:
    catalog = Catalog()
    for entry in catalog.agents():
        yield Shipped(catalog.agent(entry.name), catalog.cases(entry.name))
    templates = BUILT_IN / "templates"
    for file in sorted((templates / "agents").glob("*.md")):
        cases = parse_cases(read_source(templates / "cases" / f"{file.stem}.yaml"))
        yield Shipped(parse_template(read_source(file)).agent, cases)


every_agent = pytest.mark.parametrize("one", list(shipped()), ids=lambda one: one.agent.name)


def filled(schema: Json, text: str, *, most: bool) -> Json:
    """An answer that matches a schema and says nothing but `text`."""
    assert isinstance(schema, Mapping)
    choices, properties = schema.get("enum"), schema.get("properties")
    if isinstance(choices, list):
        return choices[0 if most else -1]
    if isinstance(properties, Mapping):
        return {name: filled(part, text, most=most) for name, part in properties.items()}
    if schema.get("type") == "array":
        count = max(int(str(schema.get("minItems", 0))), 2 if most else 0)
        return [filled(schema["items"], text, most=most) for _ in range(count)]
    if schema.get("type") == "string":
        shortest = "x" if schema.get("minLength") else ""
        return (text or shortest)[: int(str(schema.get("maxLength", 9999)))]
    if schema.get("type") == "boolean":
        return most
    return schema.get("maximum", 9) if most else schema.get("minimum", 1)


def passes(check: Gate, answer: Json) -> bool:
    """Whether an answer passes a check that needs no process."""
    if isinstance(check, ConditionGate):
        return condition_verdict(check, answer).is_accepted
    if isinstance(check, RegexGate):
        matches = linear_matcher(check.pattern)
        assert matches is not None
        text = answer if isinstance(answer, str) else orjson.dumps(answer).decode()
        return matches(text) != check.is_negated
    return True


@every_agent
def test_each_agent_has_enough_cases(one: Shipped) -> None:
    assert len(one.cases) >= LEAST_CASES


@every_agent
def test_the_input_of_each_case_is_valid_and_small(one: Shipped) -> None:
    schema = one.agent.input_schema or {}
    properties = schema.get("properties", {})
    assert isinstance(properties, Mapping)
    for case in one.cases:
        assert list(compiled(schema).problems(case.input)) == []
        assert set(case.input) <= set(properties)
        assert len(orjson.dumps(case.input)) <= MOST_INPUT_CHARACTERS


@every_agent
def test_each_check_reads_only_fields_of_the_answer_and_takes_linear_time(one: Shipped) -> None:
    for case in one.cases:
        check_conditions(case.checks, one.agent.output_schema)
        patterns = [check.pattern for check in case.checks if isinstance(check, RegexGate)]
        assert [each for each in patterns if linear_matcher(each) is None] == []


@every_agent
def test_an_answer_that_says_nothing_fails_each_case(one: Shipped) -> None:
    schema = one.agent.output_schema
    answers: list[Json] = ["", VAGUE]
    if schema is not None:
        answers = [
            filled(schema, text, most=most) for text in ("", VAGUE) for most in (False, True)
        ]
    for case in one.cases:
        is_run = any(not isinstance(check, ConditionGate | RegexGate) for check in case.checks)
        if case.id in PASSED_BY_SILENCE or is_run:
            continue
        for answer in answers:
            assert not all(passes(check, answer) for check in case.checks), (case.id, answer)


@pytest.mark.parametrize("name", RIGHT_ANSWERS)
def test_right_answers_pass(name: str) -> None:
    answers = RIGHT_ANSWERS[name]
    assert isinstance(answers, Mapping)
    agent, cases = Catalog().agent(name), {case.id: case for case in Catalog().cases(name)}
    for case, answer in answers.items():
        assert agent.output_schema is None or not list(
            compiled(agent.output_schema).problems(answer)
        )
        failed = [check for check in cases[case].checks if not passes(check, answer)]
        assert failed == [], case
        for gate in agent.gates:
            if isinstance(gate, QuotesGate):
                assert quotes_verdict(gate, answer, cases[case].input).critique == ""
