"""Events: the types of what `follow`, `history` and `questions` give, by the names to import them.

`Event.body` is one of the classes of `Body`, each with a `kind` of its own; `match`, `isinstance` and a
comparison of `kind` narrow it for type checkers.
"""

from __future__ import annotations

from parallel_agents.core.call_decisions import Answered, Asked, Ruled
from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Delivered,
    Event,
    Finished,
    Gated,
    HandedBack,
    Noticed,
    Queued,
    Refused,
    Replied,
    Retrying,
    Revised,
    Shortened,
    Started,
    Steered,
    ToolFinished,
    ToolStarted,
    Unanswered,
    Waiting,
)
from parallel_agents.core.flow import Batched, RowsChanged, StepFinished, StepStarted
from parallel_agents.core.question import Answer, OpenQuestion, Question, QuestionKind
from parallel_agents.core.run import Outcome
from parallel_agents.core.unreadable import Unreadable

__all__ = [
    "Answer",
    "Answered",
    "Asked",
    "Attempted",
    "Batched",
    "Body",
    "Closing",
    "Delivered",
    "Event",
    "Finished",
    "Gated",
    "HandedBack",
    "Noticed",
    "OpenQuestion",
    "Outcome",
    "Question",
    "QuestionKind",
    "Queued",
    "Refused",
    "Replied",
    "Retrying",
    "Revised",
    "RowsChanged",
    "Ruled",
    "Shortened",
    "Started",
    "Steered",
    "StepFinished",
    "StepStarted",
    "ToolFinished",
    "ToolStarted",
    "Unanswered",
    "Unreadable",
    "Waiting",
]
