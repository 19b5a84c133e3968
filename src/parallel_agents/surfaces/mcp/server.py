"""Server: the session tools as an MCP server, independent of the transport.

The tools' own schemas validate each call. Whatever goes wrong in a call is returned as a result
that the model can read: most clients would hide a protocol error from it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple, TypeVar

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
from parallel_agents.core.cutting import head
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.schema import JsonObject, compiled
from parallel_agents.core.verbs import Sessions, SessionVerbs
from parallel_agents.errors import Ambiguous, ConfigError, NotFound, PagentsError
from parallel_agents.interrupts import unless
from parallel_agents.session_tools.context import Requester
from parallel_agents.session_tools.specs import SPECS
from parallel_agents.session_tools.toolbox import SessionTools
from parallel_agents.surfaces.mcp.offers import offered
from parallel_agents.surfaces.mcp.questions import (
    SCHEMAS as QUESTION_SCHEMAS,
    call_questions,
    offered_questions,
)

NAME = "parallel-agents"
INSTRUCTIONS = (
    "Run AI agents in parallel. sessions_spawn starts one and returns at once with its runId and "
    "childSessionKey; spawn all that you need, then get their results with agents_wait. "
    "agents_list lists the agents to spawn; subagents lists, steers and kills what you spawned."
)

_log = logging.getLogger(__name__)
_PROGRESS_SECONDS = 5.0
_FAILED = ("error", "forbidden")
_STOPPED: JsonObject = {
    "status": "error",
    "error": "The server is stopping. Spawned sessions continue, and keep their keys and labels.",
}
_SCHEMAS = {spec.name: spec.parameters for spec in SPECS}
_T = TypeVar("_T")
_Context = ServerRequestContext[dict[str, Any]]


async def find_requester(sessions: Sessions, name: str | None) -> Requester:
    """The caller: the session of that name, or no session.

    Raises:
        ConfigError: there is no such session.
    """
    if name is None:
        return Requester()
    try:
        return Requester(session=(await sessions.find(name)).session.key)
    except (NotFound, Ambiguous) as error:
        raise ConfigError(
            f"the setting parent_session is invalid: {error.message}",
            why="agents would be spawned under a session that is not in the store",
            hint="name a session of this home, or unset PARALLEL_AGENTS_PARENT_SESSION",
        ) from error


class Answering(NamedTuple):
    """What a client that may answer questions is given: the verbs, and what has a run continued."""

    sessions: SessionVerbs
    go_on: Callable[[OpenQuestion], Awaitable[object]]


def make_server(
    tools: SessionTools,
    requester: Requester,
    stop: asyncio.Event,
    answering: Answering | None = None,
) -> Server[dict[str, Any]]:
    """A server of the tools for a requester; long calls report progress, and `stop` ends them.

    With `answering`, the client may answer questions in a person's place.
    """
    questions = [] if answering is None else offered_questions()
    listed = ListToolsResult(tools=[*offered(), *questions])

    async def on_list_tools(_: _Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return listed

    async def on_call_tool(context: _Context, params: CallToolRequestParams) -> CallToolResult:
        arguments = params.arguments or {}
        if answering is not None and params.name in QUESTION_SCHEMAS:
            call = partial(
                call_questions, answering.sessions, params.name, arguments, answering.go_on
            )
            work = _answer(QUESTION_SCHEMAS, params.name, arguments, call)
        else:
            call = partial(tools.call, params.name, arguments, requester)
            work = _answer(_SCHEMAS, params.name, arguments, call)

        async def report(seconds: float) -> None:
            await context.session.report_progress(seconds, message=f"{params.name}: {seconds:g} s")

        return _result(await unless(stop, _with_progress(work, report)) or _STOPPED)

    return Server(
        NAME,
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
    )


async def _answer(
    schemas: Mapping[str, JsonObject],
    name: str,
    arguments: JsonObject,
    call: Callable[[], Awaitable[JsonObject]],
) -> JsonObject:
    """The tool's answer; calls that do not match the tool's schema are refused here."""
    if name not in schemas:
        return _error(f"There is no tool {head(name, 80)!r}. Tools: {', '.join(schemas)}.")
    if problems := compiled(schemas[name]).problems(arguments):
        listed = "; ".join(str(problem) for problem in problems)
        return _error(f"The arguments do not match the tool's schema: {listed}")
    try:
        return await call()
    except PagentsError as error:
        text = error.in_a_sentence
        return {**_error(text), "code": error.code}
    except Exception as bug:  # noqa: BLE001 - the process's edge: a bug ends one call, not the server
        _log.exception("the tool %s crashed", name)
        return _error(f"{type(bug).__name__}: {bug} (a bug; see the server's log)")


def _error(text: str) -> JsonObject:
    return {"status": "error", "error": text}


def _result(answer: JsonObject) -> CallToolResult:
    """The answer as text for models, and as an object for programs."""
    return CallToolResult(
        content=[TextContent(text=orjson.dumps(answer).decode())],
        structured_content=answer,
        is_error=answer.get("status") in _FAILED,
    )


async def _with_progress(
    work: Coroutine[None, None, _T], report: Callable[[float], Coroutine[None, None, None]]
) -> _T:
    """The result of `work`; `report` is called every five seconds with the seconds so far."""

    async def report_on() -> None:
        seconds = 0.0
        while True:
            await asyncio.sleep(_PROGRESS_SECONDS)
            seconds += _PROGRESS_SECONDS
            await report(seconds)

    reporting = asyncio.create_task(report_on())
    try:
        return await work
    finally:
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting
