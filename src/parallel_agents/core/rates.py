"""Rates: what a model may be asked in a minute, and the tally of what it was asked."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """The most requests and tokens of a minute; None is no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    @property
    def is_bound(self) -> bool:
        return self.requests_per_minute is not None or self.tokens_per_minute is not None


NO_LIMIT = RateLimit()


@dataclass(frozen=True, slots=True)
class Slot:
    """What was taken in one second, which is counted from the same start as all times."""

    second: int
    requests: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Minute:
    """What was taken in the last minute, by second.

    A bucket that fills again while it is emptied gives twice its size in the first minute; a tally
    never gives more than the limit in any 60 s. A second counts until it is wholly past them.
    """

    slots: tuple[Slot, ...] = ()

    def at(self, now: float) -> Minute:
        """The tally without what is past."""
        oldest = int(now) - MINUTE_SECONDS
        if not self.slots or self.slots[0].second >= oldest:
            return self
        return Minute(tuple(slot for slot in self.slots if slot.second >= oldest))

    @property
    def requests(self) -> int:
        return sum(slot.requests for slot in self.slots)

    @property
    def tokens(self) -> int:
        return sum(slot.tokens for slot in self.slots)

    def add(self, now: float, *, requests: int, tokens: int) -> Minute:
        second = int(now)
        if self.slots and self.slots[-1].second == second:
            last = self.slots[-1]
            more = Slot(second, last.requests + requests, last.tokens + tokens)
            return Minute((*self.slots[:-1], more))
        return Minute((*self.slots, Slot(second, requests, tokens)))

    def correct(self, second: int, tokens: int, requests: int = 0) -> Minute:
        """The tally with so many tokens and requests more, or fewer, in a second that is still in it."""
        return Minute(
            tuple(
                Slot(second, max(0, slot.requests + requests), max(0, slot.tokens + tokens))
                if slot.second == second
                else slot
                for slot in self.slots
            )
        )

    def seconds_until_request(self, limit: RateLimit, now: float) -> float:
        """Seconds until one more request fits, 0 where it does."""
        most = limit.requests_per_minute
        if most is None or self.requests < most:
            return 0.0
        left = self.requests
        for slot in self.slots:
            left -= slot.requests
            if left < most:
                return _seconds_until_past(slot, now)
        return float(MINUTE_SECONDS)

    def seconds_until_tokens(self, limit: RateLimit, tokens: int, now: float) -> float:
        """The same of so many tokens; more than the limit go once nothing else is counted."""
        most = limit.tokens_per_minute
        if most is None:
            return 0.0
        left, wanted = self.tokens, min(tokens, most)
        if left + wanted <= most:
            return 0.0
        for slot in self.slots:
            left -= slot.tokens
            if left + wanted <= most:
                return _seconds_until_past(slot, now)
        return float(MINUTE_SECONDS)


EMPTY = Minute()


def _seconds_until_past(slot: Slot, now: float) -> float:
    return max(0.0, slot.second + MINUTE_SECONDS + 1 - now)
