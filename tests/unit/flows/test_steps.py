"""A step calls a function of the program once, and stores what it returned."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from parallel_agents.core.event import Event
from parallel_agents.core.flow import StepStarted
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.tool import Effect
from parallel_agents.core.usage import SIMULATED_PART_NOTICE, UNBILLED
from parallel_agents.errors import StepFailed, StepUnknown, StoreError
from parallel_agents.flows.flow import Flow
from parallel_agents.flows.function import OnChange
from parallel_agents.settings import Settings
from parallel_agents.testing import open_rig
from tests.unit.flows.parts import WRITER, Crash, Writer, lasting_store, process, run, write


class Counted:
    """A function that counts its calls, and takes some seconds."""

    def __init__(self, seconds: float = 0, error: Exception | None = None) -> None:
        self.calls = 0
        self.error = error
        self._seconds = seconds

    async def __call__(self, value: int = 1) -> int:
        self.calls += 1
        await asyncio.sleep(self._seconds)
        if self.error is not None:
            raise self.error
        return value * 2


async def test_a_step_returns_what_its_function_returned() -> None:
    async def flow_of(flow: Flow) -> list[int]:
        return [await flow.step("twice", Counted(), 21), await flow.step("plain", lambda: 7)]

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.output == [42, 7]


async def test_a_flow_says_that_it_is_simulated_and_that_its_cost_is_a_lower_bound() -> None:
    async def flow_of(flow: Flow) -> str:
        return (await flow.task("told", write("one"), check=False)).text

    async with open_rig(agents=[WRITER], settings=Settings(model="sim/calm")) as rig:
        made_up = await run(rig, flow_of)
    async with process(Writer()) as rig:
        handle = await rig.sessions.spawn_flow(flow_of, key="two")
        await asyncio.sleep(5)
        await rig.sessions.kill("two/told")
        cut_off = await handle.wait()

    assert made_up.notices == (SIMULATED_PART_NOTICE,)
    assert made_up.cost_usd == 0
    assert cut_off.notices[-1] == f"1 run was cut off in a call that {UNBILLED}"
    assert cut_off.cost_usd is None


async def test_a_step_that_is_done_is_not_called_again() -> None:
    counted = Counted()

    async def flow_of(flow: Flow) -> int:
        value = await flow.step("twice", counted, 21)
        await flow.task("first", write("one"))
        return value

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await rig.sessions.spawn_flow(flow_of, key="one")
        await asyncio.sleep(5)
        raise Crash
    async with process(writer, store) as rig:
        result = await run(rig, flow_of)

    assert result.output == 42
    assert counted.calls == 1


@pytest.mark.parametrize(
    ("effect", "calls"), [(Effect.ONCE, 1), (Effect.IDEMPOTENT, 2), (Effect.PURE, 2)]
)
async def test_what_was_cut_off_is_called_again_only_if_that_is_safe(
    effect: Effect, calls: int
) -> None:
    counted = Counted(seconds=10)

    async def flow_of(flow: Flow) -> int:
        return await flow.step("pay", counted, effect=effect)

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await rig.sessions.spawn_flow(flow_of, key="one")
        await asyncio.sleep(5)
        raise Crash
    async with process(writer, store) as rig:
        result = await run(rig, flow_of)

    assert counted.calls == calls
    if effect is Effect.ONCE:
        assert result.error is not None
        assert result.error.code == "PA-E322"
        assert "nobody knows whether it took effect" in result.error.message
    else:
        assert result.output == 2


async def test_a_flow_may_look_whether_a_step_that_was_cut_off_took_effect() -> None:
    counted = Counted(seconds=10)

    async def flow_of(flow: Flow) -> str:
        try:
            await flow.step("pay", counted)
        except StepUnknown:
            return await flow.step("look", lambda: "it was paid")
        return "paid"

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await rig.sessions.spawn_flow(flow_of, key="one")
        await asyncio.sleep(5)
        raise Crash
    async with process(writer, store) as rig:
        result = await run(rig, flow_of)

    assert result.output == "it was paid"
    assert counted.calls == 1


async def test_a_step_that_raises_fails_and_is_called_again_when_the_flow_is() -> None:
    counted = Counted(error=ValueError("no connection"))

    async def flow_of(flow: Flow) -> int:
        return await flow.step("fetch", counted)

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        failed = await run(rig, flow_of)
    counted.error = None
    async with process(writer, store) as rig:
        result = await run(rig, flow_of)

    assert failed.error is not None
    assert failed.error.message == "the step fetch failed"
    assert re.fullmatch(
        r"ValueError: no connection; test_steps.py, line \d+, in __call__", failed.error.why or ""
    )
    assert result.output == 2
    assert counted.calls == 2


async def _drops_one(flow: Flow) -> int:
    calls = [flow.step(name, int) for name in "ab"]
    return await calls[0]


async def _returns_one(flow: Flow) -> object:
    return flow.step("a", int)


@pytest.mark.parametrize("flow_of", [_drops_one, _returns_one])
async def test_a_flow_with_a_step_that_it_did_not_await_is_not_done(
    flow_of: Callable[[Flow], Awaitable[object]],
) -> None:
    async with process(Writer(), lasting_store()) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert (result.error.code, result.error.message) == ("PA-E347", "step() was not awaited")
    assert "it was called in test_steps.py, line " in (result.error.why or "")


async def _leaves_a_gather(flow: Flow) -> object:
    left = asyncio.gather(flow.step("a", asyncio.sleep, 9), flow.step("b", asyncio.sleep, 9))
    await flow.step("first", asyncio.sleep, 1)
    return left.done()


async def _leaves_a_task(flow: Flow) -> object:
    async def later() -> object:
        return await flow.task("a", write("one"))

    return asyncio.create_task(later()).done()


async def _leaves_a_task_of_tasks(flow: Flow) -> object:
    async def later(tasks: int) -> object:
        task = asyncio.create_task(later(tasks - 1)) if tasks else None
        return await (task or flow.task("a", write("one")))

    return asyncio.create_task(later(20)).done()


@pytest.mark.parametrize(
    ("flow_of", "told", "lines"),
    [
        (_leaves_a_gather, "the steps a, b were", 1),
        (_leaves_a_task, "the step a was", 2),
        (_leaves_a_task_of_tasks, "the step a was", 3),
    ],
)
async def test_a_flow_that_returns_before_its_steps_end_is_not_done(
    flow_of: Callable[[Flow], Awaitable[object]],
    told: str,
    lines: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with process(Writer(), lasting_store()) as rig:
        result = await run(rig, flow_of)

    assert "never retrieved" not in caplog.text
    called = f"called in test_steps.py, line {flow_of.__code__.co_firstlineno + lines}"
    assert result.error is not None
    assert (result.error.code, result.error.message) == ("PA-E347", f"{told} not awaited")
    assert (result.error.why or "").endswith(called)


async def test_a_flow_may_cancel_a_step_that_it_needs_no_more() -> None:
    async def flow_of(flow: Flow) -> int:
        slow = asyncio.gather(flow.step("slow", asyncio.sleep, 9), flow.ask("Well?"))
        found = await flow.step("quick", int)
        slow.cancel()
        return found

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.output == 0


@dataclass
class Point:
    x: int
    y: int


async def test_a_step_gives_the_type_that_its_function_is_annotated_with() -> None:
    def point() -> Point:
        return Point(1, 2)

    async def flow_of(flow: Flow) -> int:
        found = await flow.step("point", point)
        assert isinstance(found, Point)
        await flow.task("first", write("fail now"))
        return found.x

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await run(rig, flow_of)
    writer.is_mended = True
    async with process(writer, store) as rig:
        result = await run(rig, flow_of)

    assert result.output == 1


@pytest.mark.parametrize(
    "value", [object(), float("nan"), "x" * 4_000_001], ids=["an object", "no number", "too large"]
)
async def test_what_a_step_returns_must_be_json(value: object) -> None:
    async def flow_of(flow: Flow) -> str:
        try:
            await flow.step("odd", lambda: value, effect="pure")
        except StepFailed as error:
            return error.why
        return "stored"

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.status is RunStatus.DONE
    assert result.output != "stored"


async def test_a_step_that_took_effect_and_returned_no_json_is_not_called_again() -> None:
    calls = 0

    def pay() -> object:
        nonlocal calls
        calls += 1
        return object()

    async def flow_of(flow: Flow) -> None:
        await flow.step("pay", pay)

    writer, store = Writer(), lasting_store()
    results: list[Result] = []
    for _ in range(3):
        async with process(writer, store) as rig:
            results.append(await run(rig, flow_of))

    assert calls == 1
    errors = [result.error for result in results]
    assert [error and error.code for error in errors] == ["PA-E322"] * 3
    assert errors[0] is not None
    assert "what it returned cannot be stored" in errors[0].message


async def test_steps_are_in_the_history_of_the_flow(tmp_path: Path) -> None:
    async def flow_of(flow: Flow) -> None:
        await flow.step("one", Counted())
        await flow.step("one", Counted())

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)
        events: list[Event] = await rig.sessions.history(result.session_key)

    names = [event.body.name for event in events if isinstance(event.body, StepStarted)]
    assert names == ["one", "one#2"]


async def test_other_arguments_are_never_given_the_stored_result() -> None:
    argument = 1

    async def flow_of(flow: Flow) -> int:
        value: int = await flow.step("twice", Counted(), argument)
        await flow.task("bad", write("fail now"))
        return value

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await run(rig, flow_of)
    argument, writer.is_mended = 5, True
    async with process(writer, store) as rig:
        refused = await run(rig, flow_of)
        result = await run(rig, flow_of, on_change=OnChange.KEEP_GOING)

    assert refused.error is not None
    assert refused.error.why == "the step twice was begun with other arguments"
    assert result.output == 10


async def test_a_step_that_failed_may_get_other_arguments() -> None:
    counted = Counted(error=ValueError("not 1"))
    argument = 1

    async def flow_of(flow: Flow) -> int:
        return await flow.step("twice", counted, argument)

    store = lasting_store()
    async with process(Writer(), store) as rig:
        await run(rig, flow_of)
    counted.error, argument = None, 2
    async with process(Writer(), store) as rig:
        result = await run(rig, flow_of)

    assert result.output == 4


@pytest.mark.parametrize(
    "error", [SystemExit(3), asyncio.CancelledError(), GeneratorExit(), StoreError("another one")]
)
async def test_whatever_a_step_raises_is_its_failure(error: BaseException) -> None:
    async def broken() -> None:
        raise error

    async def flow_of(flow: Flow) -> list[str]:
        steps = [flow.step(name, broken) for name in ("one", "two")]
        ended = await asyncio.gather(*steps, return_exceptions=True)
        return [str(getattr(each, "why", each)) for each in ended]

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert len(result.output) == 2
    assert all(why.startswith(type(error).__name__) for why in result.output)


async def test_an_argument_may_be_called_like_a_parameter_of_the_step() -> None:
    def greet(name: str, function: str) -> str:
        return f"{name} {function}"

    async def flow_of(flow: Flow) -> str:
        greeting: str = await flow.step("greet", greet, name="ana", function="leads")
        return greeting

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.output == "ana leads"


async def test_a_task_that_somebody_killed_stays_killed_however_often_its_flow_is_run() -> None:
    async def flow_of(flow: Flow) -> None:
        await flow.task("first", write("one"))

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        running = asyncio.create_task(run(rig, flow_of))
        await asyncio.sleep(5)
        await rig.service.kill("first")
        first = await running
        again = [await run(rig, flow_of) for _ in range(2)]

    assert first.status is RunStatus.FAILED
    assert {each.status for each in again} == {RunStatus.FAILED}
    assert writer.calls == [], "it was killed before the model replied"
