"""Text parts: the calls that a server left in the text of a reply, as parts of the message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import orjson

from parallel_agents.core.message import Part, Text, Thinking, ToolCall
from parallel_agents.core.schema import Json, JsonObject, compiled
from parallel_agents.models.reading.text_calls import Found, find_calls
from parallel_agents.models.wires.structured import FINAL_ANSWER


class Read(NamedTuple):
    """The parts with their calls, and the text that holds a call which cannot be read."""

    parts: Sequence[Part]
    unread: str = ""


def read_text_calls(
    parts: Sequence[Part],
    tools: Mapping[str, str],
    *,
    answers_by_tool: bool = False,
    schema: JsonObject | None = None,
) -> Read:
    """Read the calls in the text of `parts`, of `tools` by their name on the wire.

    A reply without any text may have its calls at the end of its reasoning. JSON that fits `schema` is
    the answer.
    """
    named = {own: own for own in tools.values()} | dict(tools)
    if answers_by_tool:
        named[FINAL_ANSWER] = FINAL_ANSWER
    has_text = any(isinstance(part, Text) for part in parts)
    read: list[Part] = []
    unread = ""
    for part in parts:
        is_read = isinstance(part, Text) or (
            isinstance(part, Thinking) and not has_text and not part.signature
        )
        if not is_read or not isinstance(part, Text | Thinking):
            read.append(part)
            continue
        found = _find(part.text, named, schema)
        if found.is_unread and isinstance(part, Text):
            unread = part.text
        if not found.calls:
            read.append(part)
            continue
        if found.text:
            read.append(Text(found.text) if isinstance(part, Text) else Thinking(found.text))
        read.extend(ToolCall("", named[call.name], call.arguments) for call in found.calls)
    return Read(read, unread)


def _find(text: str, named: Mapping[str, str], schema: JsonObject | None) -> Found:
    return find_calls(text, named, None if schema is None else lambda each: _fits(each, schema))


def _fits(text: str, schema: JsonObject) -> bool:
    """Whether a text is an answer: JSON that fits a schema, and has a member that the schema names."""
    try:
        value: Json = orjson.loads(text.strip().removeprefix("```json").strip("`").strip())
    except orjson.JSONDecodeError:
        return False
    if not compiled(schema).fits(value):
        return False
    properties = schema.get("properties")
    if not isinstance(value, Mapping) or not isinstance(properties, Mapping):
        return True
    return not properties or not value or any(name in properties for name in value)
