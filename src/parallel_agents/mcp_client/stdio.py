"""Stdio: the way to a server that is a child process, one message on each line.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#stdio
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from types import TracebackType
from typing import Self

import anyio
from mcp.shared.message import SessionMessage
from mcp_types import (
    INTERNAL_ERROR,
    ErrorData,
    JSONRPCError,
    JSONRPCMessage,
    JSONRPCRequest,
    JSONRPCResponse,
    jsonrpc_message_adapter,
)
from pydantic import ValidationError
from typing_extensions import override

from parallel_agents.containment.warden import Warden
from parallel_agents.core.cutting import head, tail
from parallel_agents.core.json_value import Json
from parallel_agents.core.unicode import whole_value, without_escapes
from parallel_agents.mcp_client.child import Child, Launch
from parallel_agents.mcp_client.lines import Line, Lines, LongLine, shortened
from parallel_agents.mcp_client.link import Link, Reads, Writes
from parallel_agents.secrets.known import KNOWN

# What a server may write that is not a message, until one is; then it is ended.
_MOST_RUBBISH_BYTES = 64_000_000
_MOST_IN_A_ROW = 8
_MOST_MESSAGE_BYTES = 1_000_000_000
_MOST_UNANSWERED = 1_000
_INVALID = "its answer is not valid JSON-RPC, and the call may have had an effect"
_SHOWN_CHARACTERS = 1_500
_SHOWN_LINES = 8


class StdioLink(Link):
    """The way to a server that is started for it.

    Args:
        launching: how it is started, for as long as it may run.
        warden: ends it if this process is killed.
    """

    def __init__(
        self,
        launching: AbstractAsyncContextManager[Launch],
        warden: Warden,
    ) -> None:
        self._launching = launching
        self._warden = warden
        self._around = AsyncExitStack()
        self._child: Child | None = None
        self._messages: _Messages | None = None

    @override
    async def __aenter__(self) -> tuple[Reads, Writes]:
        async with AsyncExitStack() as around:
            launch = await around.enter_async_context(self._launching)
            self._child = await Child.start(launch, self._warden)
            around.push_async_callback(self._child.end)
            self._around = around.pop_all()
        self._messages = _Messages(self._child)
        return self._messages, _Requests(self._child, self._messages)

    @override
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._around.aclose()

    @override
    async def wait_ended(self) -> None:
        assert self._child is not None
        assert self._messages is not None
        exiting = asyncio.create_task(self._child.wait())
        closing = asyncio.create_task(self._messages.ended.wait())
        try:
            await asyncio.wait((exiting, closing), return_when=asyncio.FIRST_COMPLETED)
        finally:
            exiting.cancel()
            closing.cancel()

    @property
    @override
    def said(self) -> str:
        child, messages = self._child, self._messages
        if child is None or messages is None:
            return ""
        told: list[str] = []
        if child.code is not None:
            told.append(f"exit code {child.code}" if child.code >= 0 else f"signal {-child.code}")
        if messages.is_flooding:
            told.append(
                f"it asked {messages.unanswered:,} times without reading an answer"
                if messages.unanswered > _MOST_UNANSWERED
                else f"it wrote {_MOST_RUBBISH_BYTES:,} bytes that are not messages"
            )
        if stderr := _last_lines(child.stderr):
            told.append(f"it wrote: {stderr}")
        elif rubbish := _last_lines("\n".join(messages.rubbish)):
            told.append(f"it wrote something to its stdout that is not a message: {rubbish}")
        return KNOWN.hide("; ".join(told))


class _Stream:
    """One direction of what a server and the client's session say."""

    async def aclose(self) -> None:
        """Nothing: the streams are closed when the server is ended."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc_val: BaseException | None,
        exc_tb: TracebackType | None,
    ) -> None:
        await self.aclose()


class _Messages(_Stream):
    """The messages of a server, as the client's session reads them.

    Attributes:
        ended: is set once nothing more can be read.
        rubbish: the last lines that are not messages.
        is_flooding: it wrote so much of that, or asked so much without reading answers, that it is not
            listened to any more.
        unanswered: how many of its requests have no answer yet.
    """

    def __init__(self, child: Child) -> None:
        self._child = child
        self._lines = Lines()
        self._ready: deque[Line] = deque()
        self._wasted = 0
        self._read = 0
        self.ended = asyncio.Event()
        self.rubbish: deque[str] = deque(maxlen=_SHOWN_LINES)
        self.is_flooding = False
        self.unanswered = 0

    async def receive(self) -> SessionMessage | Exception:
        while True:
            while self._ready:
                self._read += 1
                if self._read % _MOST_IN_A_ROW == 0:
                    await asyncio.sleep(0)  # let those run whose answers are here
                line = self._ready.popleft()
                if (message := self._message(line)) is not None:
                    self._wasted = 0
                    return message
            await asyncio.sleep(0)  # what is there already is read without a pause
            piece = b"" if self.is_flooding else await self._child.read()
            if not piece:
                self.ended.set()
                raise anyio.EndOfStream
            self._wasted += len(piece)
            self._ready.extend(self._lines.feed(piece))
            if self._wasted > _MOST_RUBBISH_BYTES and not self._ready:
                is_message = self._lines.may_be_message and self._wasted <= _MOST_MESSAGE_BYTES
                self.is_flooding = not is_message

    def _message(self, line: Line) -> SessionMessage | None:
        whole = shortened(line) if isinstance(line, LongLine) else line
        if whole is not None and whole.strip() and (message := _read(whole)) is not None:
            if isinstance(message, JSONRPCRequest):
                self.unanswered += 1
                self.is_flooding |= self.unanswered > _MOST_UNANSWERED
            return SessionMessage(message)
        start = line.head if isinstance(line, LongLine) else line
        if start.strip():
            self.rubbish.append(head(start.decode(errors="replace"), 200))
        return None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        try:
            return await self.receive()
        except anyio.EndOfStream:
            raise StopAsyncIteration from None

    @override
    async def aclose(self) -> None:
        self.ended.set()


class _Requests(_Stream):
    """What the client's session writes to a server."""

    def __init__(self, child: Child, messages: _Messages) -> None:
        self._child = child
        self._messages = messages

    async def send(self, item: SessionMessage, /) -> None:
        line = item.message.model_dump_json(by_alias=True, exclude_unset=True)
        try:
            await self._child.write(f"{line}\n".encode())
        except ConnectionError as error:
            raise anyio.BrokenResourceError from error
        if isinstance(item.message, JSONRPCResponse | JSONRPCError):
            self._messages.unanswered -= 1


def _read(line: bytes) -> JSONRPCMessage | None:
    """A line as a message; None if it is not one.

    An answer that is not valid is an error by its id: whoever waits for it need not wait on.
    """
    with suppress(ValidationError):
        return jsonrpc_message_adapter.validate_json(line, by_name=False)
    try:
        read: Json = json.loads(line)
        value = whole_value(read)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, Mapping):
        return None
    number = value.get("id")
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    with suppress(ValidationError):
        return jsonrpc_message_adapter.validate_python({**value, "id": number}, by_name=False)
    if "method" in value or isinstance(number, bool) or not isinstance(number, int | str):
        return None
    error = ErrorData(code=INTERNAL_ERROR, message=_INVALID)
    return JSONRPCError(jsonrpc="2.0", id=number, error=error)


def _last_lines(text: str) -> str:
    """The end of what a program wrote, in one line."""
    lines = [line.strip() for line in without_escapes(text).splitlines() if line.strip()]
    shown = " | ".join(lines[-_SHOWN_LINES:])
    plain = "".join(letter if letter.isprintable() else " " for letter in shown)
    return tail(plain, _SHOWN_CHARACTERS)
