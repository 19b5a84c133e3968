"""Cases that any answer passes are no cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from parallel_agents.catalog.case_file import parse_cases
from parallel_agents.catalog.source import Source
from parallel_agents.core.case import Case
from parallel_agents.core.gate import AnyGate, CommandGate, ConditionGate, RegexGate
from parallel_agents.creating.sharpness import dull_cases
from tests.unit.creating.parts import cases, parsed

SHARP = parse_cases(Source(Path("sorter.yaml"), cases()))


def case(*checks: AnyGate, id: str = "one") -> Case:
    return Case(id=id, input={"ticket": "x"}, checks=checks)


async def found(*given: Case) -> list[str]:
    return [str(finding) for finding in await dull_cases(parsed(), given)]


async def test_sharp_cases_have_no_findings() -> None:
    assert await found(*SHARP) == []


async def test_fewer_than_three_cases_are_too_few() -> None:
    assert "there are 2 cases" in (await found(*SHARP[:2]))[0]


async def test_a_case_that_an_empty_answer_passes_is_refused() -> None:
    dull = case(ConditionGate(condition="len(reason) <= 100"))

    assert "the case one is passed by an empty answer" in (await found(*SHARP, dull))[0]


async def test_a_case_that_a_senseless_answer_passes_is_refused() -> None:
    dull = case(RegexGate(pattern="reason"), ConditionGate(condition="len(reason) > 0"))

    assert "the case one is passed by a senseless answer" in (await found(*SHARP, dull))[0]


async def test_cases_that_one_choice_passes_are_refused() -> None:
    bugs = [case(ConditionGate(condition="kind == 'bug'"), id=f"n{n}") for n in range(3)]

    told = await found(*bugs)

    assert len(told) == 1
    assert "one and the same answer passes all cases" in told[0]
    assert await found(*bugs, SHARP[1]) == []


async def test_a_pattern_that_explodes_does_not_hold_anybody_up() -> None:
    slow = case(RegexGate(pattern=r"(?=(a+)+$)b"))

    assert await found(*SHARP, slow) == []


async def test_a_case_must_fit_the_agent() -> None:
    wrong_input = replace(SHARP[0], id="two", input={"other": 1})
    wrong_field = case(ConditionGate(condition="urgency == 1"))

    told = await found(*SHARP, wrong_input, wrong_field)

    assert "does not take the input of the case two" in told[0]
    assert "urgency" in told[1]


async def test_what_a_command_checks_is_left_to_the_command() -> None:
    assert await found(*SHARP, case(CommandGate(command=("true",)))) == []
