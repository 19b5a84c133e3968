"""What could only fail after it was paid for is refused before anything is stored."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.gate import (
    CommandGate,
    ConditionGate,
    FunctionGate,
    Gate,
    JudgeGate,
    Refine,
    ScoreGate,
)
from parallel_agents.core.model import Capabilities
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import InvalidInput, PagentsError
from parallel_agents.settings import Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import RepliesWith, open_rig

SCORED: JsonObject = {"type": "object", "properties": {"score": {"type": "number"}}}
CLOSED: JsonObject = {**SCORED, "additionalProperties": False}
BAD_CONDITION = ConditionGate(condition="scor > 3")
WORK = Agent(name="writer", description="", instructions="Write.")
CRITIC = replace(WORK, name="critic", output_schema=SCORED)
NEEDY: JsonObject = {"type": "object", "required": ["task", "style"]}
BY_CRITIC = (JudgeGate(rubric="Good.", by="critic"),)
BY_FIXER = Refine(by="fixer")
WEAK = Capabilities(lacks=frozenset({Need.JUDGEMENT}))


class Case(NamedTuple):
    """Work that must be refused: the agents beside the writer, and a part of the message and hint."""

    message: str
    hint: str
    gates: tuple[Gate, ...] = ()
    refine: Refine | None = None
    agents: tuple[Agent, ...] = ()
    writer: Agent = WORK
    cwd: str = ""


PYTHON = CommandGate(command=(sys.executable, "-c", ""))
REFUSED: Mapping[str, Case] = {
    "function": Case("no gate function 'mine'", "gates=[mine]", (FunctionGate(function="mine"),)),
    "score": Case("no gate function 'mine'", "gates=[mine]", (ScoreGate(function="mine"),)),
    "tool": Case("no tool 'look'", "tools=[look]", writer=replace(WORK, tools=("look",))),
    "program": Case("cannot be run here", "", (CommandGate(command=("no-such-program",)),)),
    "path": Case("cannot be run here", "", (CommandGate(command=("./no-such-program",)),)),
    "folder": Case("cannot be run here", "", (PYTHON,), cwd="/no-such-folder"),
    "no program": Case("cannot be run here", "correct", (CommandGate(command=("", "x")),)),
    "NUL": Case("cannot be run here", "", (CommandGate(command=("sh", "a\0b")),)),
    "text": Case("reads scor,", "field", (BAD_CONDITION,)),
    "field": Case(
        "reads scor,", "score?", (BAD_CONDITION,), writer=replace(CRITIC, output_schema=CLOSED)
    ),
    "judge unknown": Case("nobody", "", (JudgeGate(rubric="Good.", by="nobody"),)),
    "judge's model": Case("no model", "", (JudgeGate(rubric="Good.", model="scripted/no"),)),
    "weak judge": Case(
        "scripted/weak may not judge",
        "--allow-weak-judge",
        (JudgeGate(rubric="Good.", model="scripted/weak"),),
    ),
    "judge of texts": Case(
        "critic cannot judge", "schema", BY_CRITIC, agents=(replace(CRITIC, output_schema=None),)
    ),
    "no rubric": Case("empty rubric", "write", (JudgeGate(rubric=" "),)),
    "binary rubric": Case("NUL", "", (JudgeGate(rubric="a\0b"),)),
    "rubric too long": Case(
        "critic cannot take",
        "",
        BY_CRITIC,
        agents=(replace(CRITIC, input_schema={"properties": {"rubric": {"maxLength": 2}}}),),
    ),
    "judge's closed input": Case(
        "critic cannot take",
        "",
        BY_CRITIC,
        agents=(replace(CRITIC, input_schema={"additionalProperties": False}),),
    ),
    "judge's input": Case(
        "critic cannot take rubric, task, work",
        "",
        BY_CRITIC,
        agents=(replace(CRITIC, input_schema=NEEDY),),
    ),
    "misspelt tool": Case(
        "no tool 'read_fil'", "did you mean 'read_file'?", writer=replace(WORK, tools=("read_fil",))
    ),
    "judge's tool": Case(
        "no tool 'look'", "", BY_CRITIC, agents=(replace(CRITIC, tools=("look",)),)
    ),
    "judge's gate": Case(
        "reads scor,",
        "",
        BY_CRITIC,
        agents=(replace(CRITIC, output_schema=CLOSED, gates=(BAD_CONDITION,)),),
    ),
    "judge of itself": Case(
        "critic judges or refines its own",
        "",
        BY_CRITIC,
        agents=(replace(CRITIC, gates=BY_CRITIC),),
    ),
    "refiner unknown": Case("nobody", "", refine=Refine(by="nobody")),
    "refiner's model": Case(
        "no model", "", refine=BY_FIXER, agents=(replace(WORK, name="fixer", model="scripted/no"),)
    ),
    "refiner's input": Case(
        "fixer cannot take task, work, critique",
        "",
        refine=BY_FIXER,
        agents=(replace(WORK, name="fixer", input_schema=NEEDY),),
    ),
    "refiner's gate": Case(
        "no gate function 'mine'",
        "",
        refine=BY_FIXER,
        agents=(replace(WORK, name="fixer", gates=(FunctionGate(function="mine"),)),),
    ),
}


def models() -> tuple[RepliesWith, ...]:
    return (
        RepliesWith(lambda _: "Done.", "scripted/model"),
        RepliesWith(lambda _: "Done.", "scripted/weak", capabilities=WEAK),
    )


@pytest.mark.parametrize("what", REFUSED)
@pytest.mark.parametrize("is_team", [False, True])
@pytest.mark.parametrize("is_of_agent", [False, True])
async def test_work_that_could_only_fail_is_refused(
    what: str, is_team: bool, is_of_agent: bool
) -> None:
    case = REFUSED[what]
    agent = case.writer
    task = Task(agent, "Go.", gates=case.gates, refine=case.refine)
    if is_of_agent:
        task = Task(replace(agent, gates=case.gates, refine=case.refine), "Go.")
    task = replace(task, options=SessionOptions(cwd=case.cwd))

    async with open_rig(*(asked := models()), agents=case.agents) as rig:
        team = TeamTask(tasks=(Task(WORK, "Go."), task))
        asking = rig.service.spawn_team(team) if is_team else rig.service.spawn(task)
        with pytest.raises(PagentsError) as caught:
            await asking
        rows = await rig.sessions.list()

    assert case.message in caught.value.message
    assert case.hint in caught.value.hint
    assert rows == []
    assert [request for model in asked for request in model.requests] == []


async def test_work_that_can_be_done_is_not_refused(tmp_path: Path) -> None:
    (tmp_path / "check").write_text("#!/bin/sh\n")
    (tmp_path / "check").chmod(0o700)
    gates = (
        *(FunctionGate(function="mine"), ScoreGate(function="mine"), *BY_CRITIC, PYTHON),
        *(CommandGate(command=("./check",)), CommandGate(command=("sh", "-c", "no-such"))),
        JudgeGate(rubric="Good.", model="scripted/weak", allow_weak=True),
    )
    task = Task(replace(WORK, tools=("look", "sessions_spawn")), "Go.", gates=gates)
    task = replace(task, options=SessionOptions(cwd=str(tmp_path)), refine=Refine(by="critic"))

    def look() -> str:
        return ""

    async with open_rig(*models(), agents=[CRITIC], tools=[look], gates={"mine": bool}) as rig:
        plan = await rig.service.plan_task(task)

    assert plan.session.agent.gates == gates


async def test_a_refine_loop_that_no_gate_can_begin_is_refused() -> None:
    async with open_rig(*models(), gates={"mine": bool}) as rig:
        with pytest.raises(InvalidInput, match="nothing to refine"):
            await rig.service.plan_task(Task(WORK, "Go.", refine=Refine()))

        gated = replace(WORK, gates=(FunctionGate(function="mine"),))
        plan = await rig.service.plan_task(Task(gated, "Go.", refine=Refine()))

    assert plan.session.agent.refine == Refine()


async def test_a_setting_allows_each_weak_judge() -> None:
    gate = JudgeGate(rubric="Good.", model="scripted/weak")
    settings = Settings(allow_weak_judge=True)

    async with open_rig(*models(), settings=settings) as rig:
        plan = await rig.service.plan_task(Task(WORK, "Go.", gates=(gate,)))

    assert plan.session.agent.gates == (replace(gate, allow_weak=True),)


async def test_a_message_is_not_taken_by_a_process_that_lacks_a_part() -> None:
    store = MemoryStore()
    task = Task(WORK, "Go.", key="one", gates=(FunctionGate(function="mine"),))
    async with open_rig(*models(), store=store, gates={"mine": bool}) as rig:
        handle = await rig.sessions.spawn(task)
        await handle.wait()
    async with open_rig(*(asked := models()), store=store) as rig:
        with pytest.raises(PagentsError) as caught:
            await rig.service.send(handle.key, "More.")
        runs = len(await rig.sessions.list())
    await store.aclose()

    assert caught.value.code == "PA-E117"
    assert "no gate function 'mine'" in caught.value.why
    assert runs == 1
    assert asked[0].requests == []
