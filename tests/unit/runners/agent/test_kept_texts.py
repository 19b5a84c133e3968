"""What a model was told in part it can read on, by the path that the mark of the cut names."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.message import ToolCall, ToolResult
from parallel_agents.core.model import Capabilities, ModelRequest
from parallel_agents.core.permission import NO_PERMISSIONS, Permissions
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import Task
from parallel_agents.core.tokens import tokens_of
from parallel_agents.errors import ContextTooLong
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, RepliesWith, open_rig

SMALL = Capabilities(context_tokens=4_096)
LINES = "\n".join(f"line {number}: tea is good" for number in range(3_000))
_ASKS = re.compile(r"read it with read_file (\{.*?\})|read on with offset (\d+)")


def an_agent(permissions: Permissions = NO_PERMISSIONS) -> Agent:
    return Agent(
        name="caller",
        description="Calls",
        instructions="Call.",
        tools=("report", "read_file"),
        permissions=permissions,
    )


async def report() -> str:
    """A report that is too long."""
    return LINES


def last_result(request: ModelRequest) -> str:
    part = request.messages[-1].parts[0]
    return part.content if isinstance(part, ToolResult) else ""


async def pages_of(agent: Agent, first: str = "report") -> list[str]:
    """The results that an agent gets which calls a tool and then reads on until the end."""
    results: list[str] = []
    path: list[str] = []

    def answer(request: ModelRequest) -> Answer:
        if len(request.messages) == 1:
            return ToolCall("1", first, {})
        results.append(last_result(request))
        number = str(len(results) + 1)
        if (found := _ASKS.findall(results[-1])) and len(results) < 400:
            asks, offset = found[-1]
            arguments: JsonObject = orjson.loads(asks) if asks else {"offset": int(offset)}
            path.append(str(arguments.get("path", path[-1] if path else "")))
            return ToolCall(number, "read_file", {**arguments, "path": path[-1]})
        return "done"

    model = RepliesWith(answer, capabilities=SMALL)
    settings = Settings(max_turns=500, summaries=False)
    async with open_rig(model, agents=[agent], tools=[report], settings=settings) as rig:
        result = await (await rig.sessions.spawn(Task("caller", "go"))).wait()
    assert result.status is RunStatus.DONE, result.error
    return results


async def test_the_whole_of_a_long_result_can_be_read_page_by_page() -> None:
    first, *pages = await pages_of(an_agent())

    head = first.split("\n[")[0]
    read = "\n".join(line for page in pages for line in page.split("\n") if line[:1] != "[")
    assert "characters left out here; read it with read_file" in first
    assert len(pages) > 10
    assert read.startswith(head.rsplit("\n", 1)[-1][:8])
    assert read.endswith("line 2999: tea is good")
    assert LINES.endswith(read)


async def test_no_page_is_cut_again() -> None:
    _, *pages = await pages_of(an_agent())

    assert not [page for page in pages if "left out here" in page]


@pytest.mark.parametrize(
    ("permissions", "is_read"),
    [
        pytest.param(Permissions(allow=("read_file(docs/**)", "report")), True, id="not allowed"),
        pytest.param(Permissions(ask=("read_file",)), True, id="asked about"),
        pytest.param(Permissions(deny=("read_file",)), False, id="denied"),
    ],
)
async def test_only_a_rule_that_denies_keeps_an_agent_from_reading_what_it_was_told(
    permissions: Permissions, *, is_read: bool
) -> None:
    _, page, *_ = await pages_of(an_agent(permissions=permissions))

    assert ("tea is good" in page) is is_read


async def read_once(paths: Sequence[str]) -> list[str]:
    """What an agent reads under paths in which RUN stands for the start of its run's id."""
    results: list[str] = []

    def answer(request: ModelRequest) -> Answer:
        if len(request.messages) == 1:
            return ToolCall("1", "report", {})
        found = last_result(request)
        if (mark := _ASKS.search(found)) is not None and mark[1]:
            results.append(orjson.loads(mark[1])["path"].split("/")[1])
            return [
                ToolCall(str(number), "read_file", {"path": path.replace("RUN", results[-1])})
                for number, path in enumerate(paths)
            ]
        parts = request.messages[-1].parts
        results.extend(part.content for part in parts if isinstance(part, ToolResult))
        return "done"

    async with open_rig(
        RepliesWith(answer, capabilities=SMALL), agents=[an_agent()], tools=[report]
    ) as rig:
        await (await rig.sessions.spawn(Task("caller", "what the task was"))).wait()
    return results[1:]


async def test_the_task_and_messages_are_kept_too_and_nothing_else_is_found() -> None:
    task, gone, other = await read_once(
        ["@kept/RUN/queued", "@kept/RUN/turn-9/call/9", "@kept/00000000/queued"]
    )

    assert task == "what the task was"
    assert gone.endswith("this session keeps nothing under " + gone.rsplit(" ", 1)[-1])
    assert "keeps nothing under @kept/00000000/queued" in other


async def test_what_another_session_keeps_is_not_read() -> None:
    """The store is shared by all sessions; a path is one of the caller's own."""
    seen: list[str] = []

    def answer(request: ModelRequest) -> Answer:
        if len(request.messages) == 1 and seen:
            return ToolCall("1", "read_file", {"path": seen[0]})
        if len(request.messages) == 1:
            return ToolCall("1", "report", {})
        if (mark := _ASKS.search(last_result(request))) is not None and mark[1]:
            seen.append(orjson.loads(mark[1])["path"])
        return last_result(request) or "done"

    async with open_rig(
        RepliesWith(answer, capabilities=SMALL), agents=[an_agent()], tools=[report]
    ) as rig:
        await (await rig.sessions.spawn(Task("caller", "go"))).wait()
        result = await (await rig.sessions.spawn(Task("caller", "go on"))).wait()

    assert seen
    assert result.text == f"this session keeps nothing under {seen[0]}"


