"""Which runs without a live owner a process takes over, and those that others have left."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import ToolCall
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.session_plan import SessionPlan, SpawnOutcome
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.engines.adoption import Orphans, sort_orphans
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import RepliesWith, open_rig

LEAD = Agent(name="lead", description="Leads", instructions="Lead.", policy=Policy(spawns=("*",)))
WRITER = Agent(name="writer", description="Writes", instructions="Write.")


def orphan(name: str, *, parent: str | None = None, fault: str = "") -> Row:
    key = SessionKey(name)
    above = None if parent is None else SessionKey(parent)
    session = Session(
        key=key, agent=WRITER, label=name, spawn_key=name, root=above or key, parent=above
    )
    run = Run(
        id=RunId(f"run-{name}"),
        session=key,
        number=1,
        kind=RunnerKind.AGENT,
        status=RunStatus.QUEUED,
        title="",
    )
    return Row(session=session, run=run, fault=fault)


def names(orphans: Orphans) -> tuple[list[str], list[str]]:
    able, damaged = orphans
    return [row.session.label for row in able], [row.session.label for row in damaged]


def test_what_a_process_lacks_something_for_is_left() -> None:
    rows = [orphan("a"), orphan("b")]

    assert names(sort_orphans(rows, lambda row: "no tool" * (row.session.label == "b"))) == (
        ["a"],
        [],
    )


def test_a_team_is_left_whole_if_one_task_lacks_something() -> None:
    rows = [orphan("team"), orphan("t1", parent="team"), orphan("t2", parent="team"), orphan("a")]

    assert names(sort_orphans(rows, lambda row: "no key" * (row.session.label == "t2"))) == (
        ["a"],
        [],
    )


def test_a_damaged_run_only_ends_whatever_is_lacking_for_it() -> None:
    rows = [orphan("a", fault="a column has the wrong type")]

    assert names(sort_orphans(rows, lambda _: "no tool")) == ([], ["a"])


def answer(request: ModelRequest) -> str | ToolCall:
    """A lead spawns a writer, waits for it, and tells what it was told; each reply takes 10 s."""
    replies = [message for message in request.messages if message.role == "assistant"]
    if not request.system.startswith("Lead."):
        return "the text"
    if not replies:
        return ToolCall("1", "sessions_spawn", {"task": "Write.", "agentId": "writer"})
    if len(replies) == 1:
        return ToolCall("2", "sessions_yield", {})
    return "told" if "the text" in str(request.messages[-1]) else "told nothing"


TEAM = TeamTask(tasks=(Task("lead", "Lead."),))


def lead_model() -> RepliesWith:
    return RepliesWith(answer, latency_seconds=10)


def shared_store() -> MemoryStore:
    return MemoryStore(asyncio.get_running_loop().time)


async def test_a_run_that_is_continued_takes_its_children_along() -> None:
    store = shared_store()
    async with open_rig(lead_model(), agents=[LEAD, WRITER], store=store) as rig:
        await rig.sessions.spawn_team(TEAM, key="job")
        await asyncio.sleep(10.5)  # the lead waits, and its child's call is in flight
        rig.engine.cancel_all()

    async with open_rig(lead_model(), agents=[LEAD, WRITER], store=store) as rig:
        result = await rig.sessions.team_result(await rig.sessions.spawn_team(TEAM, key="job"))

    assert [each.output for each in result.results] == ["told"]


async def test_who_asked_for_the_runs_of_another_process_gets_them_when_that_one_stops() -> None:
    store = shared_store()
    async with open_rig(lead_model(), agents=[LEAD, WRITER], store=store) as patient:
        async with open_rig(lead_model(), agents=[LEAD, WRITER], store=store) as hasty:
            await hasty.sessions.spawn_team(TEAM, key="job")
            await asyncio.sleep(5)
            again = await patient.sessions.spawn_team(TEAM, key="job")
            asked = asyncio.create_task(patient.sessions.team_result(again))
            await asyncio.sleep(1)
        result = await asked

    assert [each.output for each in result.results] == ["told"]


async def test_a_process_that_stops_does_not_wait_for_a_run_that_begins_to_wait_for_others() -> (
    None
):
    def hastily(request: ModelRequest) -> str | ToolCall:
        if len(request.messages) > 1:
            return "the answer of a lead, which waits for its writer"
        return answer(request) if request.system.startswith("Lead.") else ToolCall("3", "look", {})

    loop = asyncio.get_running_loop()
    model = RepliesWith(hastily, latency_seconds=10)
    async with open_rig(model, agents=[LEAD, WRITER], store=shared_store()) as rig:
        await rig.sessions.spawn_team(TEAM, key="job")
        await asyncio.sleep(15)  # the next replies make the lead wait, and the writer stop

    assert loop.time() == 20


class SlowSpawns(MemoryStore):
    """A store whose answer to a spawn comes a second after it was made."""

    @override
    async def spawn(self, plans: Sequence[SessionPlan]) -> list[SpawnOutcome]:
        made = await super().spawn(plans)
        await asyncio.sleep(1)
        return made


async def test_a_spawn_whose_caller_is_cut_off_is_executed() -> None:
    store = SlowSpawns(asyncio.get_running_loop().time)
    async with open_rig(lead_model(), agents=[WRITER], store=store) as rig:
        spawning = asyncio.create_task(rig.sessions.spawn(Task("writer", "Write.", key="one")))
        await asyncio.sleep(0.5)
        spawning.cancel()
        await asyncio.sleep(20)
        rows = await rig.sessions.list()

    assert [row.run.status for row in rows] == [RunStatus.DONE]
