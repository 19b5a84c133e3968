"""People: a flow asks a person, and continues with the answer, whenever that comes."""

from __future__ import annotations

import asyncio
import hashlib
from contextlib import suppress
from typing import NamedTuple

import orjson

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import Body, Entry
from parallel_agents.core.question import (
    NOBODY,
    Answer,
    Question,
    QuestionKind,
    answered_key,
    asked_key,
    expired,
)
from parallel_agents.core.runner import Activation
from parallel_agents.errors import InvalidInput, StepFailed
from parallel_agents.flows.memory import Memory
from parallel_agents.runners.agent.questions import Patience

MOST_CHARACTERS = 4_000
_MOST_CHOICES = 20


class Asking(NamedTuple):
    """What a person is asked.

    Attributes:
        default: the answer once the time is up; empty for none.
        seconds: how long the question waits; None for as long as the settings say.
        refusal: the choice that refuses; a flow that is run again asks again.
        takes_object: whether a JSON object may be the answer, besides the choices.
    """

    text: str
    choices: tuple[str, ...] = ()
    default: str = ""
    seconds: float | None = None
    refusal: str = ""
    takes_object: bool = False

    @property
    def digest(self) -> str:
        """Identifies what is asked."""
        return hashlib.sha256(orjson.dumps([self.text, self.choices])).hexdigest()

    def is_same(self, question: Question) -> bool:
        # A question that takes an object had no choices before version 0.1.
        asked = question.choices or (self.choices if self.takes_object else ())
        return (self.text, self.choices) == (question.text, asked)

    def check(self) -> None:
        """Refuse what nobody could answer.

        Raises:
            InvalidInput: the text or a choice is empty, there is too much of them, or the default is
                not one of the choices.
        """
        if not self.text.strip() or len(self.text) > MOST_CHARACTERS:
            raise InvalidInput(
                f"a question has 1 to {MOST_CHARACTERS:,} characters, and this one {len(self.text):,}",
                hint="share what is longer as an artifact, and name it",
            )
        if len(self.choices) > _MOST_CHOICES or not all(map(str.strip, self.choices)):
            raise InvalidInput(
                "the choices of a question are not valid",
                why=f"there are up to {_MOST_CHOICES}, and none is empty",
            )
        if self.default and self.choices and self.default not in self.choices:
            raise InvalidInput(
                f"the default {self.default!r} is not one of the choices",
                hint=f"name one of {', '.join(self.choices)}",
            )


async def ask(
    activation: Activation, memory: Memory, patience: Patience, about: str, asking: Asking
) -> str:
    """What a person answers.

    Raises:
        StepFailed: nobody answered in time, or somebody refused to.
    """
    if about not in memory.asked and about not in memory.answered:
        await _put(activation, memory, patience, about, asking)
    answer = await _answer(activation, memory, patience, about)
    if not answer.allow:
        raise StepFailed(
            f"nobody answered the step {about.removeprefix('step/')}",
            why=answer.text or "the time is up",
            hint="pass default= for an answer that stands in, or run the flow again to ask again",
        )
    return answer.text


async def _put(
    activation: Activation, memory: Memory, patience: Patience, about: str, asking: Asking
) -> None:
    """Ask; what a rule answers is answered in the same transaction, so that nobody else is asked."""
    seconds = patience.seconds if asking.seconds is None else asking.seconds
    question = Question(
        question=QuestionKind.REQUEST,
        text=asking.text,
        choices=asking.choices,
        refusal=asking.refusal,
        takes_object=asking.takes_object,
        default=asking.default,
        expires_at=patience.now() + seconds,
    )
    bodies: dict[str, Body] = {asked_key(about): Asked(turn=0, number=0, question=question)}
    memory.asked[about] = question
    agent = activation.claim.session.agent.name
    if (given := patience.rules.of(agent, question)) is not None:
        answered = Answered(turn=0, number=0, answer=given.answer, by=given.by)
        bodies[answered_key(about)] = answered
        memory.answered[about] = answered
    await activation.journal.append(*(Entry(*entry) for entry in bodies.items()))


async def _answer(activation: Activation, memory: Memory, patience: Patience, about: str) -> Answer:
    key = answered_key(about)
    while about not in memory.answered:
        # Looked at again after each wait: the machine may have slept.
        question = memory.asked[about]
        left = question.expires_at - patience.now()
        if left <= 0:
            body = Answered(turn=0, number=0, answer=expired(question), by=NOBODY)
            await activation.journal.append(Entry(key, body))
        # Somebody may have answered at the last moment: what is in the store counts.
        with suppress(TimeoutError):
            async with asyncio.timeout(left if left > 0 else None):
                memory.answered[about] = await activation.inbox.wait_answer(key)
    return memory.answered[about].answer
