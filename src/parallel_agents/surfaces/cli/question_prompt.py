"""Question prompt: what runs ask a person is shown at the terminal that runs them, and answered there.

A line answers the question that was shown when it was begun, and no other: what was typed before the
question could be read is thrown away, and so is a line that was begun under another question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from parallel_agents.core.budget_answer import HOW_TO_ANSWER
from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import Event, Finished
from parallel_agents.core.question import (
    NOBODY,
    Answer,
    OpenQuestion,
    QuestionKind,
    answered_key,
    question_id,
)
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import AlreadyAnswered, PagentsError
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.typed_lines import TypedLines
from parallel_agents.views.format import one_line
from parallel_agents.views.questions import described, example_answer

_ALLOW = Answer(allow=True)
_VERDICTS = {
    "allow": _ALLOW,
    "a": _ALLOW,
    "run": Answer(allow=True, for_run=True),
    "deny": Answer(allow=False),
    "d": Answer(allow=False),
}
_HOW = {
    QuestionKind.APPROVAL: "allow, run (for the whole run) or deny",
    QuestionKind.REQUEST: "your answer",
    QuestionKind.BUDGET: HOW_TO_ANSWER,
    QuestionKind.STUCK: "wait, kill, or a message to the run",
}


def how_to_answer(question: OpenQuestion) -> str:
    """What can be typed as the answer to a question."""
    return _HOW[question.question.question]


def read_answer(question: OpenQuestion, line: str) -> Answer | None:
    """A typed line as the answer to a question; None if it is not one."""
    if question.question.is_approval:
        return _VERDICTS.get(line.lower())
    return Answer(allow=True, text=line)


# Nobody has read a question and answered it sooner.
_READ_SECONDS = 0.5


def asked_in(event: Event, body: Asked) -> OpenQuestion:
    """The question of an event."""
    about = event.key.rpartition("/")[0]
    return OpenQuestion(
        question_id(event.seq), event.session, event.run, about, body.question, event.at
    )


class QuestionPrompt:
    """Shows one question after the other, and takes a line of stdin as the answer.

    Where stdin is not a terminal, it only shows them; `pagents answer` answers from anywhere.

    Args:
        sessions: where answers go.
        aside: prints beside the progress.
        began_at: when the work was begun here, in seconds since 1970; of the questions before, only
            those that wait are shown.
    """

    def __init__(
        self,
        sessions: Sessions,
        aside: Callable[[], AbstractContextManager[None]],
        began_at: float,
    ) -> None:
        self._sessions = sessions
        self._aside = aside
        self._began_at = began_at
        self._waiting = frozenset[str]()  # those that were asked before
        self._open: dict[tuple[str, str], OpenQuestion] = {}
        self._lines = TypedLines(self._answer)
        self._asking: OpenQuestion | None = None  # the one that a line answers
        self._to_begin: asyncio.TimerHandle | None = None
        self._sent: set[str] = set()
        self._answering: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._waiting = frozenset([each.id for each in await self._sessions.questions()])
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_asking()
        for task in self._answering:
            task.cancel()

    def take(self, event: Event) -> None:
        """Show a question, or leave it once it is answered or its run has ended."""
        body = event.body
        if isinstance(body, Asked):
            if event.at < self._began_at and question_id(event.seq) not in self._waiting:
                return
            question = asked_in(event, body)
            self._open[event.run, answered_key(question.about)] = question
            if len(self._open) == 1:
                self._show_next()
        elif isinstance(body, Answered):
            self._leave([(event.run, event.key)], told_answer(body))
        elif isinstance(body, Finished):
            ended = [each for each in self._open if each[0] == event.run]
            self._leave(ended, "its run has ended")

    def hear(self, waiting: Sequence[OpenQuestion]) -> None:
        """Show those of these questions that are new, and leave those that are not among them."""
        found = {(each.run, answered_key(each.about)): each for each in waiting}
        gone = [key for key in self._open if key not in found]
        for key in reversed(gone):  # the one that is shown is the first
            self._leave([key], "it was answered, or its run has ended")
        is_none_shown = not self._open
        self._open |= {key: each for key, each in found.items() if key not in self._open}
        if is_none_shown:
            self._show_next()

    def _leave(self, keys: list[tuple[str, str]], why: str) -> None:
        shown = next(iter(self._open), None)
        left = [self._open.pop(key) for key in keys if key in self._open]
        if shown not in keys:
            return
        self._stop_asking()
        if left[0].id not in self._sent and self._lines.is_terminal:
            typed = "; what you typed for it is thrown away" if self._lines.discard() else ""
            self._note(f"  {left[0].id} no longer waits: {why}{typed}", "yellow")
        self._show_next()

    def _show_next(self) -> None:
        question = next(iter(self._open.values()), None)
        if question is None:
            return
        self._note(f"? {question.id}  {described(question)}", "yellow")
        if self._lines.is_terminal:
            loop = asyncio.get_running_loop()
            self._to_begin = loop.call_later(_READ_SECONDS, self._ask, question)
        else:
            self._say_where(question)

    def _ask(self, question: OpenQuestion) -> None:
        """Take what is typed from now on as the answer."""
        self._asking = question
        if self._lines.begin():
            self._note("  what you typed before you could read this is thrown away", "yellow")
        self._say_how(question)

    def _say_how(self, question: OpenQuestion) -> None:
        first = "press Enter, then " if self._lines.is_begun else ""
        self._note(f"  {first}type {how_to_answer(question)}, and press Enter")

    def _say_where(self, question: OpenQuestion) -> None:
        self._note(f"  pagents answer {question.id} {example_answer(question)}")

    def _stop_asking(self) -> None:
        self._asking = None
        self._lines.end()
        if self._to_begin is not None:
            self._to_begin.cancel()

    def _answer(self, line: str | None) -> None:
        question = self._asking
        if question is None:
            return
        if line is None:
            self._stop_asking()
            self._say_where(question)
            return
        if not line:
            self._say_how(question)
            return
        answer = read_answer(question, line)
        if answer is None:
            self._note("  type allow, run or deny", "yellow")
            return
        self._stop_asking()
        self._sent.add(question.id)
        task = asyncio.create_task(self._send(question, answer))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _send(self, question: OpenQuestion, answer: Answer) -> None:
        try:
            await self._sessions.answer(question.id, answer)
        except PagentsError as error:
            self._sent.discard(question.id)
            with self._aside():
                render.error(error)
            if question in self._open.values() and not isinstance(error, AlreadyAnswered):
                self._ask(question)

    def _note(self, text: str, style: str = "") -> None:
        with self._aside():
            render.note(text, style)


def told_answer(body: Answered) -> str:
    """Who answered a question, and what."""
    if body.by == NOBODY:
        return "its time is up"
    verdict = "allow" if body.answer.allow else "deny"
    return one_line(f"{body.by} answered {body.answer.text or verdict}")
