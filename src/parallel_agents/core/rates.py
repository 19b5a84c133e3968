"""Rates: how much a model may be asked in one minute, and a tally of the last minute."""

from __future__ import annotations

from dataclasses import dataclass

MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimit:
    """The most requests and tokens in one minute; None means unlimited."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None

    @property
    def is_bound(self) -> bool:
        return self.requests_per_minute is not None or self.tokens_per_minute is not None


NO_LIMIT = RateLimit()


@dataclass(frozen=True, slots=True)
class Bucket:
    """The requests and tokens of one second; `second` counts from the epoch of all other times."""

    second: int
    requests: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Minute:
    """The requests and tokens of the last minute, by second.

    A token bucket, which refills while it drains, can grant twice its size in its first minute.
    This sliding window never grants more than the limit in any 60 s: a second counts until all of
    it is more than 60 s ago.
    """

    buckets: tuple[Bucket, ...] = ()

    def at(self, now: float) -> Minute:
        """The tally at `now`, without the seconds that have expired.

        A second to come was counted before the clock was set back, and does not count.
        """
        oldest, newest = int(now) - MINUTE_SECONDS, int(now) + 1
        if not self.buckets or (
            self.buckets[0].second >= oldest and self.buckets[-1].second <= newest
        ):
            return self
        return Minute(tuple(bucket for bucket in self.buckets if oldest <= bucket.second <= newest))

    @property
    def requests(self) -> int:
        return sum(bucket.requests for bucket in self.buckets)

    @property
    def tokens(self) -> int:
        return sum(bucket.tokens for bucket in self.buckets)

    def add(self, now: float, *, requests: int, tokens: int) -> Minute:
        second = int(now)
        if self.buckets and self.buckets[-1].second == second:
            last = self.buckets[-1]
            more = Bucket(second, last.requests + requests, last.tokens + tokens)
            return Minute((*self.buckets[:-1], more))
        return Minute((*self.buckets, Bucket(second, requests, tokens)))

    def correct(self, second: int, tokens: int, requests: int = 0) -> Minute:
        """Add `tokens` and `requests`, either of which may be negative, to a second of the tally.

        A second that has expired is ignored.
        """
        return Minute(
            tuple(
                Bucket(second, max(0, bucket.requests + requests), max(0, bucket.tokens + tokens))
                if bucket.second == second
                else bucket
                for bucket in self.buckets
            )
        )

    def seconds_until_request(self, limit: RateLimit, now: float) -> float:
        """Seconds until one more request fits; 0 if it fits now."""
        most = limit.requests_per_minute
        if most is None or self.requests < most:
            return 0.0
        left = self.requests
        for bucket in self.buckets:
            left -= bucket.requests
            if left < most:
                return _seconds_until_expired(bucket, now)
        return float(MINUTE_SECONDS)

    def seconds_until_tokens(self, limit: RateLimit, tokens: int, now: float) -> float:
        """Seconds until `tokens` more fit; 0 if they fit now.

        A call that alone exceeds the limit fits once the tally is empty.
        """
        most = limit.tokens_per_minute
        if most is None:
            return 0.0
        left, needed = self.tokens, min(tokens, most)
        if left + needed <= most:
            return 0.0
        for bucket in self.buckets:
            left -= bucket.tokens
            if left + needed <= most:
                return _seconds_until_expired(bucket, now)
        return float(MINUTE_SECONDS)


EMPTY = Minute()


def _seconds_until_expired(bucket: Bucket, now: float) -> float:
    return max(0.0, bucket.second + MINUTE_SECONDS + 1 - now)
