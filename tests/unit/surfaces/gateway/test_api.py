"""API: a stream ends with its client: with one that leaves, and with one that takes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.types import Message

from parallel_agents.surfaces.gateway.access import Access, Actor
from parallel_agents.surfaces.gateway.api import Api
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Nothing
from parallel_agents.surfaces.gateway.guard import ACTOR
from parallel_agents.surfaces.gateway.replies import Stream
from parallel_agents.surfaces.gateway.routes import Form, Route, handled

SCOPE: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/drip",
    "raw_path": b"/drip",
    "query_string": b"",
    "headers": [],
    ACTOR: Actor(Access.READ, "127.0.0.1"),
}


class Dripping:
    """A route whose stream has no end, and says when it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    async def answer(self, _: Call, __: Nothing) -> Stream:
        return Stream(pieces=self._drops(), media_type="text/event-stream")

    async def _drops(self) -> AsyncGenerator[bytes]:
        try:
            while True:
                yield b"drop"
                await asyncio.sleep(1)
        finally:
            self.is_closed = True

    @property
    def api(self) -> Api:
        route = Route(
            method="GET",
            path="/drip",
            name="drip",
            does="Drips.",
            takes=Nothing,
            gives=str,
            form=Form.STREAM,
            answer=handled(Nothing, self.answer),
            prefix="",
        )
        return Api(None, [route])  # pyright: ignore[reportArgumentType] - the route asks it nothing


async def test_a_client_that_takes_nothing_for_half_a_minute_is_cut_off() -> None:
    dripping, loop = Dripping(), asyncio.get_running_loop()
    begun = loop.time()

    async def receive() -> Message:
        return await loop.create_future()

    async def send(message: Message) -> None:
        if message.get("body"):
            await loop.create_future()

    with pytest.raises(TimeoutError):
        await dripping.api(SCOPE, receive, send)

    assert loop.time() - begun == pytest.approx(30)
    assert dripping.is_closed


async def test_a_stream_ends_when_its_client_leaves_though_sending_never_fails() -> None:
    dripping = Dripping()
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(3.5)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    await dripping.api(SCOPE, receive, send)

    assert len([each for each in sent if each.get("body")]) == 4
    assert dripping.is_closed
