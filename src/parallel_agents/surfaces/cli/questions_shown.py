"""Questions shown: what work asks a person, said to somebody who watches it and answers elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import Event
from parallel_agents.core.question import question_id
from parallel_agents.core.verbs import SessionReads
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.question_prompt import asked_in
from parallel_agents.views.questions import described, example_answer


class TakesEvents(Protocol):
    """Somebody who sees each event of what is watched."""

    def take(self, event: Event) -> None: ...


class QuestionsShown:
    """Says each question once, with the command that answers it.

    Args:
        sessions: where questions wait.
        aside: prints beside the progress.
        began_at: when the watching began, in seconds since 1970; of the questions before, only those
            that wait are said.
    """

    def __init__(
        self,
        sessions: SessionReads,
        aside: Callable[[], AbstractContextManager[None]],
        began_at: float,
    ) -> None:
        self._sessions = sessions
        self._aside = aside
        self._began_at = began_at
        self._waiting = frozenset[str]()

    async def __aenter__(self) -> Self:
        self._waiting = frozenset([each.id for each in await self._sessions.questions()])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing is left to do."""

    def take(self, event: Event) -> None:
        """Say what is asked, if it is asked now, or waits since before."""
        body = event.body
        if not isinstance(body, Asked):
            return
        if event.at < self._began_at and question_id(event.seq) not in self._waiting:
            return
        question = asked_in(event, body)
        with self._aside():
            render.note(f"? {question.id}  {described(question)}", "yellow")
            render.note(f"  pagents answer {question.id} {example_answer(question)}")
