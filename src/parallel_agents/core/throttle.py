"""Throttle: how fast a model may be asked, by its limits and by what it refused.

One value for each model, shared by all processes of a store. A refusal (429) halves the number of
calls at once and closes the door for as long as the provider says; answers widen it again by one
for each window of them (additive increase, multiplicative decrease, as in RFC 5681), and by one
for each answer once no call was refused for a minute.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar

from parallel_agents.core.circuit import CLOSED, Circuit
from parallel_agents.core.rates import EMPTY, Minute, RateLimit

T = TypeVar("T")

CALM_SECONDS = 60.0
_AGENT = "agent:"
_UNASKED_SECONDS = 1.0  # how long the door stays closed for a provider that does not say


class Reason(StrEnum):
    """Why a call waits."""

    CLOSED = "closed"
    REQUESTS = "requests"
    TOKENS = "tokens"
    WINDOW = "window"

    def words(self, model: str) -> str:
        """What a call of `model` waits for."""
        match self:
            case Reason.CLOSED:
                return f"{model} to take calls again"
            case Reason.REQUESTS:
                return f"requests of {model}"
            case Reason.TOKENS:
                return f"tokens of {model}"
            case Reason.WINDOW:
                return f"a place at {model}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What one process has: calls under way, calls that wait, and until when that is believed."""

    in_flight: int
    waiting: int
    until: float

    @property
    def is_idle(self) -> bool:
        return not self.in_flight and not self.waiting


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Calls that a process would make, in the order in which they wait.

    Attributes:
        process: whose calls they are.
        holder: what it has without them.
        tokens: the most that each can use.
        limit: the process's own, which one that was set in the store goes before.
    """

    process: str
    holder: Holder
    tokens: tuple[int, ...]
    limit: RateLimit


class Answer(NamedTuple):
    """So many of the calls may go; the next waits for a reason, for at least so many seconds."""

    granted: int
    reason: Reason = Reason.WINDOW
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """One model's throttle, or an agent's, which has a circuit alone; times are seconds since 1970.

    Attributes:
        model: `provider/model`, or what `name_for_agent` gives.
        limit: as set live; None leaves it to each process's configuration.
        window: calls at once in all processes; None is no bound, as before any refusal.
        answers: since the window last changed.
        closed_until: no call is made before.
        limited_at: the last refusal.
        halved_at: calls begun before do not halve the window again.
        holders: what processes have, by the ids under which they own runs.
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

    def is_free(self, now: float) -> bool:
        """Whether nothing that was learned or set holds a call back."""
        return self.limit is None and self.window is None and self.closed_until <= now

    def at(self, now: float) -> Throttle:
        """Without processes that fell silent, and with the last minute alone."""
        holders = {name: held for name, held in self.holders.items() if held.until > now}
        return replace(self, minute=self.minute.at(now), holders=holders)

    def in_flight(self) -> int:
        return sum(holder.in_flight for holder in self.holders.values())

    def waiting(self) -> int:
        return sum(holder.waiting for holder in self.holders.values())

    def take(self, ask: Ask, now: float) -> tuple[Throttle, Answer]:
        """Let as many of the calls go as may, in order; each is counted from now on."""
        throttle = _held(self, ask.process, ask.holder, now)
        limit = self.limit or ask.limit
        minute, granted, answer = throttle.minute, 0, Answer(0)
        for tokens in ask.tokens:
            answer = _hindrance(throttle, minute, limit, tokens, granted, now)
            if answer.seconds > 0:
                break
            minute = minute.add(now, requests=1, tokens=tokens)
            granted += 1
        holder = replace(
            ask.holder,
            in_flight=ask.holder.in_flight + granted,
            waiting=max(0, ask.holder.waiting - granted),
        )
        taken = replace(_held(throttle, ask.process, holder, now), minute=minute)
        return taken, answer._replace(granted=granted)

    def answered(self, process: str, holder: Holder, now: float) -> Throttle:
        """After an answer: the window widens, and goes where it has bound nobody for a while."""
        throttle = _held(self, process, holder, now)
        if throttle.window is None:
            return throttle
        is_calm = throttle.limited_at is None or now - throttle.limited_at > CALM_SECONDS
        if is_calm and (throttle.in_flight() + throttle.waiting()) * 2 < throttle.window + 1:
            return replace(throttle, window=None, answers=0)
        # One for each window takes a long time from far below what there is room for, as after a
        # refusal to a call that was alone; where none follows for a while, double it instead.
        if throttle.answers + 1 < throttle.window and not is_calm:
            return replace(throttle, answers=throttle.answers + 1)
        return replace(throttle, window=throttle.window + 1, answers=0)

    def ended(self, process: str, holder: Holder, now: float) -> Throttle:
        """After a call that brought no answer, and was not refused for its rate."""
        return _held(self, process, holder, now)

    def corrected(self, second: int, tokens: int) -> Throttle:
        """With so many tokens more, or fewer, in a second of the tally."""
        return replace(self, minute=self.minute.correct(second, tokens))

    def untaken(self, second: int, tokens: int) -> Throttle:
        """Without a call that was let go in that second, and was never made."""
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
        """After a 429 to a call that began at `began`; `holder` is without it."""
        throttle = _held(self, process, holder, now)
        wait = _UNASKED_SECONDS if retry_after_seconds is None else retry_after_seconds
        closed = replace(
            throttle, closed_until=max(throttle.closed_until, now + wait), limited_at=now
        )
        if self.halved_at is not None and began <= self.halved_at:
            return closed
        at_once = throttle.in_flight() + 1 if self.window is None else self.window
        return replace(closed, window=max(1, at_once // 2), answers=0, halved_at=now)

    def without(self, process: str) -> Throttle:
        """Without what a process holds, whose calls are no more."""
        holders = {name: held for name, held in self.holders.items() if name != process}
        is_probing = self.circuit.probe_until is not None and self.circuit.prober == process
        circuit = self.circuit.lose_probe() if is_probing else self.circuit
        return replace(self, holders=holders, circuit=circuit)

    def reset(self, limit: RateLimit | None) -> Throttle:
        """With a limit as set, or without one, and with nothing that was learned."""
        return Throttle(model=self.model, limit=limit, minute=self.minute, holders=self.holders)


def name_for_agent(agent: str) -> str:
    """The name of an agent's throttle, which no model can have."""
    return f"{_AGENT}{agent}"


def name_of_agent(throttle: str) -> str:
    """The agent whose throttle has that name; empty where it is a model's.

    >>> name_of_agent(name_for_agent("reviewer")), name_of_agent("mine/model")
    ('reviewer', '')
    """
    return throttle.removeprefix(_AGENT) if throttle.startswith(_AGENT) else ""


def _held(throttle: Throttle, process: str, holder: Holder, now: float) -> Throttle:
    """With what a process has, and without what is past."""
    holders = {
        name: held
        for name, held in throttle.holders.items()
        if name != process and held.until > now
    }
    if not holder.is_idle:
        holders[process] = holder
    return replace(throttle, minute=throttle.minute.at(now), holders=holders)


def _hindrance(
    throttle: Throttle, minute: Minute, limit: RateLimit, tokens: int, granted: int, now: float
) -> Answer:
    """What holds the next call back after `granted` others, with which `minute` is the tally.

    No seconds where nothing does.
    """
    if now < throttle.closed_until:
        return Answer(0, Reason.CLOSED, throttle.closed_until - now)
    # A window is at least 1: whoever waits alone goes.
    if throttle.window is not None and throttle.in_flight() + granted >= throttle.window:
        return Answer(0, Reason.WINDOW, 1.0)
    if seconds := minute.seconds_until_request(limit, now):
        return Answer(0, Reason.REQUESTS, seconds)
    return Answer(0, Reason.TOKENS, minute.seconds_until_tokens(limit, tokens, now))


class Throttles(Protocol):
    """The part of a store that keeps throttles, for all of its processes."""

    async def throttles(self) -> list[Throttle]:
        """Those that are there, by name."""
        ...

    async def change_throttle(
        self, model: str, change: Callable[[Throttle], tuple[Throttle, T]]
    ) -> tuple[Throttle, T]:
        """Change a model's throttle, a blank one where there is none, in one transaction.

        Args:
            model: `provider/model`, or an agent's name for one.
            change: a pure function, for it may be called in another thread.

        Returns:
            The throttle as it is kept now, and what `change` gave beside it.
        """
        ...

    def change_throttle_soon(self, model: str, change: Callable[[Throttle], Throttle]) -> None:
        """The same before any change that is asked for later, and nobody is told whether it was."""
        ...
