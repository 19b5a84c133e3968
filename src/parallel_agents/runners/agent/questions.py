"""Questions: a run asks a person, gives up its slot, and goes on with the answer.

The question and its answer are events, so that a run that another process takes over waits for the
same answer. A call that needs an approval is asked about before it is started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import NamedTuple

from parallel_agents.clock import wall
from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import (
    Body,
    Entry,
)
from parallel_agents.core.message import Place
from parallel_agents.core.question import Answer, Question, answered_key, asked_key, expired
from parallel_agents.core.runner import Activation
from parallel_agents.core.transcript import Transcript

NOBODY = "time limit"


class Patience(NamedTuple):
    """How long questions wait for an answer, on the clock of the store."""

    now: Callable[[], float]
    seconds: float


PATIENCE = Patience(wall, 43_200.0)


class Questions:
    """The questions of one run."""

    __slots__ = ("_activation", "_patience", "_transcript")

    def __init__(self, activation: Activation, transcript: Transcript, patience: Patience) -> None:
        self._activation = activation
        self._transcript = transcript
        self._patience = patience

    @property
    def end(self) -> float:
        """When a question that is asked now expires."""
        return self._patience.now() + self._patience.seconds

    async def ask(self, questions: Mapping[str, tuple[Place, Question]]) -> None:
        """Ask those, by what they are about, that were not asked before."""
        asked = self._transcript.decisions.asked
        bodies = {
            asked_key(about): Asked(turn=place.turn, number=place.number, question=question)
            for about, (place, question) in questions.items()
            if about not in asked
        }
        if bodies:
            await self._write(bodies)

    async def answer(self, about: str, place: Place) -> Answer:
        """The answer to a question that was asked; after its time, what stands in for one."""
        answered = self._transcript.decisions.answered
        if about not in answered:
            key, inbox = answered_key(about), self._activation.inbox
            question = self._transcript.decisions.asked[about]
            # Looked at again after each wait: the machine may have slept.
            while (left := question.expires_at - self._patience.now()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        self._transcript.apply(key, await inbox.wait_answer(key))
                        return answered[about]
            body = Answered(
                turn=place.turn, number=place.number, answer=expired(question), by=NOBODY
            )
            await self._activation.journal.append(Entry(key, body))
            # Somebody may have answered at the last moment: what is in the store counts.
            self._transcript.apply(key, await inbox.wait_answer(key))
        return answered[about]

    async def _write(self, bodies: Mapping[str, Body]) -> None:
        await self._activation.journal.append(*(Entry(*entry) for entry in bodies.items()))
        for key, body in bodies.items():
            self._transcript.apply(key, body)
