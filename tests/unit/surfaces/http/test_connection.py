"""Connection: a client that does not send its request in time loses its connection, and no other does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from typing_extensions import override
from uvicorn.server import ServerState

from parallel_agents.surfaces.http.connection import BODY_SECONDS, HEAD_SECONDS, BoundedConnection

HEAD = b"POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\n"
SLOW_SECONDS = 1000.0


class Wire(asyncio.Transport):
    """A transport that notes what is sent, and when it was aborted."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.aborted_at: float | None = None

    @override
    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    @override
    def abort(self) -> None:
        self.aborted_at = asyncio.get_running_loop().time()

    @override
    def close(self) -> None: ...

    @override
    def is_closing(self) -> bool:
        return False

    @override
    def pause_reading(self) -> None: ...

    @override
    def resume_reading(self) -> None: ...


async def answer_slowly(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(SLOW_SECONDS)
    await PlainTextResponse("done")(scope, receive, send)


def connect() -> tuple[BoundedConnection, Wire]:
    config = uvicorn.Config(answer_slowly, lifespan="off", log_config=None, ws="none")
    config.load()
    connection, wire = BoundedConnection(config, ServerState(), {}), Wire()
    connection.connection_made(wire)
    return connection, wire


async def lost_after(wire: Wire, seconds: float) -> float | None:
    """Seconds after which the connection was lost; None if it was not within that time."""
    began = asyncio.get_running_loop().time()
    await asyncio.sleep(seconds)
    return None if wire.aborted_at is None else wire.aborted_at - began


async def test_a_client_that_says_nothing_is_left() -> None:
    connection, wire = connect()

    assert await lost_after(wire, 100) == HEAD_SECONDS
    connection.connection_lost(None)


async def test_a_byte_now_and_then_gives_no_more_time() -> None:
    connection, wire = connect()
    began = asyncio.get_running_loop().time()

    for byte in HEAD[:30]:
        connection.data_received(bytes([byte]))
        await asyncio.sleep(1)

    assert wire.aborted_at == pytest.approx(began + HEAD_SECONDS)
    connection.connection_lost(None)


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    connection, wire = connect()
    connection.data_received(HEAD + b"ab")

    assert await lost_after(wire, 100) == BODY_SECONDS
    connection.connection_lost(None)


async def test_an_answer_may_take_its_time() -> None:
    connection, wire = connect()
    connection.data_received(HEAD + b"abcd")

    assert await lost_after(wire, SLOW_SECONDS + 1) is None
    assert wire.sent.endswith(b"done")
    connection.connection_lost(None)


async def test_the_next_request_of_a_connection_has_a_limit_too() -> None:
    connection, wire = connect()
    connection.data_received(HEAD + b"abcd")
    await asyncio.sleep(SLOW_SECONDS + 1)

    connection.data_received(HEAD[:10])

    assert await lost_after(wire, 100) == HEAD_SECONDS
    connection.connection_lost(None)
