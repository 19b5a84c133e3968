"""Server: the session tools as an MCP server, whatever carries its messages.

Schemas and their validation are the tools' own, and all that goes wrong in a call is an answer that
a model can read; an error of the protocol would be kept from it by most clients.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

import orjson
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import (
    CallToolRequestParams,
    CallToolResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
)

from parallel_agents._version import __version__
from parallel_agents.core.schema import JsonObject, compiled
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import Ambiguous, ConfigError, NotFound, PagentsError
from parallel_agents.interrupts import unless
from parallel_agents.session_tools.context import Requester
from parallel_agents.session_tools.specs import SPECS
from parallel_agents.session_tools.toolbox import SessionTools
from parallel_agents.surfaces.mcp.offers import offered

NAME = "parallel-agents"
INSTRUCTIONS = (
    "Run AI agents in parallel. sessions_spawn starts one and returns at once with its runId and "
    "childSessionKey; spawn all that you need, then have their results by agents_wait. "
    "agents_list says whom there is to spawn; subagents lists, steers and kills them."
)

_log = logging.getLogger(__name__)
_BEAT_SECONDS = 5.0
_FAILED = ("error", "forbidden")
_STOPPED: JsonObject = {
    "status": "error",
    "error": "The server is stopping. What was spawned goes on, and keeps its keys and labels.",
}
_SCHEMAS = {spec.name: spec.parameters for spec in SPECS}
_T = TypeVar("_T")
_Context = ServerRequestContext[dict[str, Any]]


async def find_requester(sessions: Sessions, name: str | None) -> Requester:
    """Who calls: the session of that name, or nobody.

    Raises:
        ConfigError: there is no such session.
    """
    if name is None:
        return Requester()
    try:
        return Requester(session=(await sessions.find(name)).session.key)
    except (NotFound, Ambiguous) as error:
        raise ConfigError(
            f"setting parent_session does not fit: {error.message}",
            why="agents would be spawned under a session that is not in the store",
            hint="name a session of this home, or unset PARALLEL_AGENTS_PARENT_SESSION",
        ) from error


def make_server(
    tools: SessionTools, requester: Requester, stop: asyncio.Event
) -> Server[dict[str, Any]]:
    """The tools for a requester; calls that last report progress, and `stop` ends them."""
    listed = ListToolsResult(tools=list(offered()))

    async def on_list_tools(_: _Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return listed

    async def on_call_tool(context: _Context, params: CallToolRequestParams) -> CallToolResult:
        work = _answer(tools, requester, params.name, params.arguments or {})

        async def beat(seconds: float) -> None:
            await context.session.report_progress(seconds, message=f"{params.name}: {seconds:g} s")

        return _result(await unless(stop, _with_beats(work, beat)) or _STOPPED)

    return Server(
        NAME,
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
    )


async def _answer(
    tools: SessionTools, requester: Requester, name: str, arguments: JsonObject
) -> JsonObject:
    """What the tool answers; a call that does not fit its schema is answered here."""
    if name not in _SCHEMAS:
        return _error(f"There is no tool {name[:80]!r}. Tools: {', '.join(_SCHEMAS)}.")
    if problems := compiled(_SCHEMAS[name]).problems(arguments):
        listed = "; ".join(str(problem) for problem in problems)
        return _error(f"The arguments do not fit the tool: {listed}")
    try:
        return await tools.call(name, arguments, requester)
    except PagentsError as error:
        words = "; ".join(filter(None, (error.message, error.why, error.hint)))
        return {**_error(words), "code": error.code}
    except Exception as bug:  # noqa: BLE001 - the process's edge: a bug ends one call, not the server
        _log.exception("the tool %s crashed", name)
        return _error(f"{type(bug).__name__}: {bug} (a bug; the server's log says more)")


def _error(words: str) -> JsonObject:
    return {"status": "error", "error": words}


def _result(answer: JsonObject) -> CallToolResult:
    """The answer as text, for models, and as it is, for programs."""
    return CallToolResult(
        content=[TextContent(text=orjson.dumps(answer).decode())],
        structured_content=answer,
        is_error=answer.get("status") in _FAILED,
    )


async def _with_beats(
    work: Coroutine[None, None, _T], beat: Callable[[float], Coroutine[None, None, None]]
) -> _T:
    """The result of `work`; at each interval that it lasts `beat` is told its seconds."""

    async def beat_on() -> None:
        seconds = 0.0
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            seconds += _BEAT_SECONDS
            await beat(seconds)

    beating = asyncio.create_task(beat_on())
    try:
        return await work
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
