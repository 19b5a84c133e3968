"""Throttle: how fast a model may be called, from its limits and its past refusals.

Each model has one throttle, shared by all processes of a store. A refusal (429) halves the window,
the number of calls in flight at once, and closes the throttle for as long as the provider asks.
A full window of answers then widens the window by one (additive increase, multiplicative decrease,
as in RFC 5681). After a minute without refusals every answer widens it by one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

from parallel_agents.core.circuit import CLOSED, Circuit
from parallel_agents.core.rates import EMPTY, Minute, RateLimit
from parallel_agents.core.schema import Json

T = TypeVar("T")

CALM_SECONDS = 60.0
# A provider may name days; whether it still means them costs one refused call in an hour.
MOST_CLOSED_SECONDS = 3600.0
_AGENT = "agent:"
_DEFAULT_CLOSED_SECONDS = 1.0  # after a refusal that names no time


class Reason(StrEnum):
    """Why a call waits."""

    CLOSED = "closed"
    REQUESTS = "requests"
    TOKENS = "tokens"
    WINDOW = "window"

    def describe(self, model: str) -> str:
        """What a call of `model` waits for, to follow "waiting for"."""
        match self:
            case Reason.CLOSED:
                return f"{model} to accept calls again"
            case Reason.REQUESTS:
                return f"the request limit of {model}"
            case Reason.TOKENS:
                return f"the token limit of {model}"
            case Reason.WINDOW:
                return f"other calls to {model} to end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The calls of one process: in flight, waiting, and the time when these counts expire."""

    in_flight: int
    waiting: int
    until: float

    @property
    def is_idle(self) -> bool:
        return not self.in_flight and not self.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRequest:
    """The calls that a process wants to make, in the order in which they wait.

    Attributes:
        process: the process that makes them.
        holder: its other calls.
        tokens: the most that each call can use.
        limit: this process's limit; one set in the store overrides it.
    """

    process: str
    holder: Holder
    tokens: tuple[int, ...]
    limit: RateLimit


