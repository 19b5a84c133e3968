"""Waits: the time of a flow says how much of it people were waited for."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.flows.flow import Flow
from parallel_agents.sessions.inspection import StoreJournal
from parallel_agents.testing import MemoryStore, Rig
from parallel_agents.views.sessions import lines_of
from parallel_agents.views.waits import took_text, waited_seconds
from tests.unit.flows.parts import Crash, Writer, lasting_store, process


async def asks_twice(flow: Flow) -> str:
    async with asyncio.TaskGroup() as asking:
        asking.create_task(flow.ask("Which drawer?", key="drawer"))
        asking.create_task(flow.ask("Which key?", key="key"))
    await asyncio.sleep(100)
    return "open"


async def waited(rig: Rig) -> float | None:
    journal = StoreJournal(rig.store, rig.store.now)
    (line,) = lines_of(await journal.look([await rig.service.find("safe")]))
    return await waited_seconds(rig.service, journal, line)


async def test_questions_that_are_open_together_are_waited_for_once() -> None:
    async with process(Writer()) as rig:
        flow = await rig.sessions.spawn_flow(asks_twice, key="safe")
        await asyncio.sleep(40)
        so_far = await waited(rig)
        one, other = await rig.sessions.questions()
        await rig.sessions.answer(one, "left")
        await asyncio.sleep(20)
        await rig.sessions.answer(other, "small")
        await flow.wait()
        in_all = await waited(rig)

    assert so_far == pytest.approx(40, abs=1)
    assert in_all == pytest.approx(60, abs=1)


async def test_a_flow_that_ends_waits_for_nobody() -> None:
    async with process(Writer()) as rig:
        flow = await rig.sessions.spawn_flow(asks_twice, key="safe")
        await asyncio.sleep(30)
        await flow.kill()
        await asyncio.sleep(500)

        assert await waited(rig) == pytest.approx(30, abs=1)


async def asks_once(flow: Flow) -> str:
    await asyncio.sleep(10)
    await flow.ask("Which drawer?", key="drawer")
    await asyncio.sleep(100)
    return "open"


async def answer_it(store: MemoryStore) -> None:
    """By a process that lacks the flow, and so does not take it up."""
    async with process(Writer(), store) as rig:
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, "left")


@pytest.mark.parametrize("stops", [1, 3])
@pytest.mark.parametrize("crash", [False, True], ids=["stopped", "crashed"])
async def test_the_time_in_which_nothing_executed_the_flow_is_not_waited(
    stops: int, *, crash: bool
) -> None:
    store = lasting_store()
    for number in range(stops):
        async with process(Writer(), store) as rig:
            await rig.sessions.spawn_flow(asks_once, key="safe")
            await asyncio.sleep(10 if number else 20)
            if crash:
                raise Crash
        await asyncio.sleep(60)
    await answer_it(store)
    await asyncio.sleep(60)
    async with process(Writer(), store) as rig:
        flow = await rig.sessions.spawn_flow(asks_once, key="safe")
        await flow.wait()
        found = await waited(rig)

    assert found == pytest.approx(10 * stops, abs=2)


@pytest.mark.parametrize(
    ("waited", "told"),
    [
        (None, "4m10s"),
        (0.02, "4m10s"),
        (230.0, "4m10s, of which 3m50s waited for an answer"),
    ],
)
def test_a_wait_is_told_with_the_time(waited: float | None, told: str) -> None:
    assert took_text(250.0, waited) == told
