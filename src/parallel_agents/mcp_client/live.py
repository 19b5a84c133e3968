"""Live: one life of a server, from its start to its end.

The client of the protocol must be entered and left in one task, which is the task of this life.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

from mcp.client.session import ClientSession, IncomingMessage
from mcp.shared.dispatcher import CallOptions
from mcp.shared.exceptions import MCPError
from mcp.shared.inbound import (
    MCP_METHOD_HEADER,
    MCP_NAME_HEADER,
    MCP_PROTOCOL_VERSION_HEADER,
    encode_header_value,
)
from mcp.shared.jsonrpc_dispatcher import JSONRPCDispatcher
from mcp_types import (
    CLIENT_CAPABILITIES_META_KEY,
    CLIENT_INFO_META_KEY,
    CONNECTION_CLOSED,
    PROTOCOL_VERSION_META_KEY,
    Implementation,
    ToolListChangedNotification,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from parallel_agents._version import __version__
from parallel_agents.core.cutting import head
from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.errors import PagentsError
from parallel_agents.mcp_client.http_bounds import HTTP_ERROR, trouble_of
from parallel_agents.mcp_client.link import Link
from parallel_agents.secrets.known import KNOWN

# Errors report what the client logs about servers; without a handler it would go to stderr.
for _name in ("mcp", "client"):
    logging.getLogger(_name).addHandler(logging.NullHandler())

_IDENTITY: JsonObject = {"name": "parallel-agents", "version": __version__}
_END_SECONDS = 10.0
_MOST_WORDS = 500


class StartFailed(Exception):
    """A server did not get ready; the text says why."""


class _Ended(Exception):
    """It ended before it was ready."""


# What the client says by itself; the code is one that servers use, too.
_CLOSED, _LOST = "Connection closed", "SSE stream"


def has_ended(error: MCPError) -> bool:
    """Whether there is no answer since the server has ended."""
    return error.code == CONNECTION_CLOSED and error.message == _CLOSED


def has_no_answer(error: MCPError) -> bool:
    """Whether the server may have done what it was asked, and there is no answer."""
    is_cut = error.code == CONNECTION_CLOSED and error.message.startswith(_LOST)
    return is_cut or trouble_of(error.data).is_lost


class Live:
    """A server from its start to its end.

    Args:
        link: the way to it.

    Attributes:
        is_changed: it said that its tools are not those any more that it listed.
    """

    def __init__(self, link: Link) -> None:
        self._link = link
        self._dispatcher: JSONRPCDispatcher | None = None
        self._closing = asyncio.Event()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._task: asyncio.Task[None] | None = None
        self._in_flight = 0
        self._is_retired = False
        self._version = ""  # of the protocol, if each request must say it
        self.is_changed = False

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left."""
        return self._task is not None and self._task.done()

    @property
    def takes_requests(self) -> bool:
        """Whether it runs, and is not about to end."""
        return not (self.is_over or self._is_retired or self._closing.is_set())

    @property
    def said(self) -> str:
        """What is known of its end; empty for nothing."""
        return self._link.said

    async def start(self, seconds: float) -> None:
        """Start it, and return once it is ready.

        Raises:
            StartFailed: it is not ready within that time, or ended before.
            PagentsError: its entry cannot be used.
        """
        self._task = asyncio.create_task(self._live())
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._ready)
        except TimeoutError:
            await self.aclose()
            said = f": {self.said}" if self.said else ""
            raise StartFailed(f"it did not answer within {seconds:g} s{said}") from None
        except BaseException:
            await self.aclose()
            raise

    async def request(self, method: str, parameters: Mapping[str, Json]) -> JsonObject:
        """What it answers.

        A call that is cancelled is cancelled there, too.

        Raises:
            MCPError: it answers with an error, or has ended.
        """
        if self._dispatcher is None:
            raise MCPError(code=CONNECTION_CLOSED, message=_CLOSED)
        options: CallOptions = {}
        if self._version:
            parameters, options = _stamped(self._version, method, parameters)
        self._in_flight += 1
        try:
            return await self._dispatcher.send_raw_request(method, parameters, options)
        finally:
            self._in_flight -= 1
            self._leave_if_idle()

    async def wait_ended(self) -> None:
        """Return once nothing of it is left, or after a while."""
        if self._task is not None:
            await asyncio.wait((self._task,), timeout=_END_SECONDS)

    def retire(self) -> None:
        """Take no further requests, and end once those in flight have their answers."""
        self._is_retired = True
        self._leave_if_idle()

    def _leave_if_idle(self) -> None:
        if self._is_retired and not self._in_flight:
            self._closing.set()

    async def aclose(self) -> None:
        """End it."""
        self._closing.set()
        task = self._task
        if task is not None and not task.done():
            if not self._ready.done():
                task.cancel()
            await asyncio.wait((task,), timeout=_END_SECONDS)

    async def _live(self) -> None:
        try:
            await self._run()
        except Exception as error:  # noqa: BLE001 - of the link or of what the server said
            self._fail(error)
        finally:
            self._fail(_Ended())

    def _fail(self, error: Exception) -> None:
        if self._ready.done():
            return
        cause = _cause(error)
        if not isinstance(cause, PagentsError):
            said = self.said or ("without a word" if isinstance(cause, _Ended) else "")
            words = KNOWN.hide(_words(cause))
            cause = StartFailed(f"{words}: {said}" if said else words)
        self._ready.set_exception(cause)
        self._ready.exception()

    async def _run(self) -> None:
        async with self._link as streams:
            dispatcher: JSONRPCDispatcher = JSONRPCDispatcher(*streams)
            session = ClientSession(
                dispatcher=dispatcher,
                message_handler=self._note,
                client_info=Implementation.model_validate(_IDENTITY),
            )
            async with session:
                ending = asyncio.create_task(self._link.wait_ended())
                closing = asyncio.create_task(self._closing.wait())
                shaking = asyncio.create_task(_shake_hands(session))
                try:
                    await asyncio.wait(
                        (ending, closing, shaking), return_when=asyncio.FIRST_COMPLETED
                    )
                    if not shaking.done():
                        return
                    version = shaking.result()
                    self._version = version if version in MODERN_PROTOCOL_VERSIONS else ""
                    self._dispatcher = dispatcher
                    self._ready.set_result(None)
                    await asyncio.wait((ending, closing), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    self._dispatcher = None
                    for task in (ending, closing, shaking):
                        task.cancel()

    async def _note(self, message: IncomingMessage) -> None:
        if isinstance(message, ToolListChangedNotification):
            self.is_changed = True


def _cause(error: Exception) -> Exception:
    """The first error of a group, of which tasks make one."""
    while isinstance(error, ExceptionGroup):
        error = cast("ExceptionGroup[Exception]", error).exceptions[0]
    return error


def _words(error: Exception) -> str:
    """Why a server did not start, for a person."""
    match error:
        case FileNotFoundError():
            return f"there is no {error.filename}"
        case OSError():
            return f"{error.filename}: {error.strerror}" if error.filename else str(error)
        case _Ended():
            return "it ended"
        case MCPError() if has_ended(error):
            return "it ended"
        case MCPError() if has_no_answer(error) or trouble_of(error.data).is_unsent:
            return head(error.message, _MOST_WORDS)
        case MCPError():
            return f"it refused: {head(error.message, _MOST_WORDS)}"
        case ValueError() if type(error).__name__ == "ValidationError":
            return "it answered the handshake with what is not valid"
        case _:
            return head(str(error), _MOST_WORDS) or type(error).__name__


async def _shake_hands(session: ClientSession) -> str:
    """Agree on a version, and return it.

    Servers know the handshake; those that have given it up are asked as the version of 2026 says.

    Raises:
        MCPError: the server refuses.
    """
    try:
        await session.initialize()
    except MCPError as refusal:
        if not _may_be_modern(refusal):
            raise
        try:
            await session.discover()
        except MCPError:
            raise refusal from None
    return session.protocol_version or ""


def _may_be_modern(refusal: MCPError) -> bool:
    """Whether a server may have refused the handshake because it knows none."""
    status = trouble_of(refusal.data).status
    if has_ended(refusal) or has_no_answer(refusal) or (refusal.code == HTTP_ERROR and not status):
        return False
    return status is None or status in {HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND}


def _stamped(
    version: str, method: str, parameters: Mapping[str, Json]
) -> tuple[JsonObject, CallOptions]:
    """A request as the version of 2026 has it: each says what a handshake said before."""
    meta: JsonObject = {
        PROTOCOL_VERSION_META_KEY: version,
        CLIENT_INFO_META_KEY: _IDENTITY,
        CLIENT_CAPABILITIES_META_KEY: {},
    }
    headers = {MCP_PROTOCOL_VERSION_HEADER: version, MCP_METHOD_HEADER: method}
    if isinstance(name := parameters.get("name"), str):
        headers[MCP_NAME_HEADER] = encode_header_value(name)
    return {**parameters, "_meta": meta}, {"headers": headers}