class Grant(NamedTuple):
    """How many calls may start, why the next one waits, and its shortest wait in seconds."""

    granted: int
    reason: Reason = Reason.WINDOW
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """The throttle of a model, or of an agent, which uses only its circuit.

    Times are seconds since 1970.

    Attributes:
        model: `provider/model`, or the result of `name_for_agent`.
        limit: the limit set in the store; None leaves it to each process's configuration.
        minute: the tally of the last minute.
        window: calls in flight at once in all processes; None means unlimited.
        answers: the number of answers since the window last changed.
        closed_until: no call starts before then, but at most an hour after the last refusal.
        limited_at: the time of the last refusal.
        halved_at: the time when the window was last halved. A refusal of a call that began before
            does not halve it again.
        holders: the calls of each process, by the owner id of the process.
        circuit: whether the model or agent is used at all.
        learned: what refusals taught about the model's requests, as fields of a dialect.
    """

    model: str
    limit: RateLimit | None = None
    minute: Minute = EMPTY
    window: int | None = None
    answers: int = 0
    closed_until: float = 0.0
    limited_at: float | None = None
    halved_at: float | None = None
    holders: Mapping[str, Holder] = field(default_factory=dict[str, Holder])
    circuit: Circuit = CLOSED
    learned: Mapping[str, Json] = field(default_factory=dict[str, Json])

    def is_free(self, now: float) -> bool:
        """Whether calls may start without asking: no limit, no window, and not closed."""
        return self.limit is None and self.window is None and not self.seconds_closed(now)

    def seconds_closed(self, now: float) -> float:
        """How long no call starts; 0 if one may."""
        refused_at = self.limited_at or 0.0
        if refused_at > now + 1:
            return 0.0  # it was refused before the clock was set back
        return max(0.0, min(self.closed_until, refused_at + MOST_CLOSED_SECONDS) - now)

    def at(self, now: float) -> Throttle:
        """The throttle at `now`, without expired counts and tallies."""
        holders = {name: holder for name, holder in self.holders.items() if holder.until > now}
        return replace(self, minute=self.minute.at(now), holders=holders)

    def in_flight(self) -> int:
        return sum(holder.in_flight for holder in self.holders.values())

    def waiting(self) -> int:
        return sum(holder.waiting for holder in self.holders.values())

    def take(self, request: TurnRequest, now: float) -> tuple[Throttle, Grant]:
        """Start as many of the calls as possible, in order, and count them."""
        throttle = _with_holder(self, request.process, request.holder, now)
        limit = self.limit or request.limit
        minute, granted, grant = throttle.minute, 0, Grant(0)
        for tokens in request.tokens:
            grant = _next_wait(throttle, minute, limit, tokens, granted, now)
            if grant.seconds > 0:
                break
            minute = minute.add(now, requests=1, tokens=tokens)
            granted += 1
        holder = replace(
            request.holder,
            in_flight=request.holder.in_flight + granted,
            waiting=max(0, request.holder.waiting - granted),
        )
        taken = replace(_with_holder(throttle, request.process, holder, now), minute=minute)
        return taken, grant._replace(granted=granted)

    def answered(self, process: str, holder: Holder, now: float) -> Throttle:
        """The throttle after an answer.

        The window widens. It is removed once it has not been the bottleneck for a while.
        """
        throttle = _with_holder(self, process, holder, now)
        if throttle.window is None:
            return throttle
        is_calm = throttle.limited_at is None or now - throttle.limited_at > CALM_SECONDS
        if is_calm and (throttle.in_flight() + throttle.waiting()) * 2 < throttle.window + 1:
            return replace(throttle, window=None, answers=0)
        # One per window is slow from far below the real capacity, as after the refusal of a single
        # call. Without refusals for a while, each answer widens the window, which doubles it.
        if throttle.answers + 1 < throttle.window and not is_calm:
            return replace(throttle, answers=throttle.answers + 1)
        return replace(throttle, window=throttle.window + 1, answers=0)

    def ended(self, process: str, holder: Holder, now: float) -> Throttle:
        """The throttle after a call without an answer that was not refused for its rate."""
        return _with_holder(self, process, holder, now)

    def corrected(self, second: int, tokens: int) -> Throttle:
        """The throttle with `tokens`, which may be negative, added to a second of its tally."""
        return replace(self, minute=self.minute.correct(second, tokens))

    def released(self, second: int, tokens: int) -> Throttle:
        """The throttle without a call that was granted in that second but never made."""
        return replace(self, minute=self.minute.correct(second, -tokens, -1))

    def refused(
        self,
        process: str,
        holder: Holder,
        *,
        began: float,
        retry_after_seconds: float | None,
        now: float,
    ) -> Throttle:
        """The throttle after a 429 to a call that began at `began`; `holder` excludes that call."""
        throttle = _with_holder(self, process, holder, now)
        wait = _DEFAULT_CLOSED_SECONDS if retry_after_seconds is None else retry_after_seconds
        wait = min(wait, MOST_CLOSED_SECONDS)
        closed = replace(
            throttle, closed_until=max(throttle.closed_until, now + wait), limited_at=now
        )
        if self.halved_at is not None and began <= self.halved_at:
            return closed
        at_once = throttle.in_flight() + 1 if self.window is None else self.window
        return replace(closed, window=max(1, at_once // 2), answers=0, halved_at=now)

    def paused(self, process: str, waiting: int, now: float, until: float) -> Throttle:
        """The throttle with the calls of a process that wait until the circuit lets them through."""
        held = self.holders.get(process)
        if held is None or held.until <= now:
            held = Holder(in_flight=0, waiting=0, until=until)
        held = replace(held, waiting=waiting, until=max(held.until, until))
        return _with_holder(self, process, held, now)

    def without(self, process: str) -> Throttle:
        """The throttle without the calls of a process that has ended."""
        holders = {name: holder for name, holder in self.holders.items() if name != process}
        is_probing = self.circuit.probe_until is not None and self.circuit.prober == process
        circuit = self.circuit.lose_probe() if is_probing else self.circuit
        return replace(self, holders=holders, circuit=circuit)

    def reset(self, limit: RateLimit | None) -> Throttle:
        """The throttle with a new limit, or None, and nothing learned from past calls."""
        return Throttle(model=self.model, limit=limit, minute=self.minute, holders=self.holders)


def name_for_agent(agent: str) -> str:
    """The name of an agent's throttle; no model can have it."""
    return f"{_AGENT}{agent}"


def name_of_agent(throttle: str) -> str:
    """The agent whose throttle has this name; empty for a model's throttle.

    >>> name_of_agent(name_for_agent("reviewer")), name_of_agent("mine/model")
    ('reviewer', '')
    """
    return throttle.removeprefix(_AGENT) if throttle.startswith(_AGENT) else ""


def _with_holder(throttle: Throttle, process: str, holder: Holder, now: float) -> Throttle:
    """The throttle with the current calls of a process, and without expired counts and tallies."""
    holders = {
        name: other
        for name, other in throttle.holders.items()
        if name != process and other.until > now
    }
    if not holder.is_idle:
        holders[process] = holder
    return replace(throttle, minute=throttle.minute.at(now), holders=holders)


def _next_wait(
    throttle: Throttle, minute: Minute, limit: RateLimit, tokens: int, granted: int, now: float
) -> Grant:
    """Why and how long the next call waits after `granted` others; 0 seconds if it may start.

    `minute` already counts the granted calls.
    """
    if seconds := throttle.seconds_closed(now):
        return Grant(0, Reason.CLOSED, seconds)
    # A window is at least 1, so a call that waits alone always starts.
    if throttle.window is not None and throttle.in_flight() + granted >= throttle.window:
        return Grant(0, Reason.WINDOW, 1.0)
    if seconds := minute.seconds_until_request(limit, now):
        return Grant(0, Reason.REQUESTS, seconds)
    return Grant(0, Reason.TOKENS, minute.seconds_until_tokens(limit, tokens, now))


class Throttles(Protocol):
    """The part of a store that keeps throttles for all of its processes."""

    async def throttles(self) -> list[Throttle]:
        """All throttles, ordered by name."""
        ...

    async def change_throttle(
        self, model: str, change: Callable[[Throttle], tuple[Throttle, T]]
    ) -> tuple[Throttle, T]:
        """Change a model's throttle in one transaction; a missing one starts blank.

        Args:
            model: `provider/model`, or the result of `name_for_agent`.
            change: a pure function, since it may be called in another thread.

        Returns:
            The throttle as stored now, and the second value that `change` returned.
        """
        ...

    def change_throttle_soon(self, model: str, change: Callable[[Throttle], Throttle]) -> None:
        """Queue a change ahead of all later ones, without waiting for it or reporting failure."""
        ...
