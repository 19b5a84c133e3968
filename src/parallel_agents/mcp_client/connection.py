"""Connection: one server for all sessions of a process; it is started when needed, and again if it died."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus

from mcp.shared.exceptions import MCPError

from parallel_agents.core.cutting import head
from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.tool import Effect, EffectUnknown, ToolError
from parallel_agents.errors import McpServerFailed
from parallel_agents.mcp_client.http_bounds import trouble_of
from parallel_agents.mcp_client.lines import MOST_BYTES, cut_bytes
from parallel_agents.mcp_client.link import Link
from parallel_agents.mcp_client.listing import MOST_TOOLS, Listing, ServedTool, read_listing
from parallel_agents.mcp_client.live import Live, StartFailed, has_ended, has_no_answer
from parallel_agents.mcp_client.results import tool_text
from parallel_agents.secrets.known import KNOWN

OpenLink = Callable[[], Awaitable[Link]]

_PAUSES = (0.0, 0.5, 2.0, 8.0, 30.0)  # before a start, by the number of failures before it
_LONGEST_WAIT = 10.0  # for a start; what must wait longer is refused at once
_MOST_PAGES = 100
_ENDLESS = "its list of tools does not end"
_MOST_MESSAGE = 10_000


class Connection:
    """A server, shared by all sessions whose agents have the same entry for it.

    Args:
        server: its entry.
        open_link: looks up what the entry refers to, and makes the way to the server.
    """

    def __init__(self, server: McpServer, open_link: OpenLink) -> None:
        self._server = server
        self._open_link = open_link
        self._live: Live | None = None
        self._retired: list[Live] = []
        self._listing: Listing | None = None
        self._listing_lock = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._starting: asyncio.Task[Live] | None = None
        self._noted: Live | None = None
        self._failures = 0
        self._not_before = 0.0
        self._reason = ""
        self._is_closed = False

    async def listing(self) -> Listing:
        """What it offers now.

        Raises:
            McpServerFailed: it cannot be started, or does not list its tools.
            PagentsError: its entry cannot be used.
        """
        try:
            live = await self._running()
            async with self._listing_lock:
                if self._listing is None or live.is_changed:
                    live.is_changed = False
                    async with asyncio.timeout(self._server.start_timeout_seconds):
                        listed, more = await self._list(live)
                    hidden = [KNOWN.hide_value(tool) for tool in listed]
                    self._listing = read_listing(self._server, hidden, more=more)
                return self._listing
        except StartFailed as error:
            raise _failed(self._server, str(error)) from None
        except TimeoutError:
            raise _failed(self._server, "it did not list its tools in time") from None
        except MCPError as error:
            why = f"it does not list its tools: {head(KNOWN.hide(error.message), _MOST_MESSAGE)}"
            raise _failed(self._server, why) from None

    async def call(self, tool: ServedTool, arguments: JsonObject) -> str:
        """What a tool returns, as text.

        Raises:
            ToolError: it failed, or was not called; the text is for the model.
            EffectUnknown: nobody knows whether it did anything.
        """
        parameters = {"name": tool.name, "arguments": arguments}
        for is_second in (False, True):
            live = await self._running_for_call()
            async with self._turn:
                await asyncio.sleep(0)  # many calls at once are sent in as many rounds of the loop
            try:
                async with asyncio.timeout(self._server.call_timeout_seconds):
                    result = await live.request("tools/call", parameters)
            except TimeoutError:
                raise _unknown(
                    tool,
                    f"{self._server.name} gave no result in "
                    f"{self._server.call_timeout_seconds:g} s",
                ) from None
            except MCPError as error:
                if trouble_of(error.data).is_session_gone and not is_second:
                    live.retire()  # it did nothing: the call is made in a new session
                    continue
                raise await self._failure(tool, live, error) from None
            self._failures = 0
            text, is_error = tool_text(result)
            if is_error:
                raise ToolError(KNOWN.hide(text))
            return KNOWN.hide(text)
        raise AssertionError

    async def wait_ended(self) -> None:
        """Return once the server that runs has ended; at once if none does."""
        if self._live is not None:
            await self._live.wait_ended()

    async def aclose(self) -> None:
        """End the server."""
        self._is_closed = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait((self._starting,))
        lives = [*self._retired, *([] if self._live is None else [self._live])]
        await asyncio.gather(*(each.aclose() for each in lives))

    async def _failure(self, tool: ServedTool, live: Live, error: MCPError) -> ToolError:
        """Why a call failed, and whether it may have done something."""
        server = self._server.name
        if has_ended(error):
            live.retire()
            await live.wait_ended()
            said = f" ({live.said})" if live.said else ""
            if self._noted is not live:  # all calls that were in flight come here
                self._noted = live
                self._note_failure(f"it ended during a call{said}")
            return _unknown(tool, f"{server} ended during the call{said}")
        message = head(KNOWN.hide(error.message), _MOST_MESSAGE)
        trouble = trouble_of(error.data)
        if has_no_answer(error):
            return _unknown(tool, f"{server}: {message}")
        if trouble.status is not None and trouble.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            return _unknown(tool, f"{server} answered {message}")
        hint = " Only the user can change that, by the headers of the server's entry."
        is_login = trouble.status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
        return ToolError(f"{server} refused the call: {message}.{hint if is_login else ''}")

    async def _running_for_call(self) -> Live:
        try:
            return await self._running()
        except StartFailed as error:
            raise ToolError(
                f"The MCP server {self._server.name} does not run, so the call was not made: {error}"
            ) from None
        except McpServerFailed as error:
            raise ToolError(f"The call was not made: {error.message}: {error.why}") from None

    async def _running(self) -> Live:
        """The server as it runs, started if it does not.

        Raises:
            StartFailed: it cannot be started, or failed too often to try again now.
        """
        if self._live is not None and self._live.takes_requests:
            return self._live
        if self._is_closed:
            raise StartFailed("this process is closing")
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(_retrieve)  # those who wait may have been cancelled
        return await asyncio.shield(self._starting)

    async def _start(self) -> Live:
        loop = asyncio.get_running_loop()
        wait = self._not_before - loop.time()
        if wait > _LONGEST_WAIT:
            raise StartFailed(f"{self._reason}; it is tried again in {wait:.0f} s")
        if self._live is not None:
            self._retired = [each for each in self._retired if not each.is_over]
            self._retired.append(self._live)  # calls may still be in flight there
            self._live, self._listing = None, None
        await asyncio.sleep(max(wait, 0.0))
        live = Live(await self._open_link())
        try:
            await live.start(self._server.start_timeout_seconds)
        except StartFailed as error:
            self._note_failure(str(error))
            raise
        self._live = live
        return live

    def _note_failure(self, reason: str) -> None:
        self._reason = reason
        self._failures += 1
        pause = _PAUSES[min(self._failures, len(_PAUSES)) - 1]
        self._not_before = asyncio.get_running_loop().time() + pause

    async def _list(self, live: Live) -> tuple[Sequence[Json], bool]:
        """All its tools, and whether there are more than are read.

        Raises:
            StartFailed: a page is too long or no list, or the pages do not end.
        """
        listed: list[Json] = []
        cursor: Json = None
        seen: set[str] = set()
        for _ in range(_MOST_PAGES):
            page = await live.request("tools/list", {} if cursor is None else {"cursor": cursor})
            listed += _tools_of(page)
            cursor = page.get("nextCursor")
            if not isinstance(cursor, str) or not cursor:
                return listed, False
            if len(listed) > MOST_TOOLS:
                return listed, True
            if cursor in seen:
                raise StartFailed(f"{_ENDLESS}: a page names one before it as the next")
            seen.add(cursor)
        raise StartFailed(f"{_ENDLESS}: {_MOST_PAGES} pages have {len(listed):,} tools")


def _tools_of(page: JsonObject) -> Sequence[Json]:
    """The tools of a page.

    Raises:
        StartFailed: it is too long, or has none.
    """
    tools = page.get("tools")
    if isinstance(tools, list):
        return tools
    if size := cut_bytes(page):
        raise StartFailed(
            f"its list of tools has {size:,} bytes on one page, more than the {MOST_BYTES:,} that are"
            " read"
        )
    raise StartFailed("its answer to tools/list has no list of tools")


def _retrieve(task: asyncio.Task[Live]) -> None:
    if not task.cancelled():
        task.exception()


def _failed(server: McpServer, why: str) -> McpServerFailed:
    return McpServerFailed(
        f"the MCP server {server.name} cannot be used",
        why=why,
        hint=f"correct its entry, or remove it from the agent; `pagents mcp check {server.name}` "
        "tries it",
    )


def _unknown(tool: ServedTool, why: str) -> ToolError:
    if tool.spec.effect is Effect.ONCE:
        return EffectUnknown(
            f"{why}. Whether the call had an effect is unknown, and it was not repeated: look "
            "before you try it again."
        )
    return ToolError(f"{why}. The call only reads, so it may be tried again.")
