"""Answers are checked with the output type where the process has it; its validators may do anything."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest
from pydantic import BaseModel, field_validator

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Refused
from parallel_agents.core.gate import FunctionGate, Gate, ScoreGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.output import Rejected
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.steps import (
    AskRepair,
    CheckType,
    Complete,
    Step,
    TypeVerdict,
    next_step,
)
from parallel_agents.core.task import Task
from parallel_agents.core.transcript import Transcript
from parallel_agents.errors import NoOutput, OutputInvalid
from parallel_agents.testing import RepliesWith, ScriptedModel, open_rig
from tests.unit.core.test_steps import COUNTER, READY, after, assignment, broken_by, replied

GOOD, BAD = '{"name": "a.py"}', '{"name": "nope.py"}'


def no_such_file(value: str) -> None:
    if value == "nope.py":
        raise ValueError("there is no nope.py, only a.py")


def raise_key_error(value: str) -> None:
    raise KeyError(value)


def leave(value: str) -> None:
    sys.exit(value)


def compare_wrongly(value: str) -> None:
    assert value != "nope.py", "not this one"


def agent_with(check: Any) -> Agent[Any]:
    class Named(BaseModel):
        name: str

        @field_validator("name")
        @classmethod
        def _check(cls, value: str) -> str:
            check(value)
            return value

    return Agent("finder", instructions="Find it.", output=Named)


async def answered(agent: Agent[Any], *script: str, by: str | None = None) -> Result[Any]:
    model = ScriptedModel(script)
    async with open_rig(model, agents=[agent]) as rig:
        result = await (await rig.sessions.spawn(Task(by or agent, "Go."))).wait()
    model.assert_used_up()
    return result


@pytest.mark.parametrize("check", [no_such_file, compare_wrongly])
async def test_what_a_validator_refuses_is_told_in_the_one_repair(check: Any) -> None:
    model = ScriptedModel([BAD, GOOD])
    async with open_rig(model) as rig:
        result = await (await rig.sessions.spawn(Task(agent_with(check), "Go."))).wait()

    assert result.output.name == "a.py"
    told = model.requests[1].messages[-1].text
    assert told.startswith("Your answer is invalid:\n- name: ")
    assert told.endswith("Answer again, with the corrected JSON only.")


async def test_what_a_validator_refuses_twice_ends_the_attempt_and_is_kept() -> None:
    result = await answered(agent_with(no_such_file), BAD, BAD)

    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert result.error.code == "PA-E301"
    assert result.error.why == "name: there is no nope.py, only a.py"
    assert result.text == BAD
    with pytest.raises(NoOutput, match="finder has no output: its run ended as failed"):
        _ = result.output


async def test_by_name_an_agent_is_checked_as_well_and_answers_in_json() -> None:
    result = await answered(agent_with(no_such_file), BAD, GOOD, by="finder")

    assert result.output == {"name": "a.py"}


@pytest.mark.parametrize(
    ("check", "raised"), [(raise_key_error, "KeyError: 'a.py'"), (leave, "SystemExit: a.py")]
)
async def test_a_validator_that_is_broken_ends_the_run_and_loses_nothing(
    check: Any, raised: str
) -> None:
    result = await answered(agent_with(check), GOOD)

    assert result.error is not None
    assert result.error.code == "PA-E311"
    assert raised in result.error.message
    assert result.text == GOOD


async def test_gates_see_the_answer_as_json_after_the_type_accepted_it() -> None:
    seen: list[object] = []

    def note(answer: object) -> bool:
        seen.append(answer)
        return True

    agent = Agent(
        "finder",
        instructions="Find it.",
        output=dict[str, str],
        gates=(FunctionGate(function="note"),),
    )
    async with open_rig(ScriptedModel([GOOD]), gates={"note": note}) as rig:
        result = await (await rig.sessions.spawn(Task(agent, "Go."))).wait()

    assert seen == [result.output] == [{"name": "a.py"}]


class Named(BaseModel):
    name: str


def is_short(answer: Named) -> bool | str:
    return len(answer.name) < 5 or "Shorter."


def score(answer: Named) -> float:
    return 10 - len(answer.name)


@pytest.mark.parametrize(
    ("gate", "function"),
    [
        (FunctionGate(function="is_short"), is_short),
        (ScoreGate(function="score", at_least=6), score),
    ],
)
async def test_a_gate_that_names_a_type_gets_an_instance(gate: Gate, function: Any) -> None:
    model = ScriptedModel([BAD, GOOD[:-5] + '"}'])
    agent = Agent("finder", instructions="Find it.", output=Named, gates=(gate,))
    async with open_rig(model, gates=[function]) as rig:
        limits = Limits(attempts=2)
        result = await (await rig.sessions.spawn(Task(agent, "Go.", limits=limits))).wait()

    assert result.output == Named(name="a")
    assert result.attempts == 2


async def test_a_gate_whose_type_the_answer_does_not_have_is_broken_and_says_so() -> None:
    gates = (FunctionGate(function="is_short"),)
    agent = Agent("finder", instructions="Find it.", output=dict[str, int], gates=gates)
    async with open_rig(ScriptedModel(['{"count": 1}']), gates=[is_short]) as rig:
        result = await (await rig.sessions.spawn(Task(agent, "Go."))).wait()

    assert result.error is not None
    assert result.error.code == "PA-E311"
    assert result.error.message == "the gate is_short takes Named, and this answer is not one"
    assert "name: it is missing" in result.error.why


@pytest.mark.real_time
async def test_a_validator_that_hangs_stops_no_other_run() -> None:
    release = threading.Event()

    def hang(value: str) -> None:
        if value == "nope.py":
            release.wait()

    agent = agent_with(hang)
    model = RepliesWith(lambda request: BAD if "bad" in request.messages[-1].text else GOOD)
    try:
        async with open_rig(model) as rig:
            limits = Limits(timeout_seconds=0.5)
            stuck = await rig.sessions.spawn(Task(agent, "bad", limits=limits))
            free = await rig.sessions.spawn(Task(agent, "good"))
            assert (await free.wait()).output.name == "a.py"
            (result,) = await rig.sessions.wait([stuck])
    finally:
        release.set()

    assert result.status is RunStatus.TIMED_OUT
    assert result.text == BAD


def test_an_answer_is_checked_with_the_type_that_this_process_has() -> None:
    transcript, given = after(replied(1, '{"count": 1}')), assignment(COUNTER)
    prepared = READY._replace(has_output_type=True)
    accepted = prepared._replace(type_verdict=TypeVerdict(transcript.answer_id))

    assert next_step(transcript, given, prepared) == CheckType({"count": 1})
    assert next_step(transcript, given, accepted) == Complete({"count": 1})
    assert next_step(transcript, given, READY) == Complete({"count": 1})


def test_what_the_type_refuses_is_repaired_once() -> None:
    refused = Rejected(("count: it is odd",))
    first, given = after(replied(1, '{"count": 1}')), assignment(COUNTER)
    second = after(
        replied(1, '{"count": 1}'),
        Refused(turn=1, text=refused.repair_text()),
        replied(2, '{"count": 3}'),
    )

    def decided(transcript: Transcript) -> Step:
        verdict = TypeVerdict(transcript.answer_id, refused.problems)
        return next_step(
            transcript, given, READY._replace(has_output_type=True, type_verdict=verdict)
        )

    assert decided(first) == AskRepair(refused)
    assert isinstance(error := broken_by(decided(second)), OutputInvalid)
    assert error.why == "count: it is odd"


def test_a_verdict_of_the_type_is_about_one_answer() -> None:
    first = after(replied(1, '{"count": 1}'))
    second = after(
        replied(1, '{"count": 1}'), Refused(turn=1, text="no"), replied(2, '{"count": 3}')
    )
    verdict = TypeVerdict(first.answer_id, ("count: it is odd",))
    prepared = READY._replace(has_output_type=True, type_verdict=verdict)

    assert next_step(second, assignment(COUNTER), prepared) == CheckType({"count": 3})


def test_an_answer_that_misses_the_schema_is_not_shown_to_the_type() -> None:
    prepared = READY._replace(has_output_type=True)

    step = next_step(after(replied(1, "{}")), assignment(COUNTER), prepared)

    assert isinstance(step, AskRepair)
