"""Transcript search: what is asked of all transcripts of a store, and the hits that answer it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import RunId, SessionKey


class TextRole(StrEnum):
    """Whose text a hit is in.

    TASK is what a run was asked, MESSAGE what somebody sent it, CALL a tool call's arguments, TOOL
    its result, ANSWER the end of a run if its model has not said it, ERROR why a run failed, QUESTION
    what it asked a person, PERSON the reply, and STEP what a step of a flow returned.
    """

    TASK = "task"
    MESSAGE = "message"
    MODEL = "model"
    CALL = "call"
    TOOL = "tool"
    ANSWER = "answer"
    ERROR = "error"
    QUESTION = "question"
    PERSON = "person"
    STEP = "step"


class Piece(NamedTuple):
    """A part of a snippet; the parts that match are hits."""

    text: str
    is_hit: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit(Frozen):
    """A text that matches.

    Attributes:
        label, agent: of its session; empty until the session is looked up.
        name: what lists call its session, and commands take.
        seq: the number of the event that has the text.
        at: when that was, in seconds since the epoch.
        snippet: the part of the text around the best match.
    """

    session: SessionKey
    run: RunId
    seq: int
    at: float
    role: TextRole
    snippet: Sequence[Piece]
    label: str = ""
    agent: str = ""
    name: str = ""

    @property
    def marked(self) -> str:
        """The snippet as one text, with brackets around each match."""
        return "".join(f"[{each.text}]" if each.is_hit else each.text for each in self.snippet)


class Coverage(NamedTuple):
    """How much of a store is searched.

    Attributes:
        seq: the number of the last event that is.
        at: when that happened, in seconds since the epoch; None before the first.
        behind: how many events are newer; 0 if everything is searched.
    """

    seq: int
    at: float | None
    behind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits(Frozen):
    """A page of hits, the best first.

    Attributes:
        total: how many there are on all pages.
        next: where the next page begins; empty after the last one.
    """

    items: Sequence[Hit]
    total: int
    next: str
    coverage: Coverage


OnProgress = Callable[[Coverage], None]


class TranscriptSearch(Protocol):
    """Finds texts in the transcripts of all sessions.

    Raises:
        InvalidInput: a phrase has nothing in it that could be found.
        SearchFailed: from each method: the index cannot be used.
    """

    async def catch_up(
        self, *, most_seconds: float | None = None, on_progress: OnProgress | None = None
    ) -> Coverage:
        """Index what is new, step by step, unless another process does.

        Args:
            most_seconds: begin no further step after that; None for no limit.
            on_progress: called after each step.
        """
        ...

    async def sessions_with(self, phrase: str) -> list[SessionKey]:
        """The sessions in which a phrase occurs."""
        ...

    async def find(
        self,
        phrase: str,
        *,
        sessions: Sequence[SessionKey] | None = None,
        limit: int,
        after: str = "",
    ) -> Hits:
        """A page of the hits for a phrase, the best first, and of equally good ones the newest first.

        Args:
            phrase: words, each of which a text must have, and "phrases" in quotes; `word*` stands
                for all words that begin so.
            sessions: only hits in these; None for all.
            limit: the most to return.
            after: `next` of the page before.
        """
        ...
