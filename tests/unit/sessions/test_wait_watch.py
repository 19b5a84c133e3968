"""Who waits for a run that nobody works on is told so, and not kept waiting for what cannot come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import FunctionGate
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import CannotContinue
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.settings import Settings
from parallel_agents.testing import MemoryStore, RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
STRICT = replace(WRITER, name="strict", gates=(FunctionGate(function="is_short"),))
LACK = "no gate function 'is_short' in this process"


def is_short(answer: str) -> bool:
    return len(answer) < 99


@asynccontextmanager
async def open_process(
    store: MemoryStore, *, has_gate: bool, settings: Settings | None = None
) -> AsyncGenerator[Rig]:
    model = RepliesWith(lambda _: "short", latency_seconds=30)
    opened = open_rig(
        model,
        agents=[WRITER, STRICT],
        gates={"is_short": is_short} if has_gate else {},
        settings=settings or Settings(),
        store=store,
    )
    async with opened as rig:
        yield rig


async def leave(store: MemoryStore, state: OwnerState | None, *tasks: Task) -> SessionHandle:
    """Have a process begin work and leave it: ended in order, dead, or released to whoever has the gate."""
    async with open_process(store, has_gate=True) as rig:
        if len(tasks) == 1:
            handle = await rig.sessions.spawn(tasks[0])
        else:
            handle = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        (owner,) = [each for each in await store.owners() if each.id == rig.engine.owner]
        rig.engine.cancel_all()
    if state is None:
        left = await store.rows(Filter(owner=owner.id))
        await store.release(owner.id, [row.run.id for row in left])
    elif state is OwnerState.DEAD:
        await store.heartbeat(owner)
        await store.mark_dead(owner.id)
    return handle


STATES: Mapping[str, OwnerState | None] = {
    "stopped": OwnerState.GONE,
    "dead": OwnerState.DEAD,
    "queued": None,
}
ONE = (Task("strict", "a"),)


@pytest.mark.parametrize(
    ("tasks", "why"),
    [(ONE, LACK), ((Task("writer", "a"), Task("strict", "b")), f"strict: {LACK}")],
    ids=["session", "team"],
)
@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
async def test_a_wait_for_what_no_process_can_execute_ends_with_the_reason(
    state: OwnerState | None, tasks: Sequence[Task], why: str
) -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    left = await leave(store, state, *tasks)

    async with AsyncExitStack() as stack:
        idle = await stack.enter_async_context(open_process(store, has_gate=False))
        rig = await stack.enter_async_context(open_process(store, has_gate=False))
        for waiting in (
            rig.service.wait([left.run_id], timeout=20),
            rig.sessions.team_result(left.key),
        ):
            with pytest.raises(CannotContinue) as refused:
                await asyncio.wait_for(waiting, 20)
            assert refused.value.why == why
            assert "gates=" in refused.value.hint
        assert idle.engine.is_idle
    await store.aclose()


async def test_a_wait_for_what_a_busy_process_may_begin_later_says_so_and_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore(asyncio.get_running_loop().time)

    async with AsyncExitStack() as stack:
        one = Settings(max_parallel=1)
        busy = await stack.enter_async_context(open_process(store, has_gate=True, settings=one))
        await busy.sessions.spawn(Task("writer", "first"))
        left = await leave(store, None, *ONE)
        rig = await stack.enter_async_context(open_process(store, has_gate=False))
        (result,) = await rig.service.wait([left.run_id], timeout=120)

    assert result.status is RunStatus.DONE
    assert len([told for told in caplog.messages if LACK in told]) == 1
    await store.aclose()


async def test_a_wait_for_several_goes_on_while_one_of_them_moves(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    left = await leave(store, OwnerState.GONE, *ONE)

    async with open_process(store, has_gate=False) as rig:
        moving = await rig.sessions.spawn(Task("writer", "b"))
        with pytest.raises(CannotContinue):
            await rig.service.wait([left.run_id, moving.run_id], timeout=60)
        (done,) = await rig.service.wait([moving.run_id], timeout=0)

    assert done.status is RunStatus.DONE
    assert caplog.messages == []
    await store.aclose()


async def test_a_wait_for_what_is_paused_waits_on_in_silence(
    caplog: pytest.LogCaptureFixture,
) -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    left = await leave(store, OwnerState.GONE, *ONE)

    async with open_process(store, has_gate=False) as rig:
        await rig.sessions.pause(left.key)
        with pytest.raises(TimeoutError):
            await rig.service.wait([left.run_id], timeout=60)

    assert caplog.messages == []
    await store.aclose()


async def test_what_was_stopped_after_a_wait_began_ends_the_wait() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)

    async with open_process(store, has_gate=False) as rig:
        async with open_process(store, has_gate=True) as other:
            handle = await other.sessions.spawn(*ONE)
            waiting = asyncio.create_task(rig.service.wait([handle.run_id], timeout=90))
            await asyncio.sleep(10)
            assert not waiting.done()
            other.engine.cancel_all()
        with pytest.raises(CannotContinue):
            await waiting
    await store.aclose()
