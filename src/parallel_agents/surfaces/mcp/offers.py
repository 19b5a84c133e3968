"""Offers: the tools as an MCP client lists them, with what each may change and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.schema import JsonObject
from parallel_agents.session_tools.specs import SPECS
from parallel_agents.surfaces.mcp.outputs import OUTPUTS

_YIELD = "sessions_yield"
READS: JsonObject = {
    "readOnlyHint": True,
    "destructiveHint": False,
    "idempotentHint": True,
    "openWorldHint": False,
}
# This server does not limit what a spawned agent does. Nor is a second call recognized: an MCP
# request has no id that outlives its connection.
STARTS: JsonObject = {
    "readOnlyHint": False,
    "destructiveHint": False,
    "idempotentHint": False,
    "openWorldHint": True,
}
ENDS: JsonObject = {
    "readOnlyHint": False,
    "destructiveHint": True,
    "idempotentHint": False,
    "openWorldHint": False,
}
ANNOTATIONS: Mapping[str, JsonObject] = {
    "sessions_spawn": STARTS,
    "agents_wait": READS,
    "subagents": ENDS,
    "sessions_send": STARTS,
    "sessions_list": READS,
    "sessions_history": READS,
    "agents_list": READS,
    "session_status": READS,
}
_TITLES = {
    "sessions_spawn": "Spawn an agent",
    "agents_wait": "Wait for agents",
    "subagents": "List, steer and end agents",
    "sessions_send": "Send a message to an agent",
    "sessions_list": "List sessions",
    "sessions_history": "Read a session",
    "agents_list": "List kinds of agents",
    "session_status": "Show a session's status",
}


def offered() -> Sequence[JsonObject]:
    """The tools that a client can use: all except the one that ends a turn of our own runs."""
    return [
        offer(
            spec.name,
            _TITLES[spec.name],
            spec.description.replace(f"{_YIELD} or ", ""),
            spec.parameters,
            ANNOTATIONS[spec.name],
        )
        for spec in SPECS
        if spec.name in ANNOTATIONS
    ]


def offer(
    name: str, title: str, description: str, parameters: JsonObject, annotations: JsonObject
) -> JsonObject:
    """A tool as `tools/list` has it."""
    return {
        "name": name,
        "title": title,
        "description": description,
        "inputSchema": parameters,
        "outputSchema": OUTPUTS[name],
        "annotations": annotations,
    }
