"""Forking: what a session that continues the conversation of another one begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parallel_agents.core.kept_text import without_references
from parallel_agents.core.message import Message, Part, Text, ToolResult


def forked(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages that a forked session begins with: all except tool calls without results.

    Marks of cuts name no paths any more: what the other session keeps is not the forked one's to
    read, and it was told in part there too.
    """
    whole = list(messages)
    while whole and whole[-1].tool_calls:
        whole.pop()
    return tuple([_without_references(message) for message in whole])


def _without_references(message: Message) -> Message:
    parts = tuple([_part(part) for part in message.parts])
    is_same = all(part is before for part, before in zip(parts, message.parts, strict=True))
    return message if is_same else replace(message, parts=parts)


def _part(part: Part) -> Part:
    match part:
        case Text(text=text) if (told := without_references(text)) != text:
            return replace(part, text=told)
        case ToolResult(content=content) if (told := without_references(content)) != content:
            return replace(part, content=told)
        case _:
            return part
