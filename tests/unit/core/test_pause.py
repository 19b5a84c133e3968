"""A paused session starts nothing until it may go on; what was done is kept, and its time stands still."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Noticed
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import ToolCall
from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.flows.flow import Flow
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import RepliesWith, Rig, ScriptedModel, open_rig
from parallel_agents.tools.function import tool

NIGHT = 1000.0  # ten times as long as a run may take
LIMITS = Limits(timeout_seconds=100.0)
WRITER = Agent(name="writer", description="Writes", instructions="Write.", limits=LIMITS)
LOOKER = replace(WRITER, name="looker", instructions="Look.", tools=("look",))
LEAD = replace(WRITER, name="lead", policy=Policy(spawns=("*",)))


class Slow(ScriptedModel):
    """A model that takes 10 s for each reply."""

    @override
    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        await asyncio.sleep(10)
        return await super().respond(request, listener)


@tool(effect="once")
async def look() -> str:
    """Look."""
    await asyncio.sleep(10)
    return "seen"


LOOKS = ToolCall("1", "look", {})


async def night(rig: Rig, handle: SessionHandle, model: ScriptedModel | RepliesWith) -> None:
    """A night passes in which the model is not asked."""
    await asyncio.sleep(30)  # a call in flight ends
    calls = len(model.requests)
    await asyncio.sleep(NIGHT)
    assert len(model.requests) == calls
    (row,) = await rig.sessions.list(Filter(session=handle.key))
    assert row.session.paused_by
    assert not row.run.status.is_over


@pytest.mark.parametrize("at", [5, 15])  # in the first model call, and in the tool's
async def test_a_call_in_flight_ends_and_is_kept_and_the_run_goes_on_from_there(at: int) -> None:
    model = Slow([LOOKS, "done"])
    async with open_rig(model, agents=[LOOKER], tools=[look]) as rig:
        handle = await rig.sessions.spawn(Task("looker", "work"))
        await asyncio.sleep(at)

        paused = await handle.pause()
        await night(rig, handle, model)
        assert len(model.requests) == 1
        goes_on = await handle.unpause()
        result = await handle.wait()

        assert [run.id for run in paused.runs] == [run.id for run in goes_on.runs]
        assert result.output == "done"
        assert result.spend.calls == 2
        assert result.seconds <= 40


async def test_a_run_that_waits_for_its_children_leaves_and_hears_of_them_later() -> None:
    spawns = ToolCall("1", "sessions_spawn", {"task": "part", "agentId": "looker"})
    lead, looker = iter([spawns, "waits", "whole"]), iter([LOOKS, "part"])

    def answer(request: ModelRequest) -> str | ToolCall:
        return next(looker if "Look." in request.system else lead)

    model = RepliesWith(answer, latency_seconds=10)
    async with open_rig(model, agents=[LEAD, LOOKER], tools=[look]) as rig:
        handle = await rig.sessions.spawn(Task("lead", "work"))
        await asyncio.sleep(25)  # the child is at its tool

        await handle.pause()
        await night(rig, handle, model)
        rows = await rig.sessions.list(Filter(tree=handle.key))
        assert [bool(row.session.paused_by) for row in rows] == [True, True]
        await handle.unpause()
        result = await handle.wait()

        assert result.output == "whole"
        assert result.seconds < 100


async def test_a_team_and_what_it_queues_wait_without_their_time_running() -> None:
    model = Slow(["a", "b", "c", "d"])
    async with open_rig(model, agents=[WRITER]) as rig:
        tasks = tuple(Task("writer", f"task {n}") for n in range(4))
        team = await rig.sessions.spawn_team(
            TeamTask(tasks=tasks, max_parallel=1, timeout_seconds=200.0)
        )
        await asyncio.sleep(15)

        paused = await team.pause()
        await night(rig, team, model)
        again = await team.pause()
        await team.unpause()
        result = await rig.sessions.team_result(team)

        assert len(paused.runs) == 4  # the team, and three tasks
        assert again.runs == []
        assert result.is_done
        assert result.seconds < 100


async def test_a_flow_ends_its_step_and_asks_for_the_next_when_it_may_go_on() -> None:
    begun: list[str] = []

    async def slow(name: str) -> str:
        begun.append(name)
        await asyncio.sleep(10)
        return name

    async def steps(flow: Flow) -> list[str]:
        return [await flow.step("1", slow, "one"), await flow.step("2", slow, "two")]

    model = ScriptedModel([])
    async with open_rig(model) as rig:
        handle = await rig.sessions.spawn_flow(steps, timeout=100)
        await asyncio.sleep(5)

        await handle.pause()
        await night(rig, handle, model)
        assert begun == ["one"]
        await handle.unpause()

        assert (await handle.wait()).output == ["one", "two"]
        assert begun == ["one", "two"]


async def test_what_a_pause_finds_unbegun_waits_too() -> None:
    model = Slow(["one", "two"])
    async with open_rig(model, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "work"))
        await handle.pause()
        await night(rig, handle, model)

        await handle.steer("be brief")
        await handle.unpause()
        result = await handle.wait()
        await handle.pause()  # all has ended
        await handle.send("more")
        more = await handle.wait()

        assert model.requests[0].messages[-1].text == "be brief"
        assert (result.output, more.output) == ("one", "two")


async def test_a_message_to_a_paused_session_waits() -> None:
    model = Slow(["one", "two"])
    async with open_rig(model, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "work"))
        await asyncio.sleep(5)
        await handle.pause()
        await handle.send("more")
        await night(rig, handle, model)

        assert len(model.requests) == 1
        await handle.unpause()
        assert (await handle.wait()).output == "two"


async def test_kill_ends_a_paused_run_at_once_and_unpause_then_starts_nothing() -> None:
    model = Slow(["one"])
    async with open_rig(model, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "work"))
        await handle.pause()
        await asyncio.sleep(60)

        await handle.kill()
        result = await handle.wait(timeout=1)
        await handle.unpause()
        await asyncio.sleep(60)

        assert result.status is RunStatus.KILLED
        assert model.requests == []


async def test_a_pause_that_ends_during_the_call_changes_nothing() -> None:
    model = Slow([LOOKS, "done"])
    async with open_rig(model, agents=[LOOKER], tools=[look]) as rig:
        handle = await rig.sessions.spawn(Task("looker", "work"))
        await asyncio.sleep(5)
        await handle.pause()
        await asyncio.sleep(1)
        await handle.unpause()
        result = await handle.wait()

        (row,) = await rig.sessions.list(Filter(session=handle.key))
        assert result.is_done
        assert row.run.epoch == 1


async def test_the_pause_is_in_the_store_with_who_made_it() -> None:
    model = Slow([LOOKS, "one"])
    loop = asyncio.get_running_loop()
    store = MemoryStore(loop.time)
    async with open_rig(model, agents=[LOOKER], tools=[look], store=store) as rig:
        handle = await rig.sessions.spawn(Task("looker", "work"))
        await asyncio.sleep(5)
        await rig.service.on_behalf("the page").pause(handle.key)
        await asyncio.sleep(60)
    async with open_rig(model, agents=[LOOKER], tools=[look], store=store) as rig:
        await rig.service.resume(handle.key)
        await asyncio.sleep(NIGHT)
        assert len(model.requests) == 1
        await rig.sessions.unpause(handle.key)
        (result,) = await rig.service.wait([handle.run_id])
        events = await rig.sessions.history(handle.key)

    noticed = [event.body for event in events if isinstance(event.body, Noticed)]
    assert result.output == "one"
    assert [each.what for each in noticed] == ["pause", "unpause"]
    assert noticed[0].by.endswith("by the page")
