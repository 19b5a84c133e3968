"""MCP names: what the tools of MCP servers are called, `mcp__SERVER__TOOL` as in Claude Code.

Providers take names of 64 letters, digits, dashes and underscores. A tool whose server calls it
otherwise gets a name that is made of its own and a digest, so that no two tools ever share one, and
a name does not depend on what else the server offers.
"""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

ANY = "*"
SERVER_PATTERN = r"[A-Za-z0-9][A-Za-z0-9-]*(?:_[A-Za-z0-9-]+)*"
MOST_SERVER_CHARACTERS = 32

_PREFIX = "mcp__"
_SEPARATOR = "__"
_MOST_CHARACTERS = 64
_TAKEN = re.compile(rf"[A-Za-z0-9_-]{{1,{_MOST_CHARACTERS}}}")
_OTHERS = re.compile(r"[^A-Za-z0-9-]+")
_DIGEST_CHARACTERS = 8


class McpName(NamedTuple):
    """What a name stands for: a tool of a server, or with `*` all of them."""

    server: str
    tool: str


def is_mcp_name(name: str) -> bool:
    """Whether a name is one of a tool, or of all tools, of a server."""
    return name.startswith(_PREFIX)


def parse_mcp_name(name: str) -> McpName:
    """The server and the tool of `mcp__SERVER__TOOL`, `mcp__SERVER__*` or `mcp__SERVER`."""
    server, _, tool = name.removeprefix(_PREFIX).partition(_SEPARATOR)
    return McpName(server, tool or ANY)


def is_server_name(name: str) -> bool:
    """Whether a server may be called so: the name ends where the tool's begins, and is short."""
    return len(name) <= MOST_SERVER_CHARACTERS and bool(re.fullmatch(SERVER_PATTERN, name))


def offered_name(server: str, tool: str) -> str:
    """The name by which models call a tool of a server.

    >>> offered_name("github", "create_issue")
    'mcp__github__create_issue'
    """
    prefix = f"{_PREFIX}{server}{_SEPARATOR}"
    if _TAKEN.fullmatch(tool) and _TAKEN.fullmatch(prefix + tool):
        return prefix + tool
    digest = hashlib.sha256(tool.encode(errors="replace")).hexdigest()[:_DIGEST_CHARACTERS]
    folded = _OTHERS.sub("_", tool).strip("_")
    room = _MOST_CHARACTERS - len(prefix) - len(digest) - 1
    return prefix + "_".join(filter(None, (folded[:room].rstrip("_"), digest)))


def names_tool(named: str, tool: str) -> bool:
    """Whether `mcp__SERVER`, or a tool by the name that its server gives it, stands for a tool."""
    if not is_mcp_name(named):
        return False
    server, wanted = parse_mcp_name(named)
    if wanted == ANY:
        return tool.startswith(f"{_PREFIX}{server}{_SEPARATOR}")
    return offered_name(server, wanted) == tool


def is_vain_pattern(named: str) -> bool:
    """Whether a pattern names tools by characters that no offered name has."""
    return (
        is_mcp_name(named)
        and named.endswith(ANY)
        and not _TAKEN.fullmatch(named.rstrip(ANY) or "_")
    )
