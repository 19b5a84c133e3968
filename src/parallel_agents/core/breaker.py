"""Breaker: what is done to the circuit that a throttle keeps, as changes of the store.

Each function is pure and of one throttle, so that it is one transaction for all processes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from parallel_agents.core.circuit import CLOSED, Admission, Rule
from parallel_agents.core.throttle import Throttle


class Admitted(NamedTuple):
    """Whether it may be used; if not, for how many seconds at least, and what failed last."""

    admission: Admission
    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class Breaker:
    """The changes of circuits that keep to one rule; `now` is seconds since 1970."""

    rule: Rule

    def admit(self, now: float, process: str) -> Callable[[Throttle], tuple[Throttle, Admitted]]:
        """Ask whether a process may use it."""

        def change(found: Throttle) -> tuple[Throttle, Admitted]:
            circuit, admission = found.circuit.admit(now, self.rule, process)
            seconds = circuit.seconds_left(now, self.rule)
            return replace(found, circuit=circuit), Admitted(admission, seconds, circuit.reason)

        return change

    def fail(
        self, now: float, reason: str, begun: Sequence[float]
    ) -> Callable[[Throttle], tuple[Throttle, float | None]]:
        """Count a failure; it gives the seconds for which that opened the circuit, or None.

        `begun` is when each use began that is under way.
        """

        def change(found: Throttle) -> tuple[Throttle, float | None]:
            circuit = found.circuit.failed(now, self.rule, reason, begun)
            is_opened = circuit.opened > found.circuit.opened
            seconds = circuit.seconds_left(now, self.rule) if is_opened else None
            return replace(found, circuit=circuit), seconds

        return change

    def answer(self, now: float) -> Callable[[Throttle], Throttle]:
        """Count a use that went well."""
        return lambda found: replace(found, circuit=found.circuit.answered(now, self.rule))


@dataclass(slots=True)
class Flights:
    """When each use began that this process has under way."""

    _begun: dict[int, float] = field(default_factory=dict[int, float])
    _last: int = 0

    def begin(self, now: float) -> int:
        """A use is under way; the number by which it ends."""
        self._last += 1
        self._begun[self._last] = now
        return self._last

    def end(self, number: int) -> None:
        """It is not any more; one that has ended before stays so."""
        self._begun.pop(number, None)

    def begun(self) -> Sequence[float]:
        return tuple(self._begun.values())


def close(found: Throttle) -> tuple[Throttle, None]:
    """The probe went well."""
    return replace(found, circuit=CLOSED), None


def lose_probe(found: Throttle) -> Throttle:
    """The probe was broken off, and says nothing."""
    return replace(found, circuit=found.circuit.lose_probe())
