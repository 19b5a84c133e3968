"""The steps of a plan say how they are doing while a run carries it out, and what decided once it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.plan import Loop, Plan, Step
from parallel_agents.core.task import Task
from parallel_agents.errors import NotFound
from parallel_agents.flows.plan_task import plan_task
from parallel_agents.sessions.inspection import StoreJournal
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig
from parallel_agents.views.run_graph import RunStepDocument, plan_of, run_graph

if TYPE_CHECKING:
    from parallel_agents.core.model import ModelRequest

WRITER = Agent(name="writer", description="", instructions="Write.")
JUDGE = Agent(
    name="judge",
    description="",
    instructions="Judge.",
    output={"type": "object", "properties": {"score": {"type": "number"}}, "required": ["score"]},
)
PLAN = Plan(
    name="launch",
    steps=(
        Step(id="first", agent="writer", text="first"),
        Step(id="each", agent="writer", text="${item}", needs=("first",), for_each=["a", "b"]),
        Step(
            id="better",
            agent="judge",
            text="judge",
            needs=("each",),
            loop=Loop(until="score >= 9", rounds=2, keep_last=True),
        ),
        Step(id="extra", agent="writer", text="x", needs=("each",), when="topic == 'tea'"),
        Step(
            id="inner",
            needs=("first",),
            plan=Plan(name="in", steps=(Step(id="deep", agent="writer", text="d"),)),
        ),
    ),
    input_schema={
        "type": "object",
        "properties": {"topic": {"type": "string"}},
        "required": ["topic"],
    },
)


async def steps_of(rig: Rig, key: SessionKey) -> Mapping[str, RunStepDocument]:
    journal = StoreJournal(rig.store, rig.store.now, Settings().stuck_rules)
    found = await run_graph(rig.service, journal, await rig.service.find(key))
    return {step["id"]: step for step in found["steps"]}


def answer(request: ModelRequest) -> Answer:
    return '{"score": 8.1}' if "judge" in request.messages[0].text else "done"


async def test_a_run_that_is_over_says_how_each_step_ended_and_what_decided() -> None:
    async with open_rig(RepliesWith(answer), agents=[WRITER, JUDGE]) as rig:
        spawned = await rig.service.spawn_flow(plan_task(PLAN, {"topic": "rum"}), key="one")
        await rig.service.wait([spawned.run_id])
        steps = await steps_of(rig, spawned.session_key)

    assert {id: step["state"] for id, step in steps.items()} == {
        "first": "done",
        "each": "done",
        "better": "partial",
        "extra": "skipped",
        "inner": "done",
        "inner/deep": "done",
    }
    assert steps["each"]["counts"] == {"done": 2}
    assert (steps["better"]["round"], steps["better"]["rounds"]) == (2, 2)
    assert steps["better"]["decided"] == "after 2 rounds it was not met; score is 8.1"
    assert steps["extra"]["decided"] == "its condition is false: topic == 'tea'"


async def test_a_run_that_is_on_its_way_says_which_steps_work_and_which_wait() -> None:
    model = RepliesWith(answer, latency_seconds=60)
    async with open_rig(model, agents=[WRITER, JUDGE]) as rig:
        spawned = await rig.service.spawn_flow(plan_task(PLAN, {"topic": "rum"}), key="one")
        await asyncio.sleep(30)
        steps = await steps_of(rig, spawned.session_key)
        await rig.service.kill(spawned.session_key)

    assert (steps["first"]["state"], steps["first"]["counts"]) == ("running", {"running": 1})
    assert (steps["each"]["state"], steps["each"]["counts"]) == ("waits", {})


async def test_what_carries_out_no_plan_has_no_graph() -> None:
    async with open_rig(RepliesWith(answer), agents=[WRITER]) as rig:
        spawned = await rig.service.spawn(Task("writer", "Go."))
        row = await rig.service.find(spawned.session_key)
        journal = StoreJournal(rig.store, rig.store.now, Settings().stuck_rules)

        assert await plan_of(journal, row) is None
        with pytest.raises(NotFound, match="no plan that could be drawn"):
            await run_graph(rig.service, journal, row)
