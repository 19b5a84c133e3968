"""A flow asks a person, and continues with the answer whenever that comes."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.run import RunStatus
from parallel_agents.flows.flow import Flow
from parallel_agents.flows.function import OnChange
from tests.unit.flows.parts import Crash, Writer, lasting_store, process, run, write


async def approved(flow: Flow) -> str:
    await flow.task("draft", write("one"))
    return await flow.ask("Publish it?", choices=["yes", "no"], key="publish")


async def test_a_flow_continues_with_the_answer() -> None:
    async with process(Writer()) as rig:
        handle = await rig.sessions.spawn_flow(approved, key="one")
        await asyncio.sleep(60)
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, "YES")
        result = await handle.wait()

    assert question.question.text == "Publish it?"
    assert result.output == "yes"


@pytest.mark.parametrize("is_answered", [True, False])
async def test_a_question_survives_the_process(is_answered: bool) -> None:
    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await rig.sessions.spawn_flow(approved, key="one")
        await asyncio.sleep(60)
        if is_answered:
            (question,) = await rig.sessions.questions()
            await rig.sessions.answer(question, "yes")
            await asyncio.sleep(0)
        raise Crash
    async with process(writer, store) as rig:
        handle = await rig.sessions.spawn_flow(approved, key="one")
        await asyncio.sleep(1)
        for question in await rig.sessions.questions():
            await rig.sessions.answer(question, "yes")
        result = await handle.wait()

    assert result.output == "yes"
    assert writer.calls == ["one"]


async def test_an_answer_counts_for_the_next_run_of_a_flow_that_failed() -> None:
    async def flow_of(flow: Flow) -> str:
        answer = await flow.ask("Go on?")
        await flow.task("bad", write("fail now"))
        return answer

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        handle = await rig.sessions.spawn_flow(flow_of, key="one")
        await asyncio.sleep(5)
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, "sure")
        assert (await handle.wait()).status is RunStatus.FAILED
    writer.is_mended = True
    async with process(writer, store) as rig:
        result = await run(rig, flow_of)

    assert result.output == "sure"


async def test_nobody_s_answer_is_the_default_or_a_failure() -> None:
    async def patient(flow: Flow) -> str:
        return await flow.ask("Publish it?", default="later", timeout=60)

    async def strict(flow: Flow) -> str:
        return await flow.ask("Publish it?", timeout=60)

    async with process(Writer()) as rig:
        assert (await run(rig, patient)).output == "later"
        result = await run(rig, strict, "two")

    assert result.error is not None
    assert result.error.message == "nobody answered the step ask"


@pytest.mark.parametrize(
    "asking",
    [
        {"question": " "},
        {"question": "x" * 4001},
        {"question": "?", "choices": ["a", ""]},
        {"question": "?", "choices": ["a"], "default": "b"},
    ],
)
async def test_what_nobody_could_answer_is_refused(asking: dict[str, object]) -> None:
    async def flow_of(flow: Flow) -> str:
        return await flow.ask(**asking)  # pyright: ignore[reportArgumentType] - what is tested

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert result.error.code == "PA-E101"


@pytest.mark.parametrize("on_change", [OnChange.REFUSE, OnChange.KEEP_GOING])
async def test_an_answer_is_never_that_to_another_question(on_change: OnChange) -> None:
    question = "Publish it?"

    async def flow_of(flow: Flow) -> str:
        answer = await flow.ask(question, default="yes", timeout=60)
        await flow.task("bad", write("fail now"))
        return answer

    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        await run(rig, flow_of)
    writer.is_mended, question = True, "Delete it?"
    async with process(writer, store) as rig:
        handle = await rig.sessions.spawn_flow(flow_of, key="one", on_change=on_change)
        await asyncio.sleep(5)
        for each in await rig.sessions.questions():
            await rig.sessions.answer(each, "no")
        result = await handle.wait()

    if on_change is OnChange.KEEP_GOING:
        assert result.output == "no"
    else:
        assert result.error is not None
        assert result.error.why == "the step ask asked something else"
