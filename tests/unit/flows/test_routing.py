"""Work goes where an answer says, to the next who can, or to whom a manager asks."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.message import ToolCall
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.flows.flow import Flow
from parallel_agents.testing import Answer, RepliesWith, open_rig
from tests.unit.flows.parts import WRITER, Writer, process, run, write
from tests.unit.flows.test_choosing import drafts


async def triage(flow: Flow) -> str:
    def fix(by: Result[Any]) -> Task[str]:
        return write(f"fix {by.output}")

    routes = {"billing": write("bill"), "tech": fix}
    return (await flow.branch("triage", write("sort"), routes)).output


@pytest.mark.parametrize(
    ("answer", "output"), [("billing", "paid"), (" Tech ", "paid")], ids=["task", "function"]
)
async def test_a_branch_does_the_task_that_an_answer_names(answer: str, output: str) -> None:
    async with open_rig(drafts(answer, "paid"), agents=[WRITER]) as rig:
        result = await run(rig, triage)
        rows = await rig.sessions.list(Filter(tree=result.session_key))

    assert result.output == output
    assert f"triage-{answer.strip().lower()}" in {row.session.label for row in rows}


async def test_of_routes_that_differ_only_in_case_the_exact_one_is_taken() -> None:
    async def flow_of(flow: Flow) -> str:
        routes = {"us": write("we"), "US": write("America")}
        return (await flow.branch("where", write("sort"), routes)).label

    async with open_rig(drafts("us", "done"), agents=[WRITER]) as rig:
        result = await run(rig, flow_of)

    assert result.output == "where-us"


async def test_a_branch_that_is_not_there_fails_the_step() -> None:
    async with open_rig(drafts("sales"), agents=[WRITER]) as rig:
        result = await run(rig, triage)

    assert result.error is not None
    assert "chose 'sales', which is not one of its routes" in result.error.message
    assert result.error.why == "the routes are billing, tech"


SORTER = Agent(
    "sorter",
    instructions="Sort.",
    output_schema={
        "type": "object",
        "properties": {"kind": {"enum": ["billing", "sales"]}, "why": {"type": "string"}},
        "required": ["kind", "why"],
    },
)


def sorted_by(field: str, default: str | None = None) -> Callable[[Flow], Awaitable[str]]:
    async def flow_of(flow: Flow) -> str:
        by, routes = Task(SORTER, "sort"), {"billing": write("bill"), "tech": write("fix")}
        return (await flow.branch("triage", by, routes, field=field, default=default)).output

    return flow_of


@pytest.mark.parametrize(
    ("kind", "field", "words"),
    [
        ("billing", "route", "has no route: the answer has no field 'route'"),
        ("billing", "route", "its fields are kind, why; the routes are billing, tech"),
        ("billing", "route", "pass field='kind', which names the route 'billing'"),
        ("sales", "route", "pass the name of the field that names the route as field="),
        ("billing", "why", "chose 'unpaid' in the field 'why', which is not one of its routes"),
        ("billing", "why", "pass field='kind', which names the route 'billing'"),
        ("sales", "kind", "have the agent's output schema name the routes as an enum"),
    ],
)
async def test_an_answer_without_a_route_says_which_field_was_read(
    kind: str, field: str, words: str
) -> None:
    answer = f'{{"kind": "{kind}", "why": "unpaid"}}'

    async with open_rig(drafts(answer), agents=[WRITER, SORTER]) as rig:
        error = (await run(rig, sorted_by(field))).error

    assert error is not None
    assert words in f"{error.message}\n{error.why}\n{error.hint}"


async def test_a_default_that_is_taken_for_lack_of_the_field_is_noticed() -> None:
    answer = '{"kind": "sales", "why": "unpaid"}'

    async with open_rig(drafts(answer, "paid"), agents=[WRITER, SORTER]) as rig:
        result = await run(rig, sorted_by("route", default="billing"))

    assert result.output == "paid"
    assert "the answer has no field 'route', so its route is billing" in result.notices[0]


async def test_a_branch_may_have_a_default() -> None:
    async def flow_of(flow: Flow) -> str:
        routes = {"billing": write("bill")}
        return (await flow.branch("triage", write("sort"), routes, default="billing")).output

    async with open_rig(drafts("sales", "paid"), agents=[WRITER]) as rig:
        result = await run(rig, flow_of)

    assert result.output == "paid"


SECOND = Agent("second", instructions="Write.", output=str)


async def handed(flow: Flow) -> list[object]:
    done = await flow.hand_off(
        write("fail now"), to=[SECOND], accept=lambda result: "good" in result.output
    )
    return [done.result.agent, done.answer]


async def test_a_task_is_handed_on_until_an_answer_is_accepted() -> None:
    asked: list[str] = []

    def answer(request: ModelRequest) -> Answer:
        asked.append(request.messages[0].text)
        return "good" if len(asked) == 2 else "bad"

    async with open_rig(RepliesWith(answer), agents=[WRITER, SECOND]) as rig:
        result = await run(rig, handed)

    assert result.output == ["second", None]
    assert "Others have tried before you:\n- writer: bad" in asked[1]


async def test_without_a_person_a_task_that_nobody_does_fails() -> None:
    async with open_rig(drafts("bad", "bad"), agents=[WRITER, SECOND]) as rig:
        result = await run(rig, handed)

    assert result.error is not None
    assert result.error.message == "nobody did the step hand_off"


PICKY = Agent(
    "picky",
    instructions="Write.",
    input_schema={
        "type": "object",
        "properties": {"topic": {"type": "string"}},
        "required": ["topic"],
    },
    output=str,
)


async def test_a_definition_that_cannot_take_the_task_is_refused_before_the_first_call() -> None:
    writer = Writer()

    async def flow_of(flow: Flow) -> object:
        return (await flow.hand_off(write("fail now"), to=[SECOND, PICKY])).answer

    async with process(writer) as rig:
        result = await run(rig, flow_of)

    assert result.error is not None
    assert "topic" in f"{result.error.message} {result.error.why}"
    assert writer.calls == []


async def test_a_named_agent_that_cannot_take_the_task_is_passed_over_with_a_notice() -> None:
    async def flow_of(flow: Flow) -> str:
        done = await flow.hand_off(
            write("fail now"),
            to=["picky", "nobody", "second"],
            accept=lambda result: "good" in result.output,
        )
        return done.result.agent

    model = drafts("bad", "good")
    async with open_rig(model, agents=[WRITER, SECOND, PICKY]) as rig:
        result = await run(rig, flow_of)

    assert result.output == "second"
    assert [notice.partition(":")[0] for notice in result.notices] == ["hand_off", "hand_off"]
    assert "picky cannot take it" in result.notices[0]
    assert "nobody cannot take it" in result.notices[1]


async def test_in_the_end_a_person_is_asked() -> None:
    async def flow_of(flow: Flow) -> object:
        return (await flow.hand_off(write("fail now"), person="Please answer")).answer

    async with process(Writer()) as rig:
        handle = await rig.sessions.spawn_flow(flow_of, key="one")
        await asyncio.sleep(20)
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, "I did it")
        result = await handle.wait()

    assert "Please answer\n\nfail now" in question.question.text
    assert "PA-E203 no key" in question.question.text
    assert result.output == "I did it"


async def test_a_manager_has_agents_work_for_it() -> None:
    lead = Agent("lead", instructions="Lead.", output=str)

    def answer(request: ModelRequest) -> Answer:
        if "You lead a team" not in request.system:
            return "part"
        if len(request.messages) == 1:
            return ToolCall("c1", "sessions_spawn", {"task": "a part", "agentId": "writer"})
        return "whole"

    async def flow_of(flow: Flow) -> str:
        return (await flow.manager("lead", Task(lead, "Do it"), ["writer"])).output

    async with open_rig(RepliesWith(answer), agents=[WRITER, lead]) as rig:
        result = await run(rig, flow_of)
        rows = await rig.sessions.list(Filter(tree=result.session_key))

    assert result.output == "whole"
    assert {row.session.agent.name for row in rows} == {"flow", "lead", "writer"}


@pytest.mark.parametrize("agents", [["writer"], []])
async def test_a_manager_is_a_definition_with_agents(agents: list[str]) -> None:
    async def flow_of(flow: Flow) -> object:
        task = Task("writer", "Do it") if agents else write("Do it")
        return (await flow.manager("lead", task, agents)).output

    async with process(Writer()) as rig:
        result = await run(rig, flow_of)

    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert result.error.code == "PA-E101"
