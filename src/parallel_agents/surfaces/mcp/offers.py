"""Offers: the session tools as an MCP client lists them, with what each may change."""

from __future__ import annotations

from collections.abc import Sequence

from mcp_types import Tool, ToolAnnotations

from parallel_agents.core.tool import ToolSpec
from parallel_agents.session_tools.specs import SPECS

_YIELD = "sessions_yield"
_READS = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
# This server does not limit what a spawned agent does. Nor is a second call recognized: an MCP
# request has no id that outlives its connection.
_STARTS = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True
)
_ENDS = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=False
)
ANNOTATIONS = {
    "sessions_spawn": _STARTS,
    "agents_wait": _READS,
    "subagents": _ENDS,
    "sessions_send": _STARTS,
    "sessions_list": _READS,
    "sessions_history": _READS,
    "agents_list": _READS,
    "session_status": _READS,
}


def offered() -> Sequence[Tool]:
    """The tools that a client can use: all except the one that ends a turn of our own runs."""
    return [_tool(spec) for spec in SPECS if spec.name in ANNOTATIONS]


def _tool(spec: ToolSpec) -> Tool:
    return Tool(
        name=spec.name,
        description=spec.description.replace(f"{_YIELD} or ", ""),
        input_schema=dict(spec.parameters),
        annotations=ANNOTATIONS[spec.name],
    )
