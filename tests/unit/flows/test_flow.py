"""A flow does each of its steps once, whatever interrupts it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import pytest
from pydantic import BaseModel

from parallel_agents.api.flows import run_flow
from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.errors import Conflict, InvalidInput, StepFailed, StoreError
from parallel_agents.flows.flow import Flow
from parallel_agents.testing import open_rig
from tests.unit.flows.parts import Crash, Writer, crash_after, lasting_store, process, run, write

DONE, FAILED = RunStatus.DONE, RunStatus.FAILED


async def two_lines(flow: Flow) -> list[str]:
    first = await flow.task("first", write("one"))
    second = await flow.task("second", write(f"after {first.output}"))
    return [first.output, second.output]


async def test_a_flow_returns_what_its_function_returns() -> None:
    writer = Writer()

    async with process(writer) as rig:
        result = await run(rig, two_lines)

    assert result.status is DONE
    assert result.output == ["one is done", "after one is done is done"]
    assert result.seconds == 20
    assert result.spend_below.calls == 2


async def test_a_step_is_a_session_that_is_called_like_it() -> None:
    async with process(Writer()) as rig:
        result = await run(rig, two_lines)
        rows = await rig.sessions.list(Filter(tree=result.session_key))

    assert {row.session.label for row in rows} == {"two_lines", "first", "second"}


async def test_a_flow_that_crashed_goes_on_and_pays_nothing_again() -> None:
    writer, store = Writer(), lasting_store()
    await crash_after(15, writer, store, two_lines)

    async with process(writer, store) as rig:
        result = await run(rig, two_lines)

    assert result.output == ["one is done", "after one is done is done"]
    assert writer.calls.count("one") == 1


async def test_a_flow_that_is_done_gives_its_result_again() -> None:
    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        first = await run(rig, two_lines)
    async with process(writer, store) as rig:
        second = await run(rig, two_lines)

    assert second.output == first.output
    assert second.run_id == first.run_id
    assert len(writer.calls) == 2


async def failing(flow: Flow) -> str:
    await flow.task("good", write("one"))
    return (await flow.task("bad", write("fail now"))).output


async def test_the_cost_of_a_flow_is_that_of_all_its_runs() -> None:
    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        failed = await run(rig, failing)
    writer.is_mended = True
    async with process(writer, store) as rig:
        result = await run(rig, failing)

    assert failed.spend_below.calls == 1
    assert result.spend_below.calls == 2


async def test_a_flow_in_a_flow_is_called_like_its_step() -> None:
    async def outer(flow: Flow) -> list[str]:
        return (await flow.flow("inside", two_lines)).output

    async with process(Writer()) as rig:
        result = await run(rig, outer)
        row = await rig.service.find("one/inside")

    assert result.output == ["one is done", "after one is done is done"]
    assert row.session.key.startswith("flow:two_lines:")


async def test_a_step_that_fails_ends_the_flow_unless_it_is_caught() -> None:
    async def catching(flow: Flow) -> str:
        try:
            return (await flow.task("bad", write("fail now"))).output
        except StepFailed as error:
            return error.message

    async with process(Writer()) as rig:
        failed, caught = await run(rig, failing), await run(rig, catching, "other")

    assert failed.status is FAILED
    assert failed.error is not None
    assert (failed.error.code, failed.error.message) == ("PA-E321", "the step bad is failed")
    assert "PA-E203 no key" in failed.error.why
    assert caught.output == "the step bad is failed"


async def test_a_flow_that_failed_is_run_again_from_the_step_that_failed() -> None:
    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await run(rig, failing)
    writer.is_mended = True
    async with process(writer, store) as rig:
        result = await run(rig, failing)
        letters = await rig.sessions.dead_letters()

    assert result.output == "fail now is done"
    assert writer.calls == ["one", "fail now", "fail now"]
    assert letters == []


async def test_without_check_a_step_that_fails_gives_its_result() -> None:
    async def looking(flow: Flow) -> str:
        return (await flow.task("bad", write("fail now"), check=False)).status

    async with process(Writer()) as rig:
        result = await run(rig, looking)

    assert result.output == "failed"
    assert result.notices[0].startswith("1 step is not done, and the flow went on: bad (failed);")


async def test_tasks_in_parallel_take_the_time_of_one() -> None:
    async def parallel(flow: Flow) -> list[str]:
        return (await flow.parallel([write(f"n{n}") for n in range(5)], key="all")).outputs

    async with process(Writer()) as rig:
        result = await run(rig, parallel)

    assert result.output == [f"n{n} is done" for n in range(5)]
    assert result.seconds == 10


@pytest.mark.parametrize("texts", [(), ("one",)])
async def test_more_tasks_than_there_are_cannot_be_needed_and_none_is_begun(
    texts: Sequence[str],
) -> None:
    async def parallel(flow: Flow) -> list[str]:
        return (await flow.parallel([write(each) for each in texts], min_done=2)).outputs

    writer = Writer()
    async with process(writer) as rig:
        result = await run(rig, parallel)

    assert result.error is not None
    assert result.error.code == "PA-E101"
    assert writer.calls == []


@pytest.mark.parametrize(
    ("min_done", "status"), [(None, FAILED), (3, FAILED), (2, DONE), (0, DONE)]
)
async def test_a_parallel_step_needs_as_many_tasks_as_it_says(
    min_done: int | None, status: RunStatus
) -> None:
    async def parallel(flow: Flow) -> list[str]:
        tasks = [write("one"), write("fail now"), write("two")]
        return (await flow.parallel(tasks, key="all", min_done=min_done)).outputs

    async with process(Writer()) as rig:
        result = await run(rig, parallel)

    assert result.status is status
    if status is DONE:
        assert result.output == ["one is done", "two is done"]
        assert result.notices == (
            "1 of 3 tasks of the step all are not done: all-2 is failed: PA-E203 no key",
        )


async def test_of_a_parallel_step_only_what_is_not_done_is_paid_after_a_crash() -> None:
    async def parallel(flow: Flow) -> list[str]:
        return (await flow.parallel([write(f"n{n}") for n in range(3)], key="all")).outputs

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await rig.sessions.spawn_flow(parallel, key="one", max_parallel=1)
        await asyncio.sleep(15)
        raise Crash
    async with process(writer, store) as rig:
        result = await run(rig, parallel)

    assert result.output == [f"n{n} is done" for n in range(3)]
    assert writer.calls.count("n0") == 1


async def test_names_that_are_used_again_get_numbers() -> None:
    async def drafts(flow: Flow) -> None:
        for n in range(3):
            await flow.task("draft", write(f"n{n}"))

    async with process(Writer()) as rig:
        result = await run(rig, drafts)
        children = await rig.service.child_runs(result.session_key)

    assert [child.key for child in children] == ["draft", "draft#2", "draft#3"]
    assert [child.label for child in children] == ["draft", "draft-2", "draft-3"]


@pytest.mark.parametrize("name", ["", " ", "a/b", "a#2", "a@b", "a\nb", "x" * 81])
async def test_a_bad_name_is_refused(name: str) -> None:
    async def flow_of(flow: Flow) -> None:
        await flow.task(name, write("one"))

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert result.error.code == "PA-E101"
    assert "is not the name of a step" in result.error.message


async def test_the_input_of_a_flow_is_checked_before_anything_is_stored() -> None:
    async def launch(flow: Flow, topic: str, words: int = 10) -> str:
        return f"{topic} {words}"

    async with process(Writer()) as rig:
        result = await run(rig, launch, input={"topic": "tea", "words": "7"})
        with pytest.raises(InvalidInput, match="does not take this input") as caught:
            await run(rig, launch, "two", input={"topics": "tea"})
        rows = await rig.sessions.list()

    assert result.output == "tea 7"
    assert caught.value.why == "topic: it is missing; topics: there is no such field"
    assert caught.value.hint == "did you mean 'topic'? it takes topic, words"
    assert len(rows) == 1


async def test_an_input_that_is_passed_twice_is_refused() -> None:
    async def inner(flow: Flow, topic: str) -> str:
        return topic

    async def launch(flow: Flow) -> str:
        return (await flow.flow("tea", inner, input={"topic": "tea"}, topic="rain")).output

    async with process(Writer()) as rig:
        result = await run(rig, launch)
    with pytest.raises(InvalidInput, match=r"run_flow\(\) got topic twice") as caught:
        run_flow(inner, input={"topic": "tea"}, topic="rain")

    assert result.error is not None
    assert result.error.message == "the step tea got topic twice, in input= and by name"
    assert caught.value.hint == "pass topic in one of them"


async def test_another_input_under_the_same_key_is_a_conflict() -> None:
    async def launch(flow: Flow, topic: str) -> str:
        return topic

    async with process(Writer()) as rig:
        await run(rig, launch, input={"topic": "tea"})
        with pytest.raises(Conflict):
            await run(rig, launch, input={"topic": "rain"})


class Report(BaseModel):
    title: str
    words: int


async def test_a_flow_s_output_is_of_the_type_that_it_is_annotated_with() -> None:
    async def report(flow: Flow) -> Report:
        return Report(title="Tea", words=3)

    async with process(Writer()) as rig:
        result = await run(rig, report)

    assert result.output == Report(title="Tea", words=3)
    assert result.output_json == {"title": "Tea", "words": 3}


async def test_what_cannot_be_stored_fails_the_flow() -> None:
    async def odd(flow: Flow) -> object:
        return object()

    async def wrong(flow: Flow) -> int:
        return "three"  # pyright: ignore[reportReturnType] - what is tested

    async with process(Writer()) as rig:
        for number, function in enumerate((odd, wrong)):
            result = await run(rig, function, f"k{number}")
            assert result.error is not None
            assert result.error.code == "PA-E324"


async def test_what_the_function_raises_is_the_error_of_the_flow() -> None:
    async def broken(flow: Flow) -> None:
        await flow.task("first", write("one"))
        raise ValueError("no tea")

    async with process(Writer()) as rig:
        result = await run(rig, broken)

    assert result.status is FAILED
    assert result.error is not None
    assert result.error.code == "PA-E324"
    assert "ValueError: no tea" in result.error.message


async def test_children_that_nobody_waits_for_end_with_the_flow() -> None:
    async def hasty(flow: Flow) -> str:
        waiting = asyncio.create_task(flow.task("slow", write("one")))
        await asyncio.sleep(1)
        waiting.cancel()
        return "left"

    async with process(Writer()) as rig:
        result = await run(rig, hasty)
        rows = await rig.sessions.list(Filter(tree=result.session_key))

    assert result.output == "left"
    assert {row.session.label: row.run.status for row in rows}["slow"] is RunStatus.KILLED


async def test_a_flow_has_a_time_limit() -> None:
    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        late = await run(rig, two_lines, timeout=15)
    async with process(writer, store) as rig:
        again = await run(rig, two_lines, timeout=30)

    assert late.status is RunStatus.TIMED_OUT
    assert again.status is DONE
    assert writer.calls.count("one") == 1


async def test_a_flow_s_budget_holds_for_its_steps() -> None:
    async with process(Writer()) as rig:
        result = await run(rig, two_lines, budget=Budget(tokens=10))

    assert result.error is not None
    assert result.error.code == "PA-E321"
    assert "PA-E308" in result.error.why


async def test_a_kill_ends_the_function_and_all_steps() -> None:
    ended: list[str] = []

    async def long(flow: Flow) -> None:
        try:
            await flow.parallel([write("one"), write("two")])
        finally:
            ended.append("function")

    async with process(Writer(seconds=100)) as rig:
        handle = await rig.sessions.spawn_flow(long, key="one")
        await asyncio.sleep(5)
        killed = await handle.kill()
        result = await handle.wait()

    assert result.status is RunStatus.KILLED
    assert len(killed.runs) == 3
    assert ended == ["function"]


async def test_a_flow_without_its_function_waits_for_a_process_that_has_it() -> None:
    writer, store = Writer(), lasting_store()
    await crash_after(5, writer, store, two_lines)

    async with process(writer, store) as rig:
        await asyncio.sleep(600)
        row = await rig.service.find("one")
        assert not row.run.status.is_over
        assert (await run(rig, two_lines)).status is DONE


async def test_a_message_to_a_flow_is_refused() -> None:
    async with process(Writer()) as rig:
        await rig.sessions.spawn_flow(two_lines, key="one")
        with pytest.raises(InvalidInput, match="one is a flow, and a flow reads no messages"):
            await rig.sessions.steer("one", "hurry")


async def test_a_step_that_this_process_cannot_continue_fails_the_flow() -> None:
    def look() -> str:
        return "there is tea"

    looking = Agent("looking", instructions="Look.", output=str, tools=("look",))

    async def looks(flow: Flow) -> str:
        return (await flow.task("look", Task(looking, "Look."))).output

    store, writer = lasting_store(), Writer()
    with suppress(Crash):
        async with open_rig(writer.model, agents=[looking], tools=[look], store=store) as rig:
            await rig.sessions.spawn_flow(looks, key="one")
            await asyncio.sleep(5)
            raise Crash
    async with open_rig(writer.model, agents=[looking], store=store) as rig:
        without = await run(rig, looks)
    async with open_rig(writer.model, agents=[looking], tools=[look], store=store) as rig:
        result = await run(rig, looks)

    assert without.error is not None
    assert without.error.code == "PA-E117"
    assert "no tool 'look' in this process" in without.error.why
    assert result.output == "Look. is done"


async def test_a_method_may_be_a_flow_in_a_flow() -> None:
    class Halves:
        async def half(self, flow: Flow, number: int) -> int:
            return number // 2

    async def flow_of(flow: Flow) -> list[int]:
        halves = Halves()
        return [(await flow.flow("half", halves.half, number=n)).output for n in (8, 6)]

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.output == [4, 3]


async def test_a_key_must_not_be_the_position_of_another_task() -> None:
    async def flow_of(flow: Flow) -> list[str]:
        return (await flow.parallel([write("one", key="2"), write("two")])).outputs

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert result.error.message == "two tasks of the step parallel have the key '2'"


async def test_a_step_begins_only_before_the_end_of_its_flow() -> None:
    left: list[asyncio.Task[object]] = []

    async def flow_of(flow: Flow) -> str:
        async def later(seconds: float) -> object:
            await asyncio.sleep(seconds)
            while True:
                with suppress(Exception):
                    return await flow.task("later", write("one"))

        left.extend(asyncio.create_task(later(seconds)) for seconds in (50, 100))
        await flow.step("wait", asyncio.sleep, 2)
        return "done"

    writer = Writer()
    async with process(writer) as rig:
        assert (await run(rig, flow_of)).output == "done"
        await asyncio.sleep(200)

    assert all(task.cancelled() for task in left)
    assert not writer.calls


async def test_a_flow_that_raises_what_the_runtime_may_raise_has_failed() -> None:
    async def flow_of(flow: Flow) -> str:
        raise StoreError("of another store")

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert result.error.message == "the flow flow_of raised StoreError: of another store"
    assert result.error.why.startswith("test_flow.py, line ")
    assert result.error.why.endswith(", in flow_of")
    assert "correct the function" in result.error.hint


async def test_a_flow_whose_step_raised_says_that_it_can_be_run_again() -> None:
    def fetch() -> str:
        raise ValueError("no network")

    async def flow_of(flow: Flow) -> str:
        return await flow.step("fetch", fetch)

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert result.error.code == "PA-E321"
    assert "run it again with the same id or key" in result.error.hint


async def test_a_nested_flow_is_called_like_its_step_and_takes_any_input() -> None:
    async def greet(flow: Flow, name: str, timeout: int) -> str:
        return f"{name} {timeout}"

    async def flow_of(flow: Flow) -> list[str]:
        greeted = await flow.flow("greeting", greet, input={"timeout": 3}, name="ana")
        return [greeted.label, greeted.output]

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.output == ["greeting", "ana 3"]


async def test_a_flow_that_calls_itself_without_an_end_fails_with_the_cause() -> None:
    depths: list[int] = []

    async def dig(flow: Flow, depth: int) -> int:
        depths.append(depth)
        return (await flow.flow("deeper", dig, depth=depth + 1)).output

    async with process(Writer()) as rig:
        result = await run(rig, dig, input={"depth": 0})

    assert max(depths) == 32
    assert result.error is not None
    assert result.error.code == "PA-E321"
    assert result.error.why == "PA-E348 the flow dig would be inside more than 32 others"