async def test_an_old_result_that_was_told_whole_is_folded_to_a_path() -> None:
    async def look() -> str:
        return "\n".join(f"line {number}: tea is good" for number in range(100))

    def answer(request: ModelRequest) -> Answer:
        marks = [
            mark[1]
            for message in request.messages
            for part in message.parts
            if isinstance(part, ToolResult) and (mark := _ASKS.search(part.content))
        ]
        if not marks:
            return ToolCall(str(len(request.messages)), "look", {})
        newest = request.messages[-1].parts[0]
        if isinstance(newest, ToolResult) and newest.call_id == "read":
            return newest.content
        return ToolCall("read", "read_file", orjson.loads(marks[0]))

    agent = Agent(name="a", description="Calls", instructions="Call.", tools=("look", "read_file"))
    model = RepliesWith(answer, capabilities=Capabilities(context_tokens=8_192))
    plain = Settings(summaries=False)
    async with open_rig(model, agents=[agent], tools=[look], settings=plain) as rig:
        result = await (await rig.sessions.spawn(Task("a", "go"))).wait()

    assert result.status is RunStatus.DONE, result.error
    assert result.text.startswith("line 0: tea is good\nline 1: ")
    assert "line 60: tea is good" in result.text


async def test_a_message_that_would_fill_the_context_is_cut_and_kept() -> None:
    long = "\n".join(f"rule {number}: tea is good" for number in range(2_000))

    async def wait_a_little() -> str:
        await asyncio.sleep(5)
        return "waited"

    def answer(request: ModelRequest) -> Answer:
        text = request.messages[-1].text
        if len(request.messages) == 1:
            return ToolCall("1", "wait_a_little", {})
        if (mark := _ASKS.search(text)) is not None:
            return ToolCall("2", "read_file", {**orjson.loads(mark[1]), "offset": 1_990})
        return last_result(request)

    tools = ("wait_a_little", "read_file")
    agent = Agent(name="a", description="Waits", instructions="Wait.", tools=tools)
    model = RepliesWith(answer, capabilities=SMALL)
    async with open_rig(model, agents=[agent], tools=[wait_a_little]) as rig:
        handle = await rig.sessions.spawn(Task("a", "go"))
        await asyncio.sleep(1)
        await handle.steer(long)
        result = await handle.wait()

    assert result.status is RunStatus.DONE, result.error
    assert len(model.requests[1].messages[-1].text) < 8_000
    assert result.text.endswith("rule 1999: tea is good")


def unless_too_long(request: ModelRequest, answer: Answer) -> Answer:
    """An answer of a server with 4,096 tokens, which refuses what does not fit."""
    tokens = tokens_of(request.messages)
    return ContextTooLong(f"{tokens} tokens") if tokens > 4_096 else answer


async def test_sixty_calls_in_one_reply_are_folded_and_their_results_can_be_read() -> None:
    async def look(what: str) -> str:
        return f"{what}: " + "tea is good and the shop has it, " * 3

    def answer(request: ModelRequest) -> Answer:
        if len(request.messages) == 1:
            return [ToolCall(str(n), "look", {"what": f"page {n} of it"}) for n in range(60)]
        if (found := _ASKS.search(request.messages[-3].text)) is None:
            return unless_too_long(request, last_result(request))
        path = str(orjson.loads(found[1])["path"])
        return ToolCall("read", "read_file", {"path": path.replace("/N", "/1")})

    agent = Agent(name="a", description="Calls", instructions="Call.", tools=("look", "read_file"))
    model, plain = RepliesWith(answer, capabilities=SMALL), Settings(summaries=False)
    async with open_rig(model, agents=[agent], tools=[look], settings=plain) as rig:
        result = await (await rig.sessions.spawn(Task("a", "go"))).wait()

    assert result.status is RunStatus.DONE, result.error
    assert result.text.startswith("page 0 of it: tea is good and the shop has it, tea")
    assert all(tokens_of(request.messages) < 4_096 for request in model.requests)


async def test_five_long_messages_never_end_a_run() -> None:
    async def wait_a_little() -> str:
        await asyncio.sleep(5)
        return "waited"

    def answer(request: ModelRequest) -> Answer:
        if len(request.messages) == 1:
            return ToolCall("1", "wait_a_little", {})
        return unless_too_long(request, request.messages[-1].text[:9])

    tools = ("wait_a_little", "read_file")
    agent = Agent(name="a", description="Waits", instructions="Wait.", tools=tools)
    model = RepliesWith(answer, capabilities=SMALL)
    async with open_rig(model, agents=[agent], tools=[wait_a_little]) as rig:
        handle = await rig.sessions.spawn(Task("a", "go"))
        await asyncio.sleep(1)
        for number in range(5):
            await handle.steer(f"message {number}: " + "tea is good, " * 245)
        result = await handle.wait()

    assert result.status is RunStatus.DONE, result.error
    assert result.text == "message 4"
    assert tokens_of(model.requests[-1].messages) < 3_000


async def test_a_task_that_cannot_fit_fails_before_any_call() -> None:
    model = RepliesWith(lambda _: "done", capabilities=SMALL)
    agent = Agent(name="a", description="Answers", instructions="Answer.")
    async with open_rig(model, agents=[agent]) as rig:
        result = await (await rig.sessions.spawn(Task("a", "tea is good " * 5_000))).wait()

    assert result.error is not None
    assert result.error.code == "PA-E204"
    assert "the model's context has 4,096" in result.error.message
    assert "files that the agent reads in parts" in result.error.hint
    assert model.requests == []
