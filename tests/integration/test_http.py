"""Every fault of a server on a real socket is mapped to one of our errors."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.errors import (
    CallTimedOut,
    MalformedReply,
    ProviderError,
    ReplyTooLarge,
    RequestRejected,
    StreamCut,
    Unreachable,
)
from parallel_agents.models.http import Http
from parallel_agents.models.providers import Endpoint, Secret, Wire
from parallel_agents.models.reading.documents import DONE

KEY = "sk-very-secret-0123456789"
HEADERS = {"Authorization": f"Bearer {KEY}"}
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serve(handler: Handler, scheme: str = "http") -> AsyncGenerator[str]:
    """The base URL of a raw server that passes each connection to `handler` and then closes it.

    It does not speak TLS, whatever the scheme of its URL.
    """
    ended: list[asyncio.Future[None]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        end = asyncio.get_running_loop().create_future()
        ended.append(end)
        try:
            await reader.readuntil(b"\r\n\r\n" if scheme == "http" else b"\x03")
            await handler(reader, writer)
            writer.close()
            await writer.wait_closed()
        except (ConnectionError, asyncio.IncompleteReadError):
            writer.close()  # the client went first, or the handler reset the connection
        finally:
            end.set_result(None)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        server.close()
        await asyncio.gather(*ended)


def sends(data: bytes) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return handler


async def resets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def falls_silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(EVENTS + b'data: {"a":1}\n\n')
    await reader.read()


def endpoint_at(base_url: str) -> Endpoint:
    return Endpoint(provider="acme", wire=Wire.CHAT, base_url=base_url, key=Secret(KEY))


async def ask(http: Http, base_url: str) -> Json:
    values = await values_of(http, base_url)
    return values[0] if values else None


async def read(http: Http, base_url: str) -> list[Json]:
    return await values_of(http, base_url, streams=True)


async def values_of(http: Http, base_url: str, *, streams: bool = False) -> list[Json]:
    async with http.post(
        f"{base_url}/x", HEADERS, body=b"{}", endpoint=endpoint_at(base_url), streams=streams
    ) as exchange:
        values = await exchange.document()
        if values is not None:
            return list(values)
        async with aclosing(exchange.events()) as events:
            return [event async for event in events]


# A few kB that unpack to 48 MB of white space, or to one event.
WHITE = gzip.compress(b" " * (48 << 20), 1)
LINE = gzip.compress(b"data: " + b"x" * (48 << 20), 1)
PACKED = OK + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
CALLS = {"whole": ask, "stream": read}


async def failure(
    call: Callable[[Http, str], Awaitable[object]], handler: Handler, scheme: str = "http"
) -> ProviderError:
    http = Http(stall_seconds=0.1)
    async with serve(handler, scheme) as url:
        try:
            with pytest.raises(ProviderError) as caught:
                await call(http, url)
            return caught.value
        finally:
            await http.aclose()


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize(
    ("handler", "expected"),
    [
        pytest.param(sends(b""), Unreachable, id="closes"),
        pytest.param(resets, Unreachable, id="resets"),
        pytest.param(sends(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), MalformedReply, id="not-http"),
        pytest.param(
            sends(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000), MalformedReply, id="long-header"
        ),
        pytest.param(sends(OK + b'Content-Length: 99\r\n\r\n{"a":'), StreamCut, id="short"),
        pytest.param(
            sends(OK + b'Transfer-Encoding: chunked\r\n\r\n9\r\n{"a":'), StreamCut, id="cut-chunk"
        ),
        pytest.param(
            sends(OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n"),
            MalformedReply,
            id="no-chunk",
        ),
        pytest.param(
            sends(OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"),
            StreamCut,
            id="not-gzip",
        ),
        pytest.param(
            sends(OK.replace(b"json", b"html") + b"Content-Length: 6\r\n\r\n<html>"),
            MalformedReply,
            id="html",
        ),
        pytest.param(sends(OK + b"Content-Length: 0\r\n\r\n"), MalformedReply, id="empty"),
        pytest.param(sends(PACKED % (len(WHITE), WHITE)), ReplyTooLarge, id="white-bomb"),
        pytest.param(sends(PACKED % (len(LINE), LINE)), ReplyTooLarge, id="line-bomb"),
        pytest.param(
            sends(b"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"),
            RequestRejected,
            id="redirect",
        ),
    ],
)
async def test_each_fault_of_a_server_is_reported_without_the_key(
    call: Callable[[Http, str], Awaitable[object]],
    handler: Handler,
    expected: type[ProviderError],
) -> None:
    error = await failure(call, handler)

    assert type(error) is expected
    assert error.message.startswith("acme ")
    assert KEY not in f"{error!r} {error.why} {error.hint} {error.__cause__!r}"


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@pytest.mark.parametrize("handler", [sends(b""), resets], ids=["closes", "resets"])
async def test_a_connection_that_breaks_before_the_reply_may_be_billed(
    call: Callable[[Http, str], Awaitable[object]], handler: Handler
) -> None:
    assert (await failure(call, handler)).may_be_billed


async def test_a_port_without_a_listener_is_unreachable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]

    http = Http()
    with pytest.raises(Unreachable, match=f"127.0.0.1:{port}") as caught:
        await ask(http, f"http://127.0.0.1:{port}")
    await http.aclose()
    assert not caught.value.may_be_billed


async def test_a_server_without_tls_is_unreachable_over_https() -> None:
    assert type(await failure(ask, sends(b"hello"), scheme="https")) is Unreachable


async def test_an_invalid_address_is_rejected() -> None:
    http = Http()
    with pytest.raises(RequestRejected):
        await ask(http, "http://127.0.0.1:99999")
    await http.aclose()


async def test_a_stream_that_falls_silent_has_timed_out() -> None:
    assert type(await failure(read, falls_silent)) is CallTimedOut


async def test_a_stream_that_ends_inside_an_event_was_cut() -> None:
    half = EVENTS + b'data: {"a":1}\n\ndata: {"b":'

    assert type(await failure(read, sends(half))) is StreamCut


async def test_an_event_that_is_not_json_is_malformed() -> None:
    assert type(await failure(read, sends(EVENTS + b"data: hello\n\n"))) is MalformedReply


async def test_a_stream_yields_each_event_and_its_end_mark() -> None:
    data = EVENTS + b': ping\r\n\r\ndata: {"a":1}\r\n\r\ndata: {"b":2}\n\ndata: [DONE]\n\n'

    http = Http()
    async with serve(sends(data)) as url:
        events = await read(http, url)
        await http.aclose()

    assert events == [{"a": 1}, {"b": 2}, DONE]


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_call_that_is_cancelled_closes_its_connection(
    call: Callable[[Http, str], Awaitable[object]],
) -> None:
    came, went = asyncio.Event(), asyncio.Event()

    async def waits(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.set()
        while await reader.read(1000):
            pass
        went.set()

    http = Http()
    async with serve(waits) as url, asyncio.timeout(10):
        task = asyncio.ensure_future(call(http, url))
        await came.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await went.wait()
        await http.aclose()


async def test_closing_a_pool_that_was_never_used_does_nothing() -> None:
    await Http().aclose()
