"""Questions: a run asks a person, gives up its slot, and continues with the answer.

The question and its answer are events, so that a run that another process takes over waits for the
same answer. A call that needs an approval is asked about before it is started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import NamedTuple

from parallel_agents.clock import wall
from parallel_agents.core.answer_rules import NO_RULES, AnswerRules, Given
from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import (
    Body,
    Entry,
)
from parallel_agents.core.message import Place
from parallel_agents.core.question import NOBODY, Answer, Question, answered_key, asked_key, expired
from parallel_agents.core.runner import Activation
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.transcript import Transcript


class Patience(NamedTuple):
    """How long questions wait for an answer, on the clock of the store.

    Attributes:
        rules: they answer before a person is asked.
    """

    now: Callable[[], float]
    seconds: float
    rules: AnswerRules = NO_RULES


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

    def of_call(self, spec: ToolSpec, about: str) -> Given | None:
        """What a rule answers to whether a call may be made; None if a person is asked."""
        return self._patience.rules.of_call(self._agent, spec, about)

    @property
    def _agent(self) -> str:
        return self._activation.claim.session.agent.name

    async def ask(
        self,
        questions: Mapping[str, tuple[Place, Question]],
        given: Mapping[str, Given | None] = MappingProxyType({}),
    ) -> None:
        """Ask those, by what they are about, that were not asked before.

        What a rule answers is answered in the same transaction, so that nobody else is asked: as
        `given` says, or as the process's rules do.
        """
        asked = self._transcript.decisions.asked
        bodies: dict[str, Body] = {}
        for about, (place, question) in questions.items():
            if about in asked:
                continue
            turn, number = place
            bodies[asked_key(about)] = Asked(turn=turn, number=number, question=question)
            answer = given.get(about) or self._by_rule(question)
            if answer is not None:
                bodies[answered_key(about)] = Answered(
                    turn=turn, number=number, answer=answer.answer, by=answer.by
                )
        if bodies:
            await self._write(bodies)

    def _by_rule(self, question: Question) -> Given | None:
        decisions = self._transcript.decisions
        alike = sum(each.question is question.question for each in decisions.asked.values())
        tried = decisions.tried(question) if question.cause else frozenset[str]()
        return self._patience.rules.of(self._agent, question, alike, tried)

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
