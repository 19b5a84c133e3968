"""A session of very many messages continues, at a server that refuses what its context cannot hold.

The server counts and refuses as real ones do, and complains of each request that they refuse for
another reason: a result without its call, a call without its result, no message of a user at last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Body, Replied, Shortened
from parallel_agents.core.message import ToolCall
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.summary import SUMMARY_BEGINS
from parallel_agents.core.task import Task
from parallel_agents.core.usage import Usage
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.settings import Settings
from parallel_agents.testing.behaviour import Behaviour, Fault, HttpError, Reply
from parallel_agents.testing.provider import LoopbackProvider
from parallel_agents.testing.rig import open_rig

pytestmark = pytest.mark.real_time

CLERK = Agent(
    name="clerk",
    description="Answers",
    instructions="You are a clerk.",
    tools=("look", "read_file"),
)
PERSISTENT = SessionOptions(mode=Mode.SESSION)
WORDS = "tea is good and the shop in the old town has all of it "


async def look(what: str) -> str:
    """Look something up."""
    return f"{what}: " + WORDS * 40


def counted(body: JsonObject) -> int:
    """The tokens of a request, as a tokenizer of three bytes a token counts it."""
    sent = {name: body[name] for name in ("messages", "tools") if name in body}
    return len(orjson.dumps(sent)) // 3


@dataclass(slots=True)
class Server:
    """A server with a context of so many tokens; `faults` are what no real one would take.

    Attributes:
        says: whether a refusal names the size of the context.
        counts: whether replies have a usage, and a true one.
    """

    context: int
    answer: Callable[[JsonObject], Reply]
    says: bool = True
    counts: bool = True
    refused: int = 0
    largest: int = 0
    faults: Counter[str] = field(default_factory=Counter[str])

    @property
    def behaviour(self) -> Behaviour:
        return Behaviour(answer=self.answer, fault=self.fault, usage=self.usage)

    def usage(self, body: JsonObject) -> Usage:
        said = self.answer(body)
        reply = len(said) // 3 if isinstance(said, str) else 30
        return Usage(counted(body), reply) if self.counts else Usage()

    def fault(self, number: int, body: JsonObject) -> Fault | None:
        del number
        self.check(objects_at(body, "messages"))
        most = body.get("max_tokens") or body.get("max_completion_tokens")
        tokens = counted(body) + (most if isinstance(most, int) else 0)
        if tokens > self.context:
            self.refused += 1
            named = f"This model's maximum context length is {self.context} tokens. However, "
            text = "you requested too many; the maximum context length is exceeded"
            return HttpError(400, named + text if self.says else text)
        self.largest = max(self.largest, tokens)
        return None

    def check(self, messages: Sequence[JsonObject]) -> None:
        open_calls: set[str] = set()
        for message in messages:
            if message.get("role") == "tool":
                call = text_at(message, "tool_call_id")
                self.faults["a result without a call"] += call not in open_calls
                open_calls.discard(call)
                continue
            self.faults["a call without a result"] += bool(open_calls)
            open_calls = {text_at(call, "id") for call in objects_at(message, "tool_calls")}
        self.faults["a call without a result"] += bool(open_calls)
        self.faults["no message at last"] += messages[-1].get("role") == "assistant"
        summaries = [m for m in messages if SUMMARY_BEGINS in str(m.get("content"))]
        self.faults["two summaries"] += len(summaries) > 1 and not asks_for_summary(messages)


def asks_for_summary(messages: Sequence[JsonObject]) -> bool:
    return "Write the summary of the record." in str(messages[-1].get("content"))


def answers(body: JsonObject) -> Reply:
    """Every fifth message leads to a call; each answer repeats the message that it is for."""
    messages = objects_at(body, "messages")
    last = str(messages[-1].get("content"))
    if asks_for_summary(messages):
        kept = [word for word in last.split() if word.startswith("fact-")]
        return "Asked: keep " + " ".join(dict.fromkeys(kept))
    if messages[-1].get("role") == "user" and last.endswith("0"):
        return (ToolCall(f"call-{len(messages)}", "look", {"what": last[-6:]}),)
    asked = next(str(m["content"]) for m in reversed(messages) if m.get("role") == "user")
    return f"to {asked}: {WORDS * 8}"


async def talk(
    server: Server, messages: int, *, context_tokens: int | None, summaries: bool = True
) -> tuple[list[Result], list[Body]]:
    """The results of so many messages to one session, and its events' bodies."""
    async with LoopbackProvider(server.behaviour, keeps_requests=False) as provider:
        sized: JsonObject = {"m": {"context_tokens": context_tokens}}
        acme: dict[str, Json] = {"base_url": provider.base_url, "wire": "chat"}
        if context_tokens is not None:
            acme["models"] = sized
        settings = Settings(model="acme/m", providers={"acme": acme}, summaries=summaries)
        async with open_rig(agents=[CLERK], tools=[look], settings=settings) as rig:
            handle = await rig.sessions.spawn(
                Task("clerk", "the secret is fact-17", options=PERSISTENT)
            )
            results = [await handle.wait()]
            for number in range(1, messages):
                await handle.send(f"message number {number}")
                results.append(await handle.wait())
            events = [event.body async for event in rig.sessions.follow(handle)]
    return results, events


def summaries_in(bodies: Sequence[Body]) -> list[Replied]:
    return [body for body in bodies if isinstance(body, Replied) and body.is_summary]


async def test_a_session_of_very_many_messages_is_never_refused(
    pytestconfig: pytest.Config,
) -> None:
    server = Server(8_192, answers)
    count = 1_000 if pytestconfig.getoption("--long") else 500

    results, bodies = await talk(server, count, context_tokens=8_192)

    assert Counter(result.status for result in results) == {RunStatus.DONE: count}
    assert results[-1].text.startswith(f"to message number {count - 1}: ")
    assert server.refused == 0
    assert server.largest > 5_000
    assert not +server.faults
    written = summaries_in(bodies)
    assert count / 50 < len(written) < count / 8
    assert all("fact-17" in reply.message.text for reply in written)


@pytest.mark.parametrize(
    ("says", "counts", "context_tokens", "summaries", "most_refusals"),
    [
        pytest.param(True, True, None, True, 1, id="the first refusal names the context"),
        pytest.param(False, True, None, True, 40, id="no refusal names it"),
        pytest.param(True, False, 8_192, True, 3, id="no reply is counted"),
        pytest.param(False, False, None, False, 40, id="nothing is known and nothing summarized"),
        pytest.param(True, True, 1_000_000, True, 1, id="the configuration is wrong"),
    ],
)
async def test_refusals_cost_a_call_and_never_a_run(
    *, says: bool, counts: bool, context_tokens: int | None, summaries: bool, most_refusals: int
) -> None:
    server = Server(8_192, answers, says=says, counts=counts)

    results, bodies = await talk(server, 200, context_tokens=context_tokens, summaries=summaries)

    assert Counter(result.status for result in results) == {RunStatus.DONE: 200}
    assert server.refused <= most_refusals
    assert not +server.faults
    assert sum(isinstance(body, Shortened) for body in bodies) >= 4
    assert bool(summaries_in(bodies)) is summaries
