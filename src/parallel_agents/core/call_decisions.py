"""Call decisions: the events of what permissions and people decide about tool calls.

In each, `number` is that of the call in the reply of the turn, from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from parallel_agents.core.question import Answer, Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """A permission decided about a call.

    Attributes:
        subject: what the call is about, such as a command.
        rule: the permission; empty if none allowed the call, which is denied.
    """

    turn: int
    number: int
    tool: str
    subject: str
    is_allowed: bool
    rule: str
    kind: Literal["ruled"] = "ruled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call of a turn's reply waits for a person."""

    turn: int
    number: int
    question: Question
    kind: Literal["asked"] = "asked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A person, or the end of the time for it, decided about a call that waited."""

    turn: int
    number: int
    answer: Answer
    by: str
    kind: Literal["answered"] = "answered"
