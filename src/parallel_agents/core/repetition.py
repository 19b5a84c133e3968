"""Repetition: whether a model makes the same calls turn after turn, as small models do when stuck."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.schema import JsonObject

FROM = 3


def times_in_a_row(messages: Sequence[Message]) -> int:
    """How many of the last replies made just the calls of the last one, with nothing new between.

    Returns:
        0 if the last reply makes no calls.
    """
    wanted: Sequence[tuple[str, JsonObject]] | None = None
    count = 0
    for message in reversed(messages):
        if message.role is Role.USER:
            break
        if message.role is not Role.ASSISTANT:
            continue
        calls = [
            (part.name, part.arguments) for part in message.parts if isinstance(part, ToolCall)
        ]
        if not calls or (wanted is not None and calls != wanted):
            break
        wanted = calls
        count += 1
    return count


def advice(count: int) -> str:
    """What a model is told that made the same calls `count` times; empty if it may go on so."""
    if count < FROM:
        return ""
    return f"[You have made this call {count} times in a row. If its result does not help, do something else.]"
