"""Circuit: stop using what keeps failing, try it once after a while, and use it again if that works."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from parallel_agents.core.cutting import head

_REASON_CHARACTERS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a circuit opens and for how long; times are in seconds.

    Attributes:
        failures: the fewest failures that open it, to tell a fault from chance.
        share: the smallest share of failures among the recent uses that opens it, from 0 to 1.
        most_ended: how many recent uses count.
        ended_seconds: how long a use counts after its end.
        open_seconds: how long it stays open the first time. Each failed probe doubles that.
        most_open_seconds: the longest time that it stays open.
        probe_seconds: after this time, a probe that has not ended counts as lost.
        ask_again_seconds: the shortest wait of a caller that is refused because of a probe.
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

# The runs of an agent: fewer and longer than calls, and more expensive to try.
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
    """What a circuit decides: pass, pass as the probe that tests for recovery, or refuse."""

    PASS = "pass"  # noqa: S105 - no password
    PROBE = "probe"
    REFUSED = "refused"


class CircuitState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class Ended:
    """The end of one use: when, and whether it failed."""

    at: float
    is_failure: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """The state of one circuit breaker; all times are in seconds on the same clock.

    Attributes:
        opened: how many times it has opened since it was last closed; each time it stays open twice
            as long as the time before, up to a maximum.
        open_until: every use is refused until then; None while the circuit is closed.
        probe_until: when the current probe counts as lost; None without a probe.
        prober: the process that makes the probe.
        ended: the most recent uses that have ended, recorded from the first failure on; empty unless
            the circuit is closed.
        reason: the message of the last failure.
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
        """The recorded uses that still count at `now`."""
        return tuple(use for use in self.ended if use.at > now - rule.ended_seconds)

    def failures(self, now: float, rule: Rule) -> int:
        """The number of recorded failures that still count at `now`."""
        if not self.ended or self.ended[-1].at <= now - rule.ended_seconds:
            return 0
        return sum(use.is_failure for use in self.counted(now, rule))

    def admit(self, now: float, rule: Rule, process: str) -> tuple[Circuit, Admission]:
        """Decide whether a process can proceed; the first use after an open time is the probe."""
        if self.open_until is None:
            return self, Admission.PASS
        # What lies further ahead than any pause was written before the clock was set back.
        is_open = now < self.open_until <= now + rule.most_open_seconds
        is_probing = (
            self.probe_until is not None and now < self.probe_until <= now + rule.probe_seconds
        )
        if is_open or is_probing:
            return self, Admission.REFUSED
        probing = replace(self, probe_until=now + rule.probe_seconds, prober=process)
        return probing, Admission.PROBE

    def seconds_left(self, now: float, rule: Rule) -> float:
        """How long a refused caller should wait at least before it asks again."""
        if self.open_until is None:
            return 0.0
        return max(self.open_until - now, rule.ask_again_seconds if self.probe_until else 0.0)

    def failed(self, now: float, rule: Rule, reason: str, begun: Sequence[float] = ()) -> Circuit:
        """The circuit after a failure.

        A closed circuit opens if it has failed too often. A half-open circuit opens again, since
        the failure may be the probe's. An open circuit does not change, since uses that began
        before it opened may still fail.

        `begun` holds the start of each use that has not ended. Uses that began shortly before the
        first recorded failure may still succeed, since a failure is often faster than an answer.
        """
        reason = head(reason, _REASON_CHARACTERS)
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
        """The circuit after a success, which is recorded only while there are recent failures."""
        if not self.failures(now, rule):
            return self
        ended = (*self.counted(now, rule), Ended(now, False))[-rule.most_ended :]
        return replace(self, ended=ended)

    def _open(self, now: float, rule: Rule, reason: str) -> Circuit:
        """Open the circuit and forget past uses, which say nothing about the time after a probe."""
        # The exponent is bounded, or a long outage would overflow.
        seconds = min(rule.most_open_seconds, rule.open_seconds * 2 ** min(self.opened, 10))
        return Circuit(opened=self.opened + 1, open_until=now + seconds, reason=reason)

    def lose_probe(self) -> Circuit:
        """The circuit after its probe was cancelled: the next use is the probe."""
        return replace(self, probe_until=None, prober="")


CLOSED = Circuit()


def _are_too_many(ended: tuple[Ended, ...], pending: int, rule: Rule) -> bool:
    """Whether nearly all recent uses failed, and enough of them to tell a fault from chance."""
    failures = sum(use.is_failure for use in ended)
    return failures >= rule.failures and failures >= rule.share * (len(ended) + pending)
