"""Breaker: the changes that a store applies to the circuit inside a throttle.

Each change is a pure function of one throttle, so that it is one transaction for all processes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from parallel_agents.core.circuit import CLOSED, Admission, Rule
from parallel_agents.core.throttle import Throttle


class Admitted(NamedTuple):
    """A circuit's decision; if it is a refusal, the shortest wait and the last failure."""

    admission: Admission
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Breaker:
    """Changes to circuits under one rule; `now` is seconds since 1970."""

    rule: Rule

    def admit(
        self, now: float, process: str, waiting: int = 0
    ) -> Callable[[Throttle], tuple[Throttle, Admitted]]:
        """Decide whether a process can proceed.

        `waiting` is how many of its uses wait if this one is refused; they count until they ask again.
        """

        def change(found: Throttle) -> tuple[Throttle, Admitted]:
            circuit, admission = found.circuit.admit(now, self.rule, process)
            seconds = circuit.seconds_left(now, self.rule)
            answer = Admitted(admission, seconds, circuit.reason)
            found = replace(found, circuit=circuit)
            if admission is Admission.REFUSED and waiting:
                found = found.paused(process, waiting, now, now + seconds)
            return found, answer

        return change

    def fail(
        self, now: float, reason: str, begun: Sequence[float]
    ) -> Callable[[Throttle], tuple[Throttle, float | None]]:
        """Count a failure; the change returns how long it opened the circuit, or None.

        `begun` holds the start of each use in flight.
        """

        def change(found: Throttle) -> tuple[Throttle, float | None]:
            circuit = found.circuit.failed(now, self.rule, reason, begun)
            is_opened = circuit.opened > found.circuit.opened
            seconds = circuit.seconds_left(now, self.rule) if is_opened else None
            return replace(found, circuit=circuit), seconds

        return change

    def answer(self, now: float) -> Callable[[Throttle], Throttle]:
        """Count a success."""
        return lambda found: replace(found, circuit=found.circuit.answered(now, self.rule))


@dataclass(slots=True)
class UsesInFlight:
    """The uses that this process has in flight, each with its start."""

    _begun: dict[int, float] = field(default_factory=dict[int, float])
    _last: int = 0

    def begin(self, now: float) -> int:
        """Record the start of a use; returns the number to end it with."""
        self._last += 1
        self._begun[self._last] = now
        return self._last

    def end(self, number: int) -> None:
        """Record the end of a use; ending it twice does nothing."""
        self._begun.pop(number, None)

    def begun(self) -> Sequence[float]:
        return tuple(self._begun.values())


def close(found: Throttle) -> tuple[Throttle, None]:
    """Close the circuit after a successful probe."""
    return replace(found, circuit=CLOSED), None


def lose_probe(found: Throttle) -> Throttle:
    """Forget a probe that was cancelled, which proves nothing."""
    return replace(found, circuit=found.circuit.lose_probe())
