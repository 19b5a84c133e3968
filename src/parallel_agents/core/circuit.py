"""Circuit: what keeps failing is left alone for a while, then tried once, and used again if that goes well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

_REASON_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a circuit opens and for how long; times are in seconds.

    Attributes:
        failures: it takes at least so many, to tell chance from a fault,
        share: and at least this part of all that ended,
        most_ended: of the last so many,
        ended_seconds: none of them longer ago.
        open_seconds: the first open time; each failed probe doubles it,
        most_open_seconds: up to this.
        probe_seconds: a probe that has not ended by then counts as lost.
        ask_again_seconds: who is refused because of a probe waits at least as long.
    """

    failures: int
    share: float
    most_ended: int
    ended_seconds: float
    open_seconds: float
    most_open_seconds: float
    probe_seconds: float
    ask_again_seconds: float


# The calls of a model.
MODELS = Rule(
    failures=5,
    share=0.9,
    most_ended=20,
    ended_seconds=30.0,
    open_seconds=15.0,
    most_open_seconds=60.0,
    probe_seconds=60.0,
    ask_again_seconds=5.0,
)

# The runs of an agent: they are fewer, longer, and cost more to try.
AGENTS = Rule(
    failures=10,
    share=0.9,
    most_ended=20,
    ended_seconds=600.0,
    open_seconds=60.0,
    most_open_seconds=600.0,
    probe_seconds=600.0,
    ask_again_seconds=0.0,
)


class Admission(StrEnum):
    """Whether it is used: as ever, as the one that finds out whether it is well again, or not."""

    PASS = "pass"  # noqa: S105 - no password
    PROBE = "probe"
    REFUSED = "refused"


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Ended:
    """A use that ended: when, and whether it failed."""

    at: float
    is_failure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """One circuit; times are seconds on one clock.

    Attributes:
        opened: how often it has opened since all was well; each time lasts twice as long.
        open_until: nothing is used before; None while it is closed.
        probe_until: a probe is under way, and counts as lost from then on.
        prober: the process that makes it.
        ended: while it is closed, the last uses from the first failure on.
        reason: what the last failure was.
    """

    opened: int = 0
    open_until: float | None = None
    probe_until: float | None = None
    prober: str = ""
    ended: tuple[Ended, ...] = ()
    reason: str = ""

    @property
    def is_closed(self) -> bool:
        return self.open_until is None

    def state(self, now: float) -> CircuitState:
        if self.open_until is None:
            return CircuitState.CLOSED
        return CircuitState.OPEN if now < self.open_until else CircuitState.HALF_OPEN

    def counted(self, now: float, rule: Rule) -> tuple[Ended, ...]:
        """The uses on record that still count."""
        return tuple(use for use in self.ended if use.at > now - rule.ended_seconds)

    def failures(self, now: float, rule: Rule) -> int:
        """How many failures are on record that still count."""
        if not self.ended or self.ended[-1].at <= now - rule.ended_seconds:
            return 0
        return sum(use.is_failure for use in self.counted(now, rule))

    def admit(self, now: float, rule: Rule, process: str) -> tuple[Circuit, Admission]:
        """Whether a process may use it now; the first after an open time is the probe."""
        if self.open_until is None:
            return self, Admission.PASS
        is_probing = self.probe_until is not None and now < self.probe_until
        if now < self.open_until or is_probing:
            return self, Admission.REFUSED
        probing = replace(self, probe_until=now + rule.probe_seconds, prober=process)
        return probing, Admission.PROBE

    def seconds_left(self, now: float, rule: Rule) -> float:
        """How long who was refused should wait at least before asking again."""
        if self.open_until is None:
            return 0.0
        return max(self.open_until - now, rule.ask_again_seconds if self.probe_until else 0.0)

    def failed(self, now: float, rule: Rule, reason: str, begun: Sequence[float] = ()) -> Circuit:
        """After a failure; it opens where they are too many, or where this one can be the probe's.

        One that is open stays as it is, since what was begun before still fails.

        `begun` is when each use began that has not ended. Those from shortly before the first
        failure on record may yet go well, as a failure is often quicker than an answer.
        """
        reason = reason[:_REASON_CHARACTERS]
        if self.open_until is not None:
            is_open = now < self.open_until or self.probe_until is None
            return self if is_open else self._open(now, rule, reason)
        ended = (*self.counted(now, rule), Ended(now, True))[-rule.most_ended :]
        first = ended[0].at
        pending = sum(first - rule.ended_seconds < at < first for at in begun)
        if _are_too_many(ended, pending, rule):
            return self._open(now, rule, reason)
        return replace(self, ended=ended, reason=reason)

    def answered(self, now: float, rule: Rule) -> Circuit:
        """After a use that went well; without a failure before it none is kept."""
        if not self.failures(now, rule):
            return self
        ended = (*self.counted(now, rule), Ended(now, False))[-rule.most_ended :]
        return replace(self, ended=ended)

    def _open(self, now: float, rule: Rule, reason: str) -> Circuit:
        """Open it; what came before says nothing about what comes after the probe."""
        # The exponent is held down, or a long outage would overflow.
        seconds = min(rule.most_open_seconds, rule.open_seconds * 2 ** min(self.opened, 10))
        return Circuit(opened=self.opened + 1, open_until=now + seconds, reason=reason)

    def lose_probe(self) -> Circuit:
        """The probe was broken off: the next use is one."""
        return replace(self, probe_until=None, prober="")


CLOSED = Circuit()


def _are_too_many(ended: tuple[Ended, ...], pending: int, rule: Rule) -> bool:
    """Whether nearly all of the last failed, and enough of them to tell chance from a fault."""
    failures = sum(use.is_failure for use in ended)
    return failures >= rule.failures and failures >= rule.share * (len(ended) + pending)
