"""Repetition: whether a model makes the same calls turn after turn, as small models do when stuck."""

from __future__ import annotations

import re
from collections.abc import Sequence

from parallel_agents.core.message import Message, Role, ToolCall, ToolResult
from parallel_agents.core.schema import JsonObject

FROM = 3
MOST = 10
_ADVICE = "[You have made this call"
_DURATION = re.compile(r"\b\d+(\.\d+)? ?m?s\b")


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
    return f"{_ADVICE} {count} times in a row. If its result does not help, do something else.]"


def is_stuck(messages: Sequence[Message]) -> bool:
    """Whether the last 10 replies made the same calls and got the same results, despite the advice.

    Calls that get no advice do not count: they wait for other runs.
    """
    if times_in_a_row(messages) < MOST:
        return False
    results = [message for message in reversed(messages) if message.role is Role.TOOL][:MOST]
    told = [_told(message) for message in results]
    return len(told) == MOST and all(one == told[0] for one in told) and _is_advised(results[0])


def _told(message: Message) -> Sequence[tuple[str, bool]]:
    """What calls brought, without the advice and without how long they took, which is no news."""
    return [
        (
            _DURATION.sub("", part.content.rpartition(f"\n{_ADVICE}")[0] or part.content),
            part.is_error,
        )
        for part in message.parts
        if isinstance(part, ToolResult)
    ]


def _is_advised(message: Message) -> bool:
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    return bool(results) and all(f"\n{_ADVICE}" in part.content for part in results)
