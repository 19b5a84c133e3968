"""Server: the tools as a server of the official SDK, for HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams

from parallel_agents._version import __version__
from parallel_agents.core.schema import JsonObject
from parallel_agents.interrupts import unless
from parallel_agents.surfaces.mcp.about import INSTRUCTIONS, NAME, STOPPED, TITLE, result_of
from parallel_agents.surfaces.mcp.client import Answer
from parallel_agents.surfaces.mcp.progress import with_progress

_Context = ServerRequestContext[dict[str, Any]]


def make_server(answer: Answer, stop: asyncio.Event, tools: JsonObject) -> Server[dict[str, Any]]:
    """A server of these tools, as `tools/list` has them.

    Long calls report progress, and `stop` ends them.
    """
    offers = ListToolsResult.model_validate(tools)

    async def on_list_tools(_: _Context, __: PaginatedRequestParams | None) -> ListToolsResult:
        return offers

    async def on_call_tool(context: _Context, params: CallToolRequestParams) -> CallToolResult:
        async def report(seconds: float) -> None:
            await context.session.report_progress(seconds, message=f"{params.name}: {seconds:g} s")

        work = answer(params.name, params.arguments or {})
        answered = await unless(stop, with_progress(work, report)) or STOPPED
        return CallToolResult.model_validate(result_of(answered))

    return Server(
        NAME,
        title=TITLE,
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=on_list_tools,
        on_call_tool=on_call_tool,
    )
