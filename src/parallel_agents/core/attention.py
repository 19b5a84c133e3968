"""Attention: what a session needs of a person, which is another matter than how its run is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from parallel_agents.core.question import Question, QuestionKind
from parallel_agents.core.silence import Silence


class Attention(StrEnum):
    """What a person is needed for."""

    APPROVAL = "approval"
    QUESTION = "question"
    BUDGET = "budget"
    STUCK = "stuck"


def attention_for(question: Question) -> Attention:
    """What a question needs of a person."""
    match question.question:
        case QuestionKind.APPROVAL:
            return Attention.APPROVAL
        case QuestionKind.REQUEST:
            return Attention.QUESTION
        case QuestionKind.BUDGET:
            return Attention.BUDGET
        case QuestionKind.STUCK:
            return Attention.STUCK
        case _:
            assert_never(question.question)


def attention_of(asked: Question | None, silence: Silence | None) -> Attention | None:
    """What a run itself needs of a person, by what it asks and by how long it has been silent."""
    if asked is not None:
        return attention_for(asked)
    return Attention.STUCK if silence is not None and silence.is_stuck else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the sessions below one need of a person.

    Attributes:
        sessions: how many need it, by what it is.
        first: the oldest question among them; None if none asks.
    """

    sessions: Mapping[Attention, int] = field(default_factory=dict[Attention, int])
    first: Question | None = None

    def above(self, asked: Question | None, silence: Silence | None) -> Needs:
        """The same with what a session above them needs itself, whose question comes first."""
        own = attention_of(asked, silence)
        if own is None:
            return self
        sessions = {**self.sessions, own: self.sessions.get(own, 0) + 1}
        return Needs(sessions=sessions, first=asked or self.first)


NOTHING_NEEDED = Needs()
