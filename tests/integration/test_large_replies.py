"""A reply that is larger than any that a model writes is cut off while it arrives."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

import parallel_agents as pa
from parallel_agents.core.schema import Json, JsonObject

EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
DOCUMENT = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
REFUSAL = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
MOST_SENT = 320 << 20
MIB = 1 << 20


class Server(NamedTuple):
    """A server that sends one endless reply to all requests, and how much of it was taken."""

    url: str
    sent: list[int]

    def settings(self) -> dict[str, Json]:
        provider: JsonObject = {"wire": "chat", "base_url": self.url}
        return {"providers": {"here": provider}, "tries": 1}


@asynccontextmanager
async def endless(head: bytes, pieces: Callable[[], Iterator[bytes]]) -> AsyncGenerator[Server]:
    sent: list[int] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        place = len(sent)
        sent.append(0)
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(head)
            for piece in pieces():
                if sent[place] > MOST_SENT:
                    break
                writer.write(piece)
                sent[place] += len(piece)
                await writer.drain()
        except ConnectionError:
            pass  # what is asked for: the client has closed the connection
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield Server(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", sent)


def event(delta: JsonObject) -> bytes:
    return b"data: " + orjson.dumps({"choices": [{"index": 0, "delta": delta}]}) + b"\n\n"


def text() -> Iterator[bytes]:
    while True:
        yield event({"content": "word " * 4_000})


def thinking() -> Iterator[bytes]:
    while True:
        yield event({"reasoning_details": [{"type": "reasoning.text", "data": "d" * 20_000}]})


def calls() -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        function = {"name": "look", "arguments": "{}"}
        yield event({"tool_calls": [{"index": number, "id": f"c{number}", "function": function}]})


def comments() -> Iterator[bytes]:
    while True:
        yield b": %b\n" % (b"keep-alive " * 100) * 100


def one_event() -> Iterator[bytes]:
    yield b'data: {"choices": [{"index": 0, "delta": {"content": "'
    while True:
        yield b"x" * 65_536


def document() -> Iterator[bytes]:
    yield b'{"choices": [{"message": {"content": "'
    while True:
        yield b"x" * 65_536


def bomb() -> Iterator[bytes]:
    yield b'{"choices": ['
    while True:
        yield b"{}," * 20_000


def error_text() -> Iterator[bytes]:
    yield b'{"error": {"message": "'
    while True:
        yield b"no " * 20_000


def error_list() -> Iterator[bytes]:
    yield b'{"errors": ['
    number = 0
    while True:
        number += 1
        yield b'{"message": "wrong %d"},' % number * 100


async def ask(server: Server, home: Path, *, attempts: int = 1) -> pa.Result:
    agent = pa.Agent(
        name="a", description="d", instructions="A", limits=pa.Limits(attempts=attempts)
    )
    async with pa.open(home=home, model="here/m", agents=[agent], settings=server.settings()) as s:
        handle = await s.spawn(pa.Task("a", "go"))
        return await handle.wait()


STREAMS: Sequence[Callable[[], Iterator[bytes]]] = (text, thinking, calls, one_event)


@pytest.mark.parametrize("pieces", STREAMS, ids=lambda each: each.__name__)
async def test_an_endless_stream_is_cut_off_with_an_error(
    tmp_path: Path, pieces: Callable[[], Iterator[bytes]]
) -> None:
    async with endless(EVENTS, pieces) as server:
        result = await ask(server, tmp_path)

    assert result.error is not None
    assert result.error.code == "PA-E222"
    assert max(server.sent) < 40 * MIB


@pytest.mark.parametrize("pieces", [document, bomb], ids=lambda each: each.__name__)
async def test_an_endless_document_is_cut_off_with_an_error(
    tmp_path: Path, pieces: Callable[[], Iterator[bytes]]
) -> None:
    async with endless(DOCUMENT, pieces) as server:
        result = await ask(server, tmp_path)

    assert result.error is not None
    assert result.error.code == "PA-E222"
    assert max(server.sent) < 40 * MIB


async def test_a_stream_of_comments_ends_too(tmp_path: Path) -> None:
    async with endless(EVENTS, comments) as server:
        result = await ask(server, tmp_path)

    assert result.error is not None
    assert result.error.code == "PA-E222"
    assert max(server.sent) < 300 * MIB


def store_bytes(home: Path) -> int:
    return sum(file.stat().st_size for file in home.glob("store.db*"))


async def test_nothing_of_it_is_kept_in_the_store(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with endless(EVENTS, text) as server:
        await ask(server, tmp_path)
    grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before

    assert store_bytes(tmp_path) < 2 * MIB
    assert grown_kib < 200 * 1024


async def test_it_is_asked_for_again_like_an_answer_that_was_cut(tmp_path: Path) -> None:
    async with endless(EVENTS, text) as server:
        result = await ask(server, tmp_path, attempts=2)

    assert result.attempts == 2
    assert len(server.sent) == 2


@pytest.mark.parametrize("pieces", [error_text, error_list], ids=lambda each: each.__name__)
async def test_of_an_endless_error_the_start_is_kept(
    tmp_path: Path, pieces: Callable[[], Iterator[bytes]]
) -> None:
    async with endless(REFUSAL, pieces) as server:
        async with asyncio.timeout(20):
            result = await ask(server, tmp_path)

    assert result.error is not None
    assert result.error.code == "PA-E210"
    assert len(str(result.error)) < 4_096
    assert max(server.sent) < 8 * MIB
