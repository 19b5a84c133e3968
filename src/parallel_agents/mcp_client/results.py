"""Results: what a server's tool returned, as the text that a model reads."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.told import MOST_KEPT_CHARACTERS, shorten

_MOST_BLOCKS = 10_000
_BASE64_SHARE = 3 / 4


class ToolText(NamedTuple):
    """A result as text, and whether the tool says that it failed."""

    text: str
    is_error: bool


def tool_text(result: JsonObject) -> ToolText:
    """What a `CallToolResult` says, bounded.

    Structured content is shown only if there is no text: servers repeat it there, and some put
    whole images into it. https://modelcontextprotocol.io/specification/2025-11-25/server/tools
    """
    content = result.get("content")
    blocks = content[:_MOST_BLOCKS] if isinstance(content, list) else []
    told = [text for block in blocks if (text := _block(block))]
    structured = result.get("structuredContent")
    has_text = any(isinstance(each, Mapping) and each.get("text") for each in blocks)
    if structured is not None and not has_text:
        told.append(_as_json(structured))
    if isinstance(content, list) and len(content) > _MOST_BLOCKS:
        told.append(f"[{len(content) - _MOST_BLOCKS:,} more parts are left out here]")
    text = "\n".join(told) or "[The tool returned nothing.]"
    return ToolText(shorten(text, MOST_KEPT_CHARACTERS), result.get("isError") is True)


def _as_json(value: Json) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # numbers above 64 bits
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _block(block: Json) -> str:
    """A content block as text; what is not text is named with its type and size."""
    if not isinstance(block, Mapping):
        return ""
    match block.get("type"):
        case "text":
            return _text(block, "text")
        case "image" | "audio" as kind:
            size = round(len(_text(block, "data")) * _BASE64_SHARE)
            return f"[{kind} {_text(block, 'mimeType')}, {size:,} bytes, which is not shown]"
        case "resource_link":
            return f"[link {' '.join(_named(block))}]"
        case "resource":
            return _resource(block.get("resource"))
        case kind:
            return f"[a part of the type {head(repr(kind), 60)}, which is not shown]"


def _resource(resource: Json) -> str:
    if not isinstance(resource, Mapping):
        return ""
    named = " ".join(_named(resource))
    if text := _text(resource, "text"):
        return f"[resource {named}]\n{text}"
    size = round(len(_text(resource, "blob")) * _BASE64_SHARE)
    return f"[resource {named}, {size:,} bytes, which is not shown]"


def _named(block: JsonObject) -> Iterator[str]:
    for name in ("name", "uri", "mimeType", "description"):
        if text := _text(block, name):
            yield head(text, 1000)


def _text(block: JsonObject, name: str) -> str:
    value = block.get(name)
    return value if isinstance(value, str) else ""
