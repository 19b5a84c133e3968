"""HTTP bounds: what a server answers, within bounds, and its refusals as errors of the protocol.

The client of the protocol reads bodies whole, and tells of a refusal only that there was one. It sees
the server through this: what is too long is cut, and what went wrong on the way becomes the error of
the one request that it concerns.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Final, NamedTuple

import httpx2
import orjson
from typing_extensions import override

from parallel_agents.core.cutting import head
from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.mcp_client.lines import Held, Line, Lines, LongLine, shortened

HTTP_ERROR: Final = -32098  # of the range that JSON-RPC leaves to implementations
_STATUS, _SESSION, _SENT = "httpStatus", "session", "sent"
_MOST_ERROR_BYTES = 4_096
_SHOWN_CHARACTERS = 300
_MOST_STREAMS = 30  # that are opened to hear what the server says by itself
_JSON, _EVENTS = "application/json", "text/event-stream"
_DATA = b"data:"


class Trouble(NamedTuple):
    """What is known of a request that failed on its way, or was refused by its status.

    Attributes:
        status: the status of the answer; None if there is none.
        is_session_gone: the server does not know the session, so that it did nothing.
        is_lost: there is no answer, and the server may have seen the request.
        is_unsent: it never reached the server.
    """

    status: int | None = None
    is_session_gone: bool = False
    is_lost: bool = False
    is_unsent: bool = False


def trouble_of(data: Json) -> Trouble:
    """What the data of an error says if the error came from here; nothing for any other error."""
    if not isinstance(data, Mapping):
        return Trouble()
    status, has_session, sent = (data.get(name) for name in (_STATUS, _SESSION, _SENT))
    is_gone = has_session is True and status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
    known = status if isinstance(status, int) else None
    return Trouble(known, is_gone, is_lost=sent is True, is_unsent=sent is False)


class BoundedTransport(httpx2.AsyncBaseTransport):
    """The transport to one server.

    Args:
        inner: makes the connections.
    """

    def __init__(self, inner: httpx2.AsyncBaseTransport) -> None:
        self._inner = inner
        self._streams = 0

    @override
    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.method == "GET":
            self._streams += 1
            if self._streams > _MOST_STREAMS:
                return httpx2.Response(HTTPStatus.METHOD_NOT_ALLOWED, request=request)
        try:
            response = await self._inner.handle_async_request(request)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            return _failed(request, f"the server cannot be reached ({_why(error)})", sent=False)
        except httpx2.TransportError as error:
            return _failed(request, f"the connection failed ({_why(error)})")
        if request.method != "POST" or response.has_redirect_location:
            return _streamed(response)
        if response.status_code >= HTTPStatus.BAD_REQUEST:
            return await _refused(request, response)
        if _type(response) == _EVENTS:
            if response.headers.get("content-encoding", "identity") != "identity":
                await response.aclose()
                return _failed(request, "the server compressed its answer, which nobody asked for")
            return _streamed(response)
        return await _read(request, response)

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def _type(response: httpx2.Response) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _failed(request: httpx2.Request, message: str, *, sent: bool = True) -> httpx2.Response:
    """A response that says why there is none."""
    error: JsonObject = {"code": HTTP_ERROR, "message": message, "data": {_SENT: sent}}
    return _error(HTTPStatus.BAD_GATEWAY, request, error)


def _error(status: int, request: httpx2.Request, error: JsonObject) -> httpx2.Response:
    body = orjson.dumps({"jsonrpc": "2.0", "id": None, "error": error})
    headers = {"content-type": _JSON}
    return httpx2.Response(status, headers=headers, content=body, request=request)


async def _refused(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
    """A refusal with its status, and what the server says of it."""
    body = b""
    try:
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > _MOST_ERROR_BYTES:
                break
    except httpx2.TransportError:
        pass  # the status is known
    finally:
        await response.aclose()
    status = response.status_code
    phrase = HTTPStatus(status).phrase if status in set(HTTPStatus) else ""
    code, said = _said(body)
    error: JsonObject = {
        "code": code,
        "message": f"HTTP {status} {phrase}".strip() + (f": {said}" if said else ""),
        "data": {_STATUS: status, _SESSION: "mcp-session-id" in request.headers},
    }
    return _error(status, request, error)


def _said(body: bytes) -> tuple[int, str]:
    """The code and the message of a refusal; for a plain text, its beginning."""
    try:
        found: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        text = body.decode(errors="replace").strip()
        return HTTP_ERROR, "" if text.startswith("<") else head(text, _SHOWN_CHARACTERS)
    error = found.get("error", found) if isinstance(found, Mapping) else found
    if not isinstance(error, Mapping):
        return HTTP_ERROR, head(error, _SHOWN_CHARACTERS) if isinstance(error, str) else ""
    code = error.get("code")
    names = ("message", "error_description", "detail", "error")
    texts = [text for name in names if isinstance(text := error.get(name), str)]
    said = head(texts[0], _SHOWN_CHARACTERS) if texts else ""
    return code if isinstance(code, int) else HTTP_ERROR, said


async def _read(request: httpx2.Request, response: httpx2.Response) -> httpx2.Response:
    """A body that is read as a whole, cut if it is too long."""
    held = Held()
    try:
        async for piece in response.aiter_bytes():
            held.add(piece)
    except httpx2.TransportError as error:
        return _failed(request, f"the connection broke off ({_why(error)})")
    finally:
        await response.aclose()
    line = held.take()
    body = line if isinstance(line, bytes) else shortened(line) or b"null"
    headers = {
        name: value
        for name, value in response.headers.items()
        if name not in {"content-length", "content-encoding", "transfer-encoding"}
    }
    return httpx2.Response(response.status_code, headers=headers, content=body, request=request)


def _streamed(response: httpx2.Response) -> httpx2.Response:
    """The response with a stream of events in which no event is too long."""
    stream = response.stream
    assert isinstance(stream, httpx2.AsyncByteStream)
    response.stream = _Events(stream)
    return response


class _Events(httpx2.AsyncByteStream):
    """A stream of events, in which the data of an event that is too long is cut."""

    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    @override
    async def __aiter__(self) -> AsyncIterator[bytes]:
        lines = Lines()
        async for piece in self._inner:
            for line in lines.feed(piece):
                yield _event_line(line) + b"\n"
        yield _event_line(lines.end())

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()


def _event_line(line: Line) -> bytes:
    if isinstance(line, bytes):
        return line
    if not line.head.startswith(_DATA):
        return b": left out"
    cut = LongLine(line.head.removeprefix(_DATA), line.tail, line.bytes)
    return _DATA + (shortened(cut) or b"null")
