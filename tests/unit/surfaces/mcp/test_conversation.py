"""Conversation: what each message of a client over stdio is answered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.surfaces.mcp.conversation import (
    MOST_BYTES,
    MOST_CALLS,
    VERSIONS,
    Conversation,
)


class Client:
    """A client whose tool `wait` answers when it is told to, and `say` at once."""

    def __init__(self) -> None:
        self.heard: list[Mapping[str, Any]] = []
        self.stop = asyncio.Event()
        self.go = asyncio.Event()
        self.ended = 0
        self.conversation = Conversation(self._call, self._hear, self.stop)

    def _hear(self, message: JsonObject) -> None:
        self.heard.append(message)

    async def _call(self, name: str, arguments: JsonObject) -> JsonObject:
        try:
            if name == "wait":
                await self.go.wait()
        finally:
            self.ended += 1
        return {"status": "ok", **arguments}

    def say(self, method: str, number: object = 1, **params: object) -> None:
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        self.conversation.hear(orjson.dumps(message))

    def note(self, method: str, **params: object) -> None:
        self.conversation.hear(orjson.dumps({"method": method, "params": params}))

    async def answers(self) -> list[Mapping[str, Any]]:
        await self.conversation.settled(60.0)
        return self.heard


@pytest.mark.parametrize(
    ("asked", "spoken"), [*((each, each) for each in VERSIONS), ("1999-01-01", VERSIONS[-1])]
)
async def test_a_client_is_answered_in_its_version_or_the_newest(asked: str, spoken: str) -> None:
    client = Client()

    client.say("initialize", protocolVersion=asked)

    assert client.heard[0]["result"]["protocolVersion"] == spoken
    assert client.heard[0]["result"]["capabilities"] == {"tools": {"listChanged": False}}


async def test_each_tool_has_a_title_and_says_what_it_answers() -> None:
    client = Client()

    client.say("tools/list")

    for tool in client.heard[0]["result"]["tools"]:
        assert tool["title"]
        assert tool["outputSchema"]["type"] == "object"


async def test_the_text_of_an_answer_is_its_object() -> None:
    client = Client()

    client.say("tools/call", name="say", arguments={"text": "hi"})
    (answer,) = await client.answers()

    assert answer["result"]["structuredContent"] == {"status": "ok", "text": "hi"}
    assert orjson.loads(answer["result"]["content"][0]["text"]) == {"status": "ok", "text": "hi"}
    assert answer["result"]["isError"] is False


@pytest.mark.parametrize(
    ("line", "code", "identity"),
    [
        (b"no JSON", -32700, None),
        (b"[]", -32600, None),
        (b"7", -32600, None),
        (b"{}", -32600, None),
        (b'{"id":true,"method":"ping"}', -32600, None),
        (b'{"id":4,"method":"server/discover"}', -32601, 4),
        (b'{"id":"x","method":"tools/call","params":{}}', -32602, "x"),
        (b'{"id":5,"method":"tools/call","params":{"name":"say","arguments":[1]}}', -32602, 5),
        (b'"' + b"x" * MOST_BYTES, -32600, None),
    ],
)
async def test_what_cannot_be_answered_is_refused_by_the_codes_of_the_protocol(
    line: bytes, code: int, identity: object
) -> None:
    client = Client()

    client.conversation.hear(line)

    assert client.heard[0]["error"]["code"] == code
    assert client.heard[0]["id"] == identity


@pytest.mark.parametrize("line", [b"", b"  \r", b'{"id":1,"result":{}}', b'{"method":"x/y"}'])
async def test_what_asks_for_nothing_is_not_answered(line: bytes) -> None:
    client = Client()

    client.conversation.hear(line)

    assert client.heard == []


async def test_half_a_character_is_answered_with_a_mark_in_its_place() -> None:
    client = Client()

    client.conversation.hear(b'{"id":1,"method":"a\\ud83d","params":{"x":"\\ud83d\\ude00"}}')
    client.conversation.hear(b'{"id":2,"method":"\\ud83d","params":NaN}')

    assert [message["id"] for message in client.heard] == [1, None]
    assert "a\ufffd" in client.heard[0]["error"]["message"]


async def test_a_call_that_is_cancelled_ends_and_is_not_answered() -> None:
    client = Client()
    client.say("tools/call", 7, name="wait")
    await asyncio.sleep(1.0)

    client.note("notifications/cancelled", requestId=7)
    await asyncio.sleep(1.0)

    assert client.ended == 1
    assert client.heard == []


async def test_calls_are_answered_as_they_end() -> None:
    client = Client()

    client.say("tools/call", 1, name="wait")
    client.say("tools/call", 2, name="say")
    await asyncio.sleep(1.0)
    client.go.set()

    assert [answer["id"] for answer in await client.answers()] == [2, 1]


async def test_a_client_that_waits_is_told_of_progress_if_it_asked() -> None:
    client = Client()

    client.say("tools/call", 1, name="wait", _meta={"progressToken": "t"})
    await asyncio.sleep(11.0)
    client.go.set()
    *told, _ = await client.answers()

    assert [(each["method"], each["params"]["progress"]) for each in told] == [
        ("notifications/progress", 5.0),
        ("notifications/progress", 10.0),
    ]


async def test_calls_that_wait_are_answered_when_the_server_stops() -> None:
    client = Client()
    client.say("tools/call", 1, name="wait")
    await asyncio.sleep(1.0)

    client.stop.set()
    (answer,) = await client.answers()

    assert answer["result"]["isError"] is True
    assert "The server is stopping." in answer["result"]["content"][0]["text"]


async def test_no_more_calls_are_begun_than_can_be_answered() -> None:
    client = Client()

    for number in range(MOST_CALLS + 1):
        client.say("tools/call", number, name="wait")

    assert [each["error"]["code"] for each in client.heard] == [-32000]
    client.go.set()
    assert len(await client.answers()) == MOST_CALLS + 1
