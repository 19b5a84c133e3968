"""A flow whose function has changed says so before it pays for anything."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from parallel_agents.core.run import RunStatus
from parallel_agents.errors import StepFailed
from parallel_agents.flows.flow import Flow
from parallel_agents.flows.function import OnChange
from tests.unit.flows.parts import Crash, Writer, crash_after, lasting_store, process, run, write

Function = Callable[[Flow], Awaitable[Any]]


def named(function: Function) -> Function:
    """All versions of the function have one name."""
    function.__name__ = "launch"
    return function


@named
async def before(flow: Flow) -> str:
    await flow.task("facts", write("one"))
    await flow.task("page", write("two"))
    return (await flow.task("end", write("three"))).output


@named
async def other_work(flow: Flow) -> str:
    await flow.task("facts", write("ONE"))
    await flow.task("page", write("two"))
    return (await flow.task("end", write("three"))).output


@named
async def new_step(flow: Flow) -> str:
    await flow.task("facts", write("one"))
    await flow.task("check", write("new"))
    await flow.task("page", write("two"))
    return (await flow.task("end", write("three"))).output


@named
async def fewer_steps(flow: Flow) -> str:
    return (await flow.task("facts", write("one"))).output


@named
async def longer(flow: Flow) -> str:
    await before(flow)
    return (await flow.task("more", write("four"))).output


@pytest.mark.parametrize(
    ("after", "why"),
    [
        pytest.param(other_work, "the step facts was spawned for other work", id="other work"),
        pytest.param(new_step, "its new step check comes where page, end came", id="new step"),
        pytest.param(fewer_steps, "it no longer asks for page, end", id="fewer steps"),
    ],
)
async def test_a_changed_function_is_refused_before_anything_is_paid(
    after: Function, why: str
) -> None:
    writer, store = Writer(), lasting_store()
    await crash_after(25, writer, store, before)
    paid = list(writer.calls)

    async with process(writer, store) as rig:
        result = await run(rig, after)

    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert (result.error.code, result.error.why) == ("PA-E323", why)
    assert set(writer.calls) == set(paid)


@pytest.mark.parametrize(
    ("after", "calls", "output"),
    [
        (other_work, ["one", "two", "ONE", "three"], "three is done"),
        (new_step, ["one", "two", "new", "three"], "three is done"),
        (fewer_steps, ["one", "two"], "one is done"),
    ],
)
async def test_by_choice_a_changed_function_uses_the_steps_that_are_the_same(
    after: Function, calls: list[str], output: str
) -> None:
    writer, store = Writer(), lasting_store()
    await crash_after(25, writer, store, before)
    writer.calls = ["one", "two"]

    async with process(writer, store) as rig:
        result = await run(rig, after, on_change=OnChange.KEEP_GOING)

    assert result.output == output
    assert list(dict.fromkeys(writer.calls)) == calls


async def test_steps_may_be_added_at_the_end() -> None:
    writer, store = Writer(), lasting_store()
    await crash_after(25, writer, store, before)

    async with process(writer, store) as rig:
        result = await run(rig, longer)

    assert result.output == "four is done"


async def test_a_step_that_failed_may_be_changed() -> None:
    @named
    async def broken(flow: Flow) -> str:
        await flow.task("facts", write("one"))
        return (await flow.task("page", write("fail now"))).output

    @named
    async def mended(flow: Flow) -> str:
        await flow.task("facts", write("one"))
        return (await flow.task("page", write("other words"))).output

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await run(rig, broken)
    async with process(writer, store) as rig:
        result = await run(rig, mended)

    assert result.output == "other words is done"
    assert writer.calls == ["one", "fail now", "other words"]


async def test_a_flow_that_takes_whichever_step_ends_first_goes_the_same_way_again() -> None:
    async def ran(seconds: float, name: str) -> str:
        return await asyncio.sleep(seconds, name)

    @named
    async def race(flow: Flow) -> str:
        steps = [
            asyncio.create_task(flow.step(name, ran, seconds, name))
            for name, seconds in (("slow", 7), ("quick", 3))
        ]
        done, _ = await asyncio.wait(steps, return_when=asyncio.FIRST_COMPLETED)
        winner = done.pop().result()
        await flow.task(f"after {winner}", write("one"))
        await asyncio.gather(*steps)
        return winner

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await rig.sessions.spawn_flow(race, key="one")
        await asyncio.sleep(8)  # both have ended, and the task has not
        raise Crash
    async with process(writer, store) as rig:
        result = await run(rig, race)

    assert result.output == "quick"


@pytest.mark.parametrize("count", [1, 50])
async def test_many_branches_at_once_are_given_again(count: int) -> None:
    @named
    async def branches(flow: Flow) -> int:
        async def branch(n: int) -> None:
            await flow.task(f"a{n}", write(f"a{n}"))
            await flow.task(f"b{n}", write(f"b{n}"))

        await asyncio.gather(*(branch(n) for n in range(count)))
        return count

    writer, store = Writer(), lasting_store()
    await crash_after(15, writer, store, branches)

    async with process(writer, store) as rig:
        result = await run(rig, branches)

    assert result.output == count
    assert all(writer.calls.count(f"a{n}") == 1 for n in range(count))


async def test_a_nested_flow_that_failed_may_get_another_input() -> None:
    number = 1

    async def half(flow: Flow, number: int) -> int:
        if number % 2:
            raise ValueError("odd")
        return number // 2

    @named
    async def halves(flow: Flow) -> int:
        return (await flow.flow("half", half, number=number)).output

    store = lasting_store()
    async with process(Writer(), store) as rig:
        await run(rig, halves)
    number = 3
    async with process(Writer(), store) as rig:
        await run(rig, halves)
        await run(rig, halves)
    number = 4
    async with process(Writer(), store) as rig:
        result = await run(rig, halves)

    assert result.output == 2


async def test_a_flow_may_go_another_way_after_a_failed_step_that_now_succeeds() -> None:
    @named
    async def with_plan_b(flow: Flow) -> list[str]:
        try:
            facts = (await flow.task("facts", write("fail now"))).output
        except StepFailed:
            facts = (await flow.task("plan b", write("two"))).output
        page = await flow.task("page", write(f"about {facts}"))
        await flow.task("check", write("fail again"))
        end = await flow.task("end", write("three"))
        return [page.output, end.output]

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await run(rig, with_plan_b)
    writer.is_mended = True
    await crash_after(25, writer, store, with_plan_b)
    async with process(writer, store) as rig:
        result = await run(rig, with_plan_b)

    assert result.output == ["about fail now is done is done", "three is done"]
    assert writer.calls.count("about fail now is done") == 1


async def test_a_route_or_a_key_may_be_called_like_a_retry() -> None:
    @named
    async def keyed(flow: Flow) -> list[str]:
        facts = await flow.parallel([write("one", key="retry-2"), write("two", key="retry-3")])
        await flow.task("bad", write("fail now"))
        return facts.outputs

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await run(rig, keyed)
    writer.is_mended = True
    async with process(writer, store) as rig:
        result = await run(rig, keyed)

    assert result.output == ["one is done", "two is done"]
    assert writer.calls.count("one") == 1


async def test_the_order_of_a_set_does_not_matter() -> None:
    async def count(flow: Flow, numbers: set[int]) -> int:
        found: int = await flow.step("count", len, numbers)
        await flow.task("bad", write("fail now"))
        return found

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await run(rig, count, input={"numbers": {0, 8}})
    writer.is_mended = True
    async with process(writer, store) as rig:
        result = await run(rig, count, input={"numbers": {8, 0}})

    assert list({0, 8}) != list({8, 0})
    assert result.output == 2


KINDS: dict[str, Function] = {
    "session": lambda flow: flow.task("facts", write("one")),
    "call": lambda flow: flow.step("facts", lambda: "one"),
    "question": lambda flow: flow.ask("one?", key="facts", timeout=5, default="one"),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("later", KINDS)
async def test_a_step_must_not_become_one_of_another_kind(kind: str, later: str) -> None:
    now = kind

    async def changing(flow: Flow) -> str:
        await KINDS[now](flow)
        await flow.task("bad", write("fail now"))
        return "done"

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await run(rig, changing)
    writer.is_mended, now = True, later
    async with process(writer, store) as rig:
        result = await run(rig, changing)

    if kind == later:
        assert result.output == "done"
    else:
        assert result.error is not None
        assert result.error.why == f"the step facts was a {kind}, and is a {later}"
