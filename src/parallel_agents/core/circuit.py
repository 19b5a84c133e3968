"""Circuit: a model that keeps failing is left alone for a while, then asked by one call alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

FAILURES = 5
FAILED_SHARE = 0.9
MOST_ENDED = 20
ENDED_SECONDS = 30.0
OPEN_SECONDS = 15.0
MOST_OPEN_SECONDS = 60.0
PROBE_SECONDS = 60.0
ASK_AGAIN_SECONDS = 5.0


class Admission(StrEnum):
    """Whether a call is made: as any, as the one that finds out whether the model is back, or not."""

    PASS = "pass"  # noqa: S105 - no password
    PROBE = "probe"
    REFUSED = "refused"


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """One model's circuit; times are seconds on one clock.

    Attributes:
        opened: how often it has opened since the model last answered; each time lasts twice as long.
        open_until: no call is made before; None while it is closed.
        probe_until: a probe is under way, and counts as lost from then on.
    """

    opened: int = 0
    open_until: float | None = None
    probe_until: float | None = None

    def state(self, now: float) -> CircuitState:
        if self.open_until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self.open_until else CircuitState.HALF_OPEN

    def admit(self, now: float) -> tuple[Circuit, Admission]:
        """Whether a call may be made now; the first after an open time is the probe."""
        if self.open_until is None:
            return self, Admission.PASS
        is_probing = self.probe_until is not None and now < self.probe_until
        if now < self.open_until or is_probing:
            return self, Admission.REFUSED
        probing = Circuit(
            opened=self.opened, open_until=self.open_until, probe_until=now + PROBE_SECONDS
        )
        return probing, Admission.PROBE

    def seconds_left(self, now: float) -> float:
        """How long a refused call should wait at least before it asks again."""
        if self.open_until is None:
            return 0.0
        return max(self.open_until - now, ASK_AGAIN_SECONDS if self.probe_until else 0.0)

    def open(self, now: float) -> Circuit:
        """Open it; one that is open stays as it is, since calls begun before still fail."""
        if self.open_until is not None and (now < self.open_until or self.probe_until is None):
            return self
        # The exponent is held down, or a long outage would overflow.
        seconds = min(MOST_OPEN_SECONDS, OPEN_SECONDS * 2 ** min(self.opened, 10))
        return Circuit(opened=self.opened + 1, open_until=now + seconds)

    def lose_probe(self) -> Circuit:
        """The probe was broken off: the next call is one."""
        return Circuit(opened=self.opened, open_until=self.open_until)


CLOSED = Circuit()


class Ended(NamedTuple):
    """A call that ended: when, and whether the model failed."""

    at: float
    is_failure: bool


def with_failure(ended: tuple[Ended, ...], now: float) -> tuple[Ended, ...]:
    """The last calls that count, with one that failed."""
    return (*(call for call in ended if call.at > now - ENDED_SECONDS), Ended(now, True))[
        -MOST_ENDED:
    ]


def with_answer(ended: tuple[Ended, ...], now: float) -> tuple[Ended, ...]:
    """The same with one that was answered; without a failure before it none is kept."""
    return (*ended, Ended(now, False))[-MOST_ENDED:] if ended else ()


def are_too_many(ended: tuple[Ended, ...]) -> bool:
    """Whether nearly all of the last calls failed, and enough of them to tell chance from a fault."""
    failures = sum(call.is_failure for call in ended)
    return failures >= FAILURES and failures >= FAILED_SHARE * len(ended)
