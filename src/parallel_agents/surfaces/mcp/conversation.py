"""Conversation: the messages of one client over stdio, and what each is answered.

It speaks the versions of MCP that begin with `initialize`. The official SDK does so too, and takes 50
MB for it, in a process of which every conversation of every client starts one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping

import orjson

from parallel_agents._version import __version__
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.interrupts import unless
from parallel_agents.surfaces.mcp.about import INSTRUCTIONS, NAME, STOPPED, TITLE, listed, result_of
from parallel_agents.surfaces.mcp.client import PERSON, Client
from parallel_agents.surfaces.mcp.progress import with_progress

VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MOST_CALLS = 256
MOST_BYTES = 16_000_000  # of one message; attachments may have 5 MB, and grow as JSON
_NOT_JSON, _NOT_A_REQUEST, _NO_METHOD, _WRONG_PARAMS = -32700, -32600, -32601, -32602
_TOO_MANY = -32000
_NO_ARGUMENTS: JsonObject = {}

Id = str | int


def _read(line: bytes) -> Json:
    """The value of a line; half a character, as a client leaves that cuts UTF-16, becomes a mark.

    Refusing the line would leave its request without an answer, since its id would not be known.

    Raises:
        ValueError: it is not JSON.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        if b"\\u" not in line:
            raise
        try:
            text = json.dumps(json.loads(line), ensure_ascii=False, allow_nan=False)
        except RecursionError as error:
            raise ValueError("it is nested too deeply") from error
        return orjson.loads(
            text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        )


class _Wrong(Exception):
    """A request that is answered with an error of the protocol."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.error: JsonObject = {"code": code, "message": message}


class Conversation:
    """What a client has asked, and has not been answered yet.

    Args:
        call: makes the call of a tool, and returns its answer.
        tell: sends a message to the client.
        stop: ends the calls that wait.
        client: who asks, and what it is offered.
    """

    def __init__(
        self,
        call: Callable[[str, JsonObject], Awaitable[JsonObject]],
        tell: Callable[[JsonObject], None],
        stop: asyncio.Event,
        client: Client = PERSON,
    ) -> None:
        self._call = call
        self._tell = tell
        self._stop = stop
        self._client = client
        self._calls: dict[Id, asyncio.Task[None]] = {}

    def hear(self, line: bytes) -> None:
        """Answer a line, at once or when its call has ended."""
        if not line.strip():
            return
        if len(line) > MOST_BYTES:
            wrong = _Wrong(_NOT_A_REQUEST, f"the message is longer than {MOST_BYTES:,} bytes")
            self._refuse(None, wrong)
            return
        try:
            message = _read(line)
        except ValueError as error:
            self._refuse(None, _Wrong(_NOT_JSON, f"the line is not JSON: {error}"))
            return
        if not isinstance(message, Mapping):
            self._refuse(None, _Wrong(_NOT_A_REQUEST, "a message is a JSON object"))
            return
        self._take(message)

    async def settled(self, seconds: float) -> None:
        """Return once every call has been answered, or after that time."""
        if self._calls:
            await asyncio.wait(self._calls.values(), timeout=seconds)

    def _take(self, message: Mapping[str, Json]) -> None:
        method, identity = message.get("method"), message.get("id")
        params = message.get("params", _NO_ARGUMENTS)
        if not isinstance(method, str):
            if "result" not in message and "error" not in message:
                self._refuse(_id(identity), _Wrong(_NOT_A_REQUEST, "a request has a method"))
            return
        params = params if isinstance(params, Mapping) else _NO_ARGUMENTS
        if "id" not in message:
            self._note(method, params)
            return
        request = _id(identity)
        if request is None:
            wrong = _Wrong(_NOT_A_REQUEST, "the id of a request is a string or an integer")
            self._refuse(None, wrong)
            return
        try:
            if method == "tools/call":
                self._begin(request, params)
            else:
                self._answer(request, self._result(method, params))
        except _Wrong as wrong:
            self._refuse(request, wrong)

    def _note(self, method: str, params: JsonObject) -> None:
        if method == "notifications/cancelled":
            request = _id(params.get("requestId"))
            if request is not None and (task := self._calls.pop(request, None)):
                task.cancel()

    def _result(self, method: str, params: JsonObject) -> JsonObject:
        match method:
            case "initialize":
                return _initialized(params)
            case "ping":
                return {}
            case "tools/list":
                return listed(self._client)
            case _:
                raise _Wrong(_NO_METHOD, f"there is no method {method[:80]!r}")

    def _begin(self, request: Id, params: JsonObject) -> None:
        name, arguments = params.get("name"), params.get("arguments") or _NO_ARGUMENTS
        if not isinstance(name, str):
            raise _Wrong(_WRONG_PARAMS, "params.name must be the name of a tool")
        if not isinstance(arguments, Mapping):
            raise _Wrong(_WRONG_PARAMS, "params.arguments must be an object")
        if request in self._calls:
            raise _Wrong(_NOT_A_REQUEST, f"a request with the id {request!r} is being answered")
        if len(self._calls) >= MOST_CALLS:
            raise _Wrong(_TOO_MANY, f"{MOST_CALLS} calls are being answered; ask again later")
        task = asyncio.create_task(self._make(request, name, arguments, _token(params)))
        self._calls[request] = task

    async def _make(self, request: Id, name: str, arguments: JsonObject, token: Id | None) -> None:
        async def report(seconds: float) -> None:
            if token is not None:
                told: JsonObject = {
                    "progressToken": token,
                    "progress": seconds,
                    "message": f"{name}: {seconds:g} s",
                }
                self._send({"method": "notifications/progress", "params": told})

        async def make() -> JsonObject:
            return await self._call(name, arguments)

        answer = await unless(self._stop, with_progress(make(), report)) or STOPPED
        if self._calls.pop(request, None) is not None:  # else the client has cancelled it
            self._answer(request, result_of(answer))

    def _answer(self, request: Id, result: JsonObject) -> None:
        self._send({"id": request, "result": result})

    def _refuse(self, request: Id | None, wrong: _Wrong) -> None:
        self._send({"id": request, "error": wrong.error})

    def _send(self, message: JsonObject) -> None:
        self._tell({"jsonrpc": "2.0", **message})


def _initialized(params: JsonObject) -> JsonObject:
    asked = params.get("protocolVersion")
    return {
        "protocolVersion": asked if asked in VERSIONS else VERSIONS[-1],
        "capabilities": {"tools": {"listChanged": False}},
        "serverInfo": {"name": NAME, "title": TITLE, "version": __version__},
        "instructions": INSTRUCTIONS,
    }


def _id(value: Json) -> Id | None:
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def _token(params: JsonObject) -> Id | None:
    meta = params.get("_meta")
    return _id(meta.get("progressToken")) if isinstance(meta, Mapping) else None
