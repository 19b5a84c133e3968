"""Tool routes: the tools of the MCP server, called by one that runs on another machine."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Given
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.mcp.client import LONGEST_WAIT_SECONDS, Client
from parallel_agents.surfaces.mcp.serving import calls_of


class ToolCallBody(Given):
    """A call of a tool, and who calls."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """The name of the tool."""
    arguments: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    """What its schema asks for."""
    client: Annotated[str, Field(max_length=100)] = ""
    """What the sessions of the client are marked with; empty if it reaches all sessions."""
    longest_wait: Annotated[float, Field(ge=1, le=LONGEST_WAIT_SECONDS)] | None = None
    """The most seconds that the call waits."""
    allow_answers: bool = False
    """Whether the client may answer the questions of agents."""


class ToolAnswerDocument(TypedDict):
    """The answer of a tool, which may be that it could not do it."""

    answer: dict[str, JsonValue]


async def call_tool(call: Call, given: ToolCallBody) -> Document:
    """Call a tool of the MCP server; a worker executes what it starts, once under a key."""
    wait = LONGEST_WAIT_SECONDS if given.longest_wait is None else given.longest_wait
    client = Client(given.client, wait, allow_answers=given.allow_answers)
    calls = await calls_of(call.client, call.gateway.environment, client, key=call.key)
    return Document(value={"answer": await calls.answer(given.name, given.arguments)})


ROUTES = (
    Route(
        method="POST",
        path="/tools/call",
        name="callTool",
        does="Call a tool of the MCP server, for one that runs on another machine.",
        takes=ToolCallBody,
        gives=ToolAnswerDocument,
        form=Form.DOCUMENT,
        answer=handled(ToolCallBody, call_tool),
    ),
)
