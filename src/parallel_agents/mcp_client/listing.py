"""Listing: the tools of a server, as tools that models can be offered; what cannot be is reported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.mcp_names import offered_name
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.schema import compiled
from parallel_agents.core.tool import Access, Effect, ToolSpec
from parallel_agents.core.unicode import whole_text, without_escapes

MOST_TOOLS = 1_000
_MOST_NAME = 1_000
_MOST_SCHEMA_BYTES = 50_000
_MOST_DESCRIPTION = 4_000
_MOST_PROBLEMS = 100
_ANY: JsonObject = {"type": "object", "properties": {}}
# Controls but the line's end, and the marks by which text is hidden or turned around.
_HIDDEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]"
)


class ServedTool(NamedTuple):
    """A tool of a server: what the server calls it, and what models do."""

    name: str
    spec: ToolSpec


@dataclass(frozen=True, slots=True)
class Listing:
    """The tools of a server.

    Attributes:
        tools: by the names that models use.
        problems: why others are left out.
    """

    tools: Mapping[str, ServedTool] = field(default_factory=dict[str, ServedTool])
    problems: Sequence[str] = ()


def read_listing(server: McpServer, listed: Sequence[Json], *, more: bool = False) -> Listing:
    """What a server offers, of what its `tools/list` says.

    Args:
        server: its entry, which filters and renames its tools.
        listed: the tools of all pages.
        more: whether there are some beyond those that were read.
    """
    tools: dict[str, ServedTool] = {}
    problems: list[str] = []
    known: set[str] = set()
    for item in listed[:MOST_TOOLS]:
        try:
            tool = _read_tool(server, item, known)
        except ValueError as error:
            problems.append(str(error))
            continue
        if tool is None:
            continue
        if tools.setdefault(tool.spec.name, tool) is not tool:
            problems.append(f"a second tool is called {tool.spec.name}, and is left out")
    if more or len(listed) > MOST_TOOLS:
        problems.append(f"it has more than {MOST_TOOLS:,} tools; those after them are left out")
    problems += _vain(server, known)
    if len(problems) > _MOST_PROBLEMS:
        hidden = len(problems) - _MOST_PROBLEMS
        problems = [*problems[:_MOST_PROBLEMS], f"and {hidden:,} more problems"]
    return Listing(tools, problems)


def _read_tool(server: McpServer, item: Json, known: set[str]) -> ServedTool | None:
    """A tool; None if the server's entry leaves it out.

    Raises:
        ValueError: it cannot be offered.
    """
    name = item.get("name") if isinstance(item, Mapping) else None
    if not isinstance(item, Mapping) or not isinstance(name, str) or not name.strip():
        raise ValueError("a tool without a name is left out")
    if len(name) > _MOST_NAME:
        raise ValueError(f"the tool {head(name, 40)!r}… has a name of {len(name):,} characters")
    known.add(name)
    if not _is_enabled(server, name):
        return None
    reads = server.trust_read_only and _says_read_only(item)
    spec = ToolSpec(
        name=offered_name(server.name, server.renamed_tools.get(name, name)),
        description=_description(item),
        parameters=_parameters(name, item.get("inputSchema")),
        effect=Effect.IDEMPOTENT if reads else Effect.ONCE,
        access=Access.READ if reads else Access.RUN,
    )
    return ServedTool(name, spec)


def _is_enabled(server: McpServer, name: str) -> bool:
    if any(fnmatchcase(name, pattern) for pattern in server.disabled_tools):
        return False
    enabled = server.enabled_tools
    return not enabled or any(fnmatchcase(name, pattern) for pattern in enabled)


def _vain(server: McpServer, known: set[str]) -> Iterator[str]:
    """What the entry says of tools that the server does not have."""
    patterns = {
        "enabled_tools": server.enabled_tools,
        "disabled_tools": server.disabled_tools,
        "renamed_tools": tuple(server.renamed_tools),
    }
    for part, named in patterns.items():
        for pattern in named:
            if not any(fnmatchcase(name, pattern) for name in known):
                yield f"{part} names {pattern!r}, and the server has no such tool"


def _says_read_only(item: JsonObject) -> bool:
    annotations = item.get("annotations")
    return isinstance(annotations, Mapping) and annotations.get("readOnlyHint") is True


def _description(item: JsonObject) -> str:
    """What models are told about a tool: one paragraph or several, without invisible characters."""
    given = item.get("description")
    title = item.get("title")
    text = given if isinstance(given, str) and given.strip() else title
    if not isinstance(text, str):
        return ""
    seen = _HIDDEN.sub("", without_escapes(whole_text(head(text, 2 * _MOST_DESCRIPTION)))).strip()
    return seen if len(seen) <= _MOST_DESCRIPTION else f"{head(seen, _MOST_DESCRIPTION)}…"


def _parameters(name: str, schema: Json) -> JsonObject:
    """A tool's input schema, checked as those of our own tools are.

    Raises:
        ValueError: it is not one that arguments can be checked by.
    """
    if schema is None:
        return _ANY
    kind = schema.get("type", "object") if isinstance(schema, Mapping) else type(schema).__name__
    if not isinstance(schema, Mapping) or kind != "object":
        raise ValueError(f"the input schema of {name!r} is of type {kind!r:.60}, not object")
    try:
        size = len(orjson.dumps(schema))
    except TypeError as error:  # as of a number above 64 bits, which no provider is sent
        raise ValueError(f"the input schema of {name!r} cannot be sent: {error}") from None
    if size > _MOST_SCHEMA_BYTES:
        raise ValueError(f"the input schema of {name!r} has more than {_MOST_SCHEMA_BYTES:,} bytes")
    plain = {"type": "object", **{key: part for key, part in schema.items() if key != "$schema"}}
    fault = _fault_of(plain)
    if fault and "$schema" in schema:  # an older draft, in which it may be valid
        plain, fault = {**schema, "type": "object"}, _fault_of(schema)
    if fault:
        raise ValueError(f"the input schema of {name!r} is not valid: {fault:.300}")
    return plain


def _fault_of(schema: JsonObject) -> str:
    try:
        compiled(schema)
    except ValueError as error:
        return str(error)
    return ""
