"""A flow reacts to events: what anybody appends to the state of its tree, each once."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from parallel_agents.errors import StepFailed
from parallel_agents.flows.flow import Flow
from parallel_agents.testing import Rig
from tests.unit.flows.parts import Crash, Writer, lasting_store, process, run, write


async def two_events(flow: Flow) -> list[object]:
    return [await flow.on_event("ticket"), await flow.on_event("ticket")]


async def emit(rig: Rig, value: object) -> None:
    state = await rig.sessions.state("one")
    await state.append("events/ticket", value)  # pyright: ignore[reportArgumentType] - JSON


async def test_a_flow_gets_each_event_once_and_in_order() -> None:
    async with process(Writer()) as rig:
        handle = await rig.sessions.spawn_flow(two_events, key="one")
        await emit(rig, {"n": 1})
        await asyncio.sleep(30)
        await emit(rig, {"n": 2})
        result = await handle.wait()

    assert result.output == [{"n": 1}, {"n": 2}]


async def test_an_event_that_was_taken_is_not_taken_again_after_a_crash() -> None:
    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await rig.sessions.spawn_flow(two_events, key="one")
        await emit(rig, 1)
        await asyncio.sleep(5)
        raise Crash
    async with process(writer, store) as rig:
        handle = await rig.sessions.spawn_flow(two_events, key="one")
        await emit(rig, 2)
        result = await handle.wait()

    assert result.output == [1, 2]


async def test_an_event_may_be_waited_for_only_so_long() -> None:
    async def flow_of(flow: Flow) -> object:
        return await flow.on_event("ticket", timeout=30)

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert result.error.message == "no event ticket came within 30 s"


async def test_without_any_time_an_event_that_is_there_is_taken() -> None:
    async def flow_of(flow: Flow) -> object:
        await flow.on_event("go")
        return await flow.on_event("ticket", timeout=0)

    async with process(Writer()) as rig:
        handle = await rig.sessions.spawn_flow(flow_of, key="one")
        await emit(rig, 1)
        state = await rig.sessions.state("one")
        await state.append("events/go", True)
        result = await handle.wait()

    assert result.output == 1


async def test_a_process_that_stops_does_not_wait_for_events() -> None:
    store = lasting_store()
    async with process(Writer(), store) as rig:
        handle = await rig.sessions.spawn_flow(two_events, key="one")
        await asyncio.sleep(1)

    (row,) = await store.rows_of([handle.run_id])
    assert not row.run.status.is_over


async def test_a_step_of_the_same_name_takes_no_event() -> None:
    async def flow_of(flow: Flow) -> object:
        await flow.task("ticket", write("one"))
        return await flow.on_event("ticket", timeout=30)

    async with process(Writer()) as rig:
        handle = await rig.sessions.spawn_flow(flow_of, key="one")
        await emit(rig, 7)
        result = await handle.wait()

    assert result.output == 7


async def test_an_event_that_comes_too_late_is_the_next_one() -> None:
    async def flow_of(flow: Flow) -> object:
        with suppress(StepFailed):
            await flow.on_event("ticket", timeout=30)
        found = [await flow.on_event("ticket"), await flow.on_event("ticket")]
        await flow.task("bad", write("fail now"))
        return found

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        handle = await rig.sessions.spawn_flow(flow_of, key="one")
        await asyncio.sleep(60)
        await emit(rig, 1)
        await emit(rig, 2)
        await handle.wait()
    writer.is_mended = True
    async with process(writer, store) as rig:
        handle = await rig.sessions.spawn_flow(flow_of, key="one")
        await emit(rig, 3)
        result = await handle.wait()

    assert result.output == [2, 3]
