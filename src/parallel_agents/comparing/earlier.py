"""Earlier conversations: how what was said before two runs differs, in a sentence for each."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from parallel_agents.core.cutting import head
from parallel_agents.core.message import Message, Role
from parallel_agents.core.spelling import counted

_MOST_QUOTED = 80


def told_earlier(a: Sequence[Message], b: Sequence[Message]) -> tuple[str, str]:
    """What was said before each of two runs, as far as it is not the same."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False)))
    return _told(a, same), _told(b, same)


def _told(said: Sequence[Message], same: int) -> str:
    if not said:
        return "begins after nothing"
    rest = said[same:]
    if not same:
        return (
            f"begins after {counted(len(said), 'message')}, the first of which is{_quoted(rest[0])}"
        )
    common = f"begins after the same {counted(same, 'message')}"
    if not rest:
        return common
    return f"{common} and {counted(len(rest), 'other')}, the first of which is{_quoted(rest[0])}"


def _quoted(message: Message) -> str:
    text = head(" ".join(message.text.split()), _MOST_QUOTED)
    if not text:
        return " without text"
    return f" an answer: {text}" if message.role is Role.ASSISTANT else f": {text}"
