"""A flow is shown with everything that it has begun: functions, questions, tasks and other flows."""

from __future__ import annotations

import asyncio
import time

from parallel_agents.core.row import Row
from parallel_agents.flows.flow import Flow
from parallel_agents.sessions.inspection import StoreJournal
from parallel_agents.testing import Rig
from parallel_agents.views.flow_steps import FlowStep, flow_step_json, read_flow_steps
from parallel_agents.views.sessions import lines_of
from tests.unit.flows.parts import Writer, process, write


def read(day: str) -> int:
    return 3


def post(text: str) -> None:
    raise ValueError("no such address")


async def hang() -> None:
    await asyncio.Event().wait()


async def below(flow: Flow) -> str:
    return (await flow.task("draft", write("a part"))).output


async def whole(flow: Flow) -> str:
    await flow.step("read", read, "monday", effect="pure")
    await flow.task("draft", write("the whole"))
    await flow.flow("mail-0", below)
    answer = await flow.ask("Send it?", choices=["yes", "no"], key="approve")
    await flow.step("send", post, answer)
    return answer


async def steps_of(rig: Rig, flow: Row) -> list[FlowStep]:
    journal = StoreJournal(rig.store, time.time)
    rows = [flow, *await rig.service.members(flow)]
    line, *members = lines_of(await journal.look(rows))
    return await read_flow_steps(journal, line, members)


async def test_the_steps_of_a_flow_are_told_in_their_order() -> None:
    async with process(Writer()) as rig:
        handle = await rig.sessions.spawn_flow(whole, key="one")
        await asyncio.sleep(60)
        waiting = await steps_of(rig, await rig.service.find("one"))
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, "yes")
        await handle.wait()
        steps = await steps_of(rig, await rig.service.find("one"))

    assert (waiting[-1].state, waiting[-1].text) == ("running", "asks you: Send it?")
    assert [(step.name, step.kind, step.state) for step in steps] == [
        ("read", "function", "done"),
        ("draft", "agent", "done"),
        ("mail-0", "flow", "done"),
        ("approve", "question", "done"),
        ("send", "function", "failed"),
    ]
    assert steps[0].text == "3"
    assert steps[3].text.startswith("Send it? → yes (")
    assert "ValueError: no such address" in steps[4].text
    assert steps[2].text == "1 done"
    documents = [flow_step_json(step) for step in steps]
    assert [each["label"] for each in documents] == ["read", "draft", "mail-0", "approve", "send"]
    assert [each["calls"] for each in documents] == [0, 1, 1, 0, 0]
    assert [bool(each["session_key"]) for each in documents] == [False, True, True, False, False]


async def test_a_step_without_an_end_is_as_the_flow_left_it() -> None:
    async def stuck(flow: Flow) -> None:
        await asyncio.gather(flow.step("hang", hang), flow.ask("Go on?"))

    async with process(Writer()) as rig:
        await rig.sessions.spawn_flow(stuck, key="one")
        await asyncio.sleep(5)
        live = await steps_of(rig, await rig.service.find("one"))
        await rig.service.kill("one")
        ended = await steps_of(rig, await rig.service.find("one"))

    assert {step.name: step.state for step in live} == {"hang": "running", "ask": "running"}
    assert {step.name: step.state for step in ended} == {"hang": "unknown", "ask": "withdrawn"}
