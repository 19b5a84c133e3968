"""Question prompt: what runs ask a person is shown at the terminal that runs them, and answered there."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Self

from parallel_agents.core.budget_answer import HOW_TO_ANSWER
from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import Event, Finished
from parallel_agents.core.question import (
    Answer,
    OpenQuestion,
    QuestionKind,
    answered_key,
    question_id,
)
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import PagentsError
from parallel_agents.surfaces.cli import render
from parallel_agents.views.questions import described

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
_MOST_BYTES = 65_536


class QuestionPrompt:
    """Shows one question after the other, and takes a line of stdin as the answer.

    Where stdin is no terminal, it only shows them; `pagents answer` answers from anywhere.

    Args:
        sessions: where answers go.
        aside: prints beside the progress.
    """

    def __init__(
        self, sessions: Sessions, aside: Callable[[], AbstractContextManager[None]]
    ) -> None:
        self._sessions = sessions
        self._aside = aside
        self._open: dict[tuple[str, str], OpenQuestion] = {}
        self._typed = b""
        self._reads = False
        self._answering: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop_reading()
        for task in self._answering:
            task.cancel()

    def take(self, event: Event) -> None:
        """Show a question, or leave it once it is answered or its run has ended."""
        body = event.body
        if isinstance(body, Asked):
            about = event.key.rpartition("/")[0]
            self._open[event.run, answered_key(about)] = OpenQuestion(
                question_id(event.seq), event.session, event.run, about, body.question, event.at
            )
            if len(self._open) == 1:
                self._show_next()
        elif isinstance(body, Answered):
            self._leave([(event.run, event.key)])
        elif isinstance(body, Finished):
            self._leave([each for each in self._open if each[0] == event.run])

    def _leave(self, keys: list[tuple[str, str]]) -> None:
        shown = next(iter(self._open), None)
        for key in keys:
            self._open.pop(key, None)
        if shown in keys:
            self._show_next()

    def _show_next(self) -> None:
        question = next(iter(self._open.values()), None)
        if question is None:
            self._stop_reading()
            return
        self._start_reading()
        with self._aside():
            render.note(f"? {question.id}  {described(question)}", "yellow")
            if self._reads:
                render.note(f"  type {_HOW[question.question.question]}, and press Enter")
            else:
                render.note(f"  pagents answer {question.id} ...")

    def _start_reading(self) -> None:
        if self._reads or not sys.stdin or sys.stdin.closed or not sys.stdin.isatty():
            return
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._read)
        self._reads = True

    def _stop_reading(self) -> None:
        if self._reads:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self._reads = False

    def _read(self) -> None:
        descriptor = sys.stdin.fileno()
        if os.tcgetpgrp(descriptor) != os.getpgrp():
            return  # in the background a read would stop the process
        piece = os.read(descriptor, _MOST_BYTES)
        if not piece:
            self._stop_reading()
            return
        *lines, self._typed = (self._typed + piece)[-_MOST_BYTES:].split(b"\n")
        for line in lines:
            self._answer(line.decode(errors="replace").strip())

    def _answer(self, line: str) -> None:
        question = next(iter(self._open.values()), None)
        if question is None or not line:
            return
        is_approval = question.question.is_approval
        answer = _VERDICTS.get(line.lower()) if is_approval else Answer(allow=True, text=line)
        if answer is None:
            with self._aside():
                render.note("  type allow, run or deny", "yellow")
            return
        task = asyncio.create_task(self._send(question, answer))
        self._answering.add(task)
        task.add_done_callback(self._answering.discard)

    async def _send(self, question: OpenQuestion, answer: Answer) -> None:
        try:
            await self._sessions.answer(question.id, answer)
        except PagentsError as error:
            with self._aside():
                render.error(error)
