"""An attempt knows what the attempts before it did, and does none of it again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import ConditionGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult
from parallel_agents.core.model import Finish, ModelReply, ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.errors import AuthFailed, StreamCut
from parallel_agents.testing import Answer, RepliesWith, ScriptedModel, open_rig
from parallel_agents.tools.function import FunctionTool, tool

LEAD = Agent(
    name="lead",
    description="Leads",
    instructions="LEAD",
    tools=("pay",),
    policy=Policy(spawns=("worker",)),
    gates=(ConditionGate(condition="len(text) < 5"),),
    limits=Limits(attempts=2),
)
WORKER = Agent(name="worker", description="Works", instructions="WORKER")
PAY = ToolCall("p", "pay", {"usd": 3})
SPAWN = ToolCall("s", "sessions_spawn", {"agentId": "worker", "task": "look"})
YIELD = ToolCall("y", "sessions_yield", {})


def asks(*calls: ToolCall) -> ModelReply:
    return ModelReply(message=Message(Role.ASSISTANT, calls), model="m", finish=Finish.TOOLS)


class Ended(NamedTuple):
    result: Result
    paid: list[int]
    children: int
    requests: list[ModelRequest]


def paying(paid: list[int], error: Exception | None = None) -> FunctionTool:
    @tool(effect="once")
    async def pay(usd: int) -> str:
        paid.append(usd)
        if error is not None and len(paid) == 1:
            raise error
        return f"paid {usd}, receipt {len(paid)}"

    return pay


async def lead(
    *replies: Answer,
    pay: Callable[[list[int]], FunctionTool] = paying,
    agent: Agent = LEAD,
    found: str = "WHAT THE CHILD FOUND",
) -> Ended:
    """What came of a lead with these replies, whose workers all say the same."""
    paid: list[int] = []
    left = list(replies)
    requests: list[ModelRequest] = []

    def answer(request: ModelRequest) -> Answer:
        if "WORKER" in request.system:
            return found
        requests.append(request)
        return left.pop(0)

    model = RepliesWith(answer)
    async with open_rig(model, agents=[agent, WORKER], tools=[pay(paid)]) as rig:
        handle = await rig.sessions.spawn(Task("lead", "go"))
        result = await handle.wait()
        children = len(await rig.sessions.list(Filter(parent=handle.key)))
    assert not left
    return Ended(result, paid, children, requests)


def texts(request: ModelRequest) -> str:
    return "\n".join(message.text for message in request.messages)


def results(request: ModelRequest) -> Sequence[str]:
    return [str(part) for part in request.messages[-1].parts]


async def test_a_second_attempt_pays_and_spawns_nothing_again() -> None:
    first = asks(PAY, SPAWN), asks(YIELD), "a long answer"
    again = asks(replace(PAY, id="q"), replace(SPAWN, id="t")), "ok"

    ended = await lead(*first, *again)

    assert ended.result.status is RunStatus.DONE
    assert ended.paid == [3]
    assert ended.children == 1
    assert "paid 3, receipt 1" in results(ended.requests[-1])[0]


async def test_a_second_attempt_is_told_of_payments_and_of_what_children_found() -> None:
    ended = await lead(asks(PAY, SPAWN), asks(YIELD), "a long answer", "ok")

    told = texts(ended.requests[-1])
    assert 'pay {"usd":3} returned:\npaid 3, receipt 1' in told
    assert "WHAT THE CHILD FOUND" in told


async def test_a_report_that_nobody_asked_for_is_told_to_the_next_attempt() -> None:
    ended = await lead(asks(SPAWN), "draft", "a long answer", "ok")

    assert "WHAT THE CHILD FOUND" in texts(ended.requests[-1])


async def test_a_report_that_is_too_long_to_be_told_again_is_given_again() -> None:
    spawns = asks(*(replace(SPAWN, id=str(n)) for n in range(3)))
    told = "WHAT THE CHILD FOUND " * 400

    ended = await lead(spawns, asks(YIELD), "a long answer", "ok", "ok", found=told)

    assert ended.result.status is RunStatus.DONE
    assert told[:7_000] in ended.requests[-1].messages[-1].text


async def test_a_second_payment_of_the_same_amount_is_made() -> None:
    ended = await lead(asks(PAY), "a long answer", asks(PAY, replace(PAY, id="q")), "ok")

    assert ended.paid == [3, 3]
    assert "receipt 2" in results(ended.requests[-1])[1]


async def test_a_payment_that_failed_may_be_made_again() -> None:
    def pay(paid: list[int]) -> FunctionTool:
        return paying(paid, ValueError("no money"))

    ended = await lead(asks(PAY), "a long answer", asks(PAY), "ok", pay=pay)

    assert ended.paid == [3, 3]
    assert "pay" in texts(ended.requests[2])
    assert "no money" in texts(ended.requests[2])


async def test_a_payment_that_gave_no_result_in_time_is_not_made_again() -> None:
    def pay(paid: list[int]) -> FunctionTool:
        @tool(effect="once")
        async def pay(usd: int) -> str:
            paid.append(usd)
            await asyncio.sleep(1000)
            return "paid"

        return pay

    limits = Limits(attempts=2, call_timeout_seconds=10)
    agent = replace(LEAD, limits=limits)

    ended = await lead(asks(PAY), "a long answer", asks(PAY), "ok", pay=pay, agent=agent)

    assert ended.paid == [3]
    assert "its outcome is unknown and it was not repeated" in results(ended.requests[-1])[0]


async def test_the_next_model_of_a_ladder_knows_what_the_one_before_it_did() -> None:
    paid: list[int] = []
    small = ScriptedModel([asks(PAY), AuthFailed("no key")], name="scripted/small")
    large = ScriptedModel([asks(PAY), "ok"], name="scripted/large")
    agent = replace(LEAD, ladder=("scripted/small", "scripted/large"), policy=Policy())

    async with open_rig(small, large, agents=[agent], tools=[paying(paid)]) as rig:
        result = await (await rig.sessions.spawn(Task("lead", "go"))).wait()

    assert result.status is RunStatus.DONE
    assert paid == [3]
    assert "receipt 1" in texts(large.requests[0])


async def test_the_retry_of_a_dead_letter_pays_and_spawns_nothing_again() -> None:
    paid: list[int] = []
    left: list[Answer] = [
        asks(PAY, SPAWN),
        asks(YIELD),
        AuthFailed("no key"),
        asks(PAY, SPAWN),
        "ok",
    ]
    requests: list[ModelRequest] = []

    def answer(request: ModelRequest) -> Answer:
        if "WORKER" in request.system:
            return "WHAT THE CHILD FOUND"
        requests.append(request)
        return left.pop(0)

    async with open_rig(RepliesWith(answer), agents=[LEAD, WORKER], tools=[paying(paid)]) as rig:
        await (await rig.sessions.spawn(Task("lead", "go"))).wait()
        (letter,) = await rig.sessions.dead_letters()
        result = await (await rig.sessions.retry(letter)).wait()
        workers = [row for row in await rig.sessions.list() if row.session.agent.name == "worker"]

    assert result.status is RunStatus.DONE
    assert paid == [3]
    assert len(workers) == 1
    assert "receipt 1" in texts(requests[3])
    assert "WHAT THE CHILD FOUND" in texts(requests[3])


async def test_the_retry_of_a_dead_letter_spawns_again_what_is_not_done() -> None:
    left: list[Answer] = [asks(SPAWN), AuthFailed("no key"), asks(SPAWN), asks(YIELD), "ok"]

    def answer(request: ModelRequest) -> Answer:
        if "WORKER" in request.system:
            return "WHAT THE CHILD FOUND" if len(left) < 4 else StreamCut("cut")
        return left.pop(0)

    model = RepliesWith(answer, latency_seconds=10)
    async with open_rig(model, agents=[LEAD, WORKER], tools=[paying([])]) as rig:
        await (await rig.sessions.spawn(Task("lead", "go"))).wait()
        (letter,) = await rig.sessions.dead_letters()
        result = await (await rig.sessions.retry(letter)).wait()
        workers = [row for row in await rig.sessions.list() if row.session.agent.name == "worker"]

    assert result.status is RunStatus.DONE
    assert len(workers) == 2


PAYER = replace(WORKER, tools=("pay",))


@pytest.mark.parametrize("retries", [1, 2])
async def test_a_child_that_a_retry_spawns_again_pays_nothing_again(retries: int) -> None:
    paid: list[int] = []
    lead_fails = [asks(SPAWN), asks(YIELD), AuthFailed("no key")]
    lead_replies: list[Answer] = [*lead_fails * retries, asks(SPAWN), asks(YIELD), "ok"]
    child_fails = [asks(PAY), AuthFailed("no key")]
    child_replies: list[Answer] = [*child_fails * retries, asks(PAY), "WHAT THE CHILD FOUND"]
    requests: list[ModelRequest] = []

    def answer(request: ModelRequest) -> Answer:
        if "WORKER" not in request.system:
            return lead_replies.pop(0)
        requests.append(request)
        return child_replies.pop(0)

    async with open_rig(RepliesWith(answer), agents=[LEAD, PAYER], tools=[paying(paid)]) as rig:
        result = await (await rig.sessions.spawn(Task("lead", "go"))).wait()
        for _ in range(retries):
            letter = max(await rig.sessions.dead_letters(), key=lambda letter: letter.at)
            result = await (await rig.sessions.retry(letter)).wait()

    assert result.status is RunStatus.DONE
    assert not child_replies
    assert paid == [3]
    assert "receipt 1" in texts(requests[-1])


async def test_a_child_that_a_retry_afresh_spawns_again_does_everything_again() -> None:
    paid: list[int] = []
    lead_fails = [asks(SPAWN), asks(YIELD), AuthFailed("no key")]
    lead_replies: list[Answer] = [*lead_fails, asks(SPAWN), asks(YIELD), "ok"]
    child_replies: list[Answer] = [asks(PAY), AuthFailed("no key"), asks(PAY), "found"]

    def answer(request: ModelRequest) -> Answer:
        return (child_replies if "WORKER" in request.system else lead_replies).pop(0)

    async with open_rig(RepliesWith(answer), agents=[LEAD, PAYER], tools=[paying(paid)]) as rig:
        await (await rig.sessions.spawn(Task("lead", "go"))).wait()
        (letter,) = await rig.sessions.dead_letters()
        await (await rig.sessions.retry(letter, afresh=True)).wait()

    assert paid == [3, 3]


async def test_a_retry_afresh_does_everything_again() -> None:
    paid: list[int] = []
    model = ScriptedModel([asks(PAY), AuthFailed("no key"), asks(PAY), "ok"])
    agent = replace(LEAD, policy=Policy())

    async with open_rig(model, agents=[agent], tools=[paying(paid)]) as rig:
        await (await rig.sessions.spawn(Task("lead", "go"))).wait()
        (letter,) = await rig.sessions.dead_letters()
        await (await rig.sessions.retry(letter, afresh=True)).wait()

    assert paid == [3, 3]
    assert texts(model.requests[2]) == "go"


async def test_the_retry_of_a_dead_letter_is_told_all_of_a_long_result() -> None:
    page = "".join(f"line {number}\n" for number in range(1_500))

    @tool
    async def read_page() -> str:
        """Read the page."""
        return page

    read = ToolCall("r", "read_page", {})
    left: list[Answer] = [asks(read), AuthFailed("no key"), asks(read), "ok"]
    model = RepliesWith(lambda _: left.pop(0))
    reader = replace(LEAD, tools=("read_page",), policy=Policy())

    async with open_rig(model, agents=[reader], tools=[read_page]) as rig:
        await (await rig.sessions.spawn(Task("lead", "go"))).wait()
        (letter,) = await rig.sessions.dead_letters()
        await (await rig.sessions.retry(letter)).wait()

    parts = model.requests[-1].messages[-1].parts
    assert any(isinstance(part, ToolResult) and page in part.content for part in parts)
