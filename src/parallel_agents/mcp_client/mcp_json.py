"""`.mcp.json`: the servers of a project in the `mcpServers` form of Claude Code and Cursor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import orjson

from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.mcp_server import McpServer, read_server
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import ConfigError

_SERVERS: Final = "mcpServers"
_HINT = "write it as `pagents docs mcp-servers` shows"
# What other programs write, and how it is read here.
_MILLISECONDS, _DISABLED = "timeout", "disabled"
# What other programs write, and what has no meaning here; above all, no approvals by the project.
_FOREIGN = frozenset(
    {"alwaysAllow", "autoApprove", "description", "envFile", "headersHelper", "oauth", "trust"}
)
_OWN = frozenset({"enabled_tools", "disabled_tools", "renamed_tools", "trust_read_only"})


@dataclass(frozen=True, slots=True, kw_only=True)
class McpJson:
    """What a `.mcp.json` defines.

    Attributes:
        problems: why a server cannot be used, by its name; under the empty name, why none can.
        notes: what of a server's entry is ignored, by its name.
    """

    servers: Mapping[str, McpServer] = field(default_factory=dict[str, McpServer])
    problems: Mapping[str, ConfigError] = field(default_factory=dict[str, ConfigError])
    notes: Mapping[str, str] = field(default_factory=dict[str, str])


def read_mcp_json(content: bytes, file: str) -> McpJson:
    """The servers in the content of a file; what is wrong with one leaves the others as they are."""
    try:
        found: Json = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        why = f"it is not JSON: {error}"
        return McpJson(problems={"": ConfigError(f"{file} cannot be read", why=why, hint=_HINT)})
    tables = found.get(_SERVERS) if isinstance(found, Mapping) else None
    if not isinstance(tables, Mapping):
        return McpJson(problems={"": _without_servers(found, file)})
    servers: dict[str, McpServer] = {}
    problems: dict[str, ConfigError] = {}
    notes: dict[str, str] = {}
    for name, table in tables.items():
        if isinstance(table, Mapping) and table.get(_DISABLED) is True:
            notes[name] = "it is disabled there"
            continue
        try:
            servers[name] = read_server(name, _as_ours(table))
        except ValueError as error:
            problems[name] = ConfigError(
                f"the MCP server {name} in {file} cannot be used", why=str(error), hint=_HINT
            )
        else:
            ignored = sorted(_FOREIGN & set(table)) if isinstance(table, Mapping) else []
            if ignored:
                notes[name] = f"{', '.join(ignored)} there has no effect here"
    return McpJson(servers=servers, problems=problems, notes=notes)


def _without_servers(found: Json, file: str) -> ConfigError:
    names = list(found) if isinstance(found, Mapping) else []
    near = did_you_mean(_SERVERS, names) if names else ""
    why = f"it has no table {_SERVERS!r}" + (f"; {near}" if near.startswith("did") else "")
    return ConfigError(f"{file} cannot be read", why=why, hint=_HINT)


def _as_ours(table: Json) -> Json:
    """An entry without what other programs alone understand.

    Raises:
        ValueError: it has a field with which only the user's own configuration has effect.
    """
    if not isinstance(table, Mapping):
        return table
    if own := sorted(_OWN & set(table)):
        raise ValueError(f"{own[0]} belongs into config.toml, as [mcp_servers.NAME]")
    dropped = {*_FOREIGN, _MILLISECONDS, _DISABLED}
    kept: dict[str, Json] = {name: each for name, each in table.items() if name not in dropped}
    return {**kept, **_seconds(table)}


def _seconds(table: JsonObject) -> JsonObject:
    """The time limit of a call, which Claude Code writes in milliseconds."""
    if _MILLISECONDS not in table:
        return {}
    given = table[_MILLISECONDS]
    if isinstance(given, bool) or not isinstance(given, int | float) or given <= 0:
        raise ValueError("timeout must be a number of milliseconds, more than 0")
    return {"call_timeout_seconds": given / 1000}
