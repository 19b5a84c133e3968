"""Attention: what a session needs of a person, which is another matter than how its run is doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from parallel_agents.core.question import Question, QuestionKind


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the sessions below one need of a person.

    Attributes:
        sessions: how many need it, by what it is.
        first: the oldest question among them; None if none asks.
    """

    sessions: Mapping[Attention, int] = field(default_factory=dict[Attention, int])
    first: Question | None = None
