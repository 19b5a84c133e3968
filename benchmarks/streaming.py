"""A streamed call of 37 chunks: by the wire with a listener, and by a bare loop that reads the same."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
import orjson
from typing_extensions import override

from benchmarks.provider import MODEL_OF_STREAMS, STREAMED
from parallel_agents.core.message import user
from parallel_agents.core.model import Listener, ModelRequest
from parallel_agents.models.http import Http
from parallel_agents.models.providers import Endpoint, Wire
from parallel_agents.models.wires.model import WireModel

REQUEST = {
    "model": MODEL_OF_STREAMS,
    "messages": [{"role": "user", "content": "Say something."}],
    "stream": True,
    "stream_options": {"include_usage": True},
}


class Reader(Listener):
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.pieces: list[str] = []

    @property
    @override
    def wants_text(self) -> bool:
        return True

    @property
    @override
    def keeps_text(self) -> bool:
        return True

    @override
    def text(self, piece: str) -> None:
        self.pieces.append(piece)


async def by_the_wire(url: str, *, calls: int, at_once: int) -> None:
    http = Http()
    endpoint = Endpoint(provider="bench", wire=Wire.CHAT, base_url=url)
    model = WireModel(f"bench/{MODEL_OF_STREAMS}", endpoint, http)

    async def call() -> None:
        reader = Reader()
        reply = await model.respond(ModelRequest(messages=(user("Say something."),)), reader)
        assert reply.message.text == "".join(reader.pieces) == STREAMED

    try:
        await _in_turns(call, calls, at_once)
    finally:
        await http.aclose()


async def by_a_bare_loop(url: str, *, calls: int, at_once: int) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call() -> None:
            text: list[str] = []
            headers = {"Content-Type": "application/json"}
            async with session.post(
                f"{url}/chat/completions", data=orjson.dumps(REQUEST), headers=headers
            ) as response:
                async for line in response.content:
                    if line.startswith(b"data: {"):
                        choices = orjson.loads(line[6:])["choices"]
                        text.extend(choice["delta"].get("content") or "" for choice in choices)
            assert "".join(text) == STREAMED

        await _in_turns(call, calls, at_once)


async def _in_turns(call: Callable[[], Awaitable[None]], calls: int, at_once: int) -> None:
    left = iter(range(calls))

    async def caller() -> None:
        for _ in left:
            await call()

    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(caller())
