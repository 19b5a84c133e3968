"""Call in flight: a tool call while it is executed, as its tool may control it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from parallel_agents.core.command import CommandEnd
from parallel_agents.core.command_limits import LimitHit, LimitName, OutputMeter
from parallel_agents.core.ids import RunId
from parallel_agents.core.message import Place
from parallel_agents.core.question import Answer, Question, QuestionKind
from parallel_agents.core.runner import Activation
from parallel_agents.core.tool import EffectUnknown
from parallel_agents.runners.agent.questions import Questions
from parallel_agents.runners.clock import Clock


class OfTurn(NamedTuple):
    """What the calls of one turn share.

    Attributes:
        reported: the runs whose ends the run was told about.
        output: counts what their commands write.
    """

    reported: set[RunId]
    output: OutputMeter


class CallInFlight:
    """A call in flight: the Caller that its tool gets.

    Attributes:
        deadline: the deadline of the call; None while the call waits for other runs or for people.
        handed_back: the runs whose ends its result reports.
        output: counts what its commands write; the calls of one turn share what is left.
        hits: the limits of its session that its commands have hit.
    """

    __slots__ = (
        "_activation",
        "_clock",
        "_has_unknown_effect",
        "_is_in_flight",
        "_parked_at",
        "_place",
        "_questions",
        "_reported",
        "_requests",
        "_seconds",
        "_stood",
        "deadline",
        "handed_back",
        "hits",
        "output",
    )

    def __init__(
        self,
        activation: Activation,
        clock: Clock,
        questions: Questions,
        place: Place,
        shared: OfTurn,
        *,
        seconds: float | None,
        stood: float = 0.0,
    ) -> None:
        self._activation = activation
        self._clock = clock
        self._questions = questions
        self._place = place
        self._requests = 0
        self._reported = shared.reported
        self._has_unknown_effect = False
        self._is_in_flight = False
        self._parked_at: float | None = None
        self._seconds = seconds
        self._stood = stood
        self.deadline = asyncio.timeout(seconds)
        self.handed_back: tuple[RunId, ...] = ()
        self.output = shared.output.part()
        self.hits: dict[LimitName, LimitHit] = {}

    @property
    def parked_seconds(self) -> float:
        """How long the run's clock has stood still because of this call."""
        at = self._parked_at
        return self._stood + (0.0 if at is None else asyncio.get_running_loop().time() - at)

    @property
    def is_unknown(self) -> bool:
        """Whether nobody knows what the call did."""
        return self._has_unknown_effect or self.deadline.expired()

    def note_failure(self, error: Exception) -> None:
        """Note what the tool raised."""
        self._has_unknown_effect = isinstance(error, EffectUnknown)

    def note_command(self, end: CommandEnd) -> None:
        """Note how a command of the call ended."""
        self.hits.update((hit.limit, hit) for hit in end.hits)

    @property
    def seconds_left(self) -> float:
        """The time until the call's deadline."""
        at = self.deadline.when()
        return math.inf if at is None else at - asyncio.get_running_loop().time()

    @contextmanager
    def in_flight(self) -> Generator[None]:
        """The block in which the call is executed and stored."""
        self._activation.slot.begin_call()
        self._is_in_flight = True
        try:
            yield
        finally:
            self._leave_flight()

    def _leave_flight(self) -> None:
        if self._is_in_flight:
            self._is_in_flight = False
            self._activation.slot.end_call()

    def park(self) -> None:
        self.deadline.reschedule(None)
        self._leave_flight()
        if self._clock.park():
            self._parked_at = asyncio.get_running_loop().time()

    @contextmanager
    def queued(self) -> Generator[None]:
        self.deadline.reschedule(None)
        yield
        if self._seconds is not None:
            self.deadline.reschedule(asyncio.get_running_loop().time() + self._seconds)

    def rest(self) -> None:
        self.deadline.reschedule(None)
        self._leave_flight()
        self._stood, self._parked_at = self.parked_seconds, None
        self._clock.rest()

    async def wait_message(self) -> None:
        await self._activation.inbox.wait_message()

    async def ask(self, text: str, *, choices: Sequence[str] = (), default: str = "") -> Answer:
        self._requests += 1
        about = f"{self._place}/request/{self._requests}"
        question = Question(
            question=QuestionKind.REQUEST,
            text=text,
            choices=tuple(choices),
            default=default,
            expires_at=self._questions.end,
        )
        await self._questions.ask({about: (self._place, question)})
        self.park()
        return await self._questions.answer(about, self._place)

    def hand_back(self, runs: Sequence[RunId]) -> None:
        self.handed_back = (*self.handed_back, *runs)
        self._reported.update(runs)

    def has_reported(self, run: RunId) -> bool:
        return run in self._reported
