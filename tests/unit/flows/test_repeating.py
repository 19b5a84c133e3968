"""Steps one after another get what the one before came to."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from parallel_agents.core.run import RunStatus
from parallel_agents.flows.flow import Flow
from tests.unit.flows.parts import Crash, Writer, lasting_store, process, run, write


async def pipeline(flow: Flow) -> str:
    last = await flow.sequence(
        [write("one"), lambda before: write(f"[{before.output}]"), write("end")], key="line"
    )
    return last.output


async def test_a_sequence_makes_each_task_of_the_result_before() -> None:
    writer = Writer()
    async with process(writer) as rig:
        result = await run(rig, pipeline)

    assert result.output == "end is done"
    assert writer.calls == ["one", "[one is done]", "end"]


async def test_a_sequence_goes_on_after_a_crash() -> None:
    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await rig.sessions.spawn_flow(pipeline, key="one")
        await asyncio.sleep(15)
        raise Crash
    async with process(writer, store) as rig:
        result = await run(rig, pipeline)

    assert result.output == "end is done"
    assert writer.calls.count("one") == 1


async def test_a_sequence_ends_at_the_first_task_that_is_not_done() -> None:
    async def broken(flow: Flow) -> str:
        return (await flow.sequence([write("one"), write("fail now"), write("end")])).output

    writer = Writer()
    async with process(writer) as rig:
        result = await run(rig, broken)

    assert result.error is not None
    assert result.error.message == "the step sequence/2 is failed"
    assert "end" not in writer.calls


async def test_a_sequence_begins_with_a_task() -> None:
    async def empty(flow: Flow) -> str:
        return (await flow.sequence([])).output

    async def function(flow: Flow) -> str:
        return (await flow.sequence([lambda before: write(before.text)])).output

    async with process(Writer()) as rig:
        for number, each in enumerate((empty, function)):
            result = await run(rig, each, f"k{number}")
            assert result.error is not None
            assert result.error.message == "the step sequence does not begin with a task"


@pytest.mark.parametrize(("good", "status", "calls"), [(2, "done", 2), (9, "failed", 3)])
async def test_a_loop_ends_when_a_round_is_good_enough(good: int, status: str, calls: int) -> None:
    async def loop(flow: Flow) -> str:
        async def body(number: int, before: str | None) -> str:
            return (await flow.task("draft", write(f"n{number} after {before}"))).output

        return await flow.loop_until(
            body, until=lambda text: text.startswith(f"n{good}"), rounds=3, key="drafts"
        )

    writer = Writer()
    async with process(writer) as rig:
        result = await run(rig, loop)

    assert result.status.value == status
    assert len(writer.calls) == calls
    assert writer.calls[1] == "n2 after n1 after None is done"


async def test_without_check_the_last_round_counts() -> None:
    async def loop(flow: Flow) -> int:
        async def body(number: int, before: int | None) -> int:
            return (before or 0) + number

        return await flow.loop_until(body, until=lambda n: n > 100, rounds=4, check=False)

    async with process(Writer()) as rig:
        result = await run(rig, loop)

    assert result.status is RunStatus.DONE
    assert result.output == 10


async def test_tasks_of_a_sequence_may_have_one_key() -> None:
    async def flow_of(flow: Flow) -> str:
        tasks = [write("one", key="x"), write("two", key="x"), write("three", key="2")]
        return (await flow.sequence([*tasks, lambda before: write(f"[{before.output}]")])).output

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.output == "[three is done] is done"


async def test_a_body_that_is_not_async_is_told_how_it_is_written() -> None:
    def body(_number: int, _before: object) -> str:
        return "draft"

    async def loops(flow: Flow) -> Any:
        untyped: Any = flow
        return await untyped.loop_until(body, until=bool, key="polish")

    async with process(Writer()) as rig:
        result = await run(rig, loops)

    assert result.error is not None
    assert result.error.message == "the body of the loop polish is not an async function"
    assert result.error.hint.startswith("write: async def body(number, before): ...")
