"""A minute's tally never gives more than the limit in any 60 s, and says when there is room again."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.rates import EMPTY, NO_LIMIT, RateLimit

WAITS = st.lists(st.floats(0, 20), max_size=120)


def most_in_a_minute(times: list[float]) -> int:
    return max((sum(at <= t < at + 60 for t in times) for at in times), default=0)


@pytest.mark.slow
@given(st.integers(1, 12), WAITS)
def test_no_60_seconds_ever_hold_more_requests_than_the_limit(
    most: int, waits: list[float]
) -> None:
    limit, minute, now = RateLimit(requests_per_minute=most), EMPTY, 0.0
    taken: list[float] = []

    for wait in waits:
        now += wait
        minute = minute.at(now)
        now += minute.seconds_until_request(limit, now)
        minute = minute.at(now).add(now, requests=1, tokens=0)
        taken.append(now)

    assert most_in_a_minute(taken) <= most


@given(st.integers(1, 1000), st.lists(st.tuples(st.floats(0, 20), st.integers(1, 1500))))
def test_no_60_seconds_ever_hold_more_tokens_than_the_limit_but_for_one_call_that_alone_has_more(
    most: int, calls: list[tuple[float, int]]
) -> None:
    limit, minute, now = RateLimit(tokens_per_minute=most), EMPTY, 0.0
    taken: list[tuple[float, int]] = []

    for wait, tokens in calls:
        now += wait
        minute = minute.at(now)
        now += minute.seconds_until_tokens(limit, tokens, now)
        minute = minute.at(now).add(now, requests=1, tokens=tokens)
        taken.append((now, tokens))

    for at, _ in taken:
        together = [tokens for t, tokens in taken if at <= t < at + 60]
        assert sum(together) <= most or len(together) == 1


@given(st.integers(1, 5), st.lists(st.floats(0, 5), min_size=1, max_size=20))
def test_after_the_wait_that_it_tells_there_is_room(most: int, waits: list[float]) -> None:
    limit, minute, now = RateLimit(requests_per_minute=most), EMPTY, 0.0
    for wait in waits:
        now += wait
        minute = minute.at(now).add(now, requests=1, tokens=0)

    later = now + minute.seconds_until_request(limit, now)

    assert minute.at(later).seconds_until_request(limit, later) == 0


def test_what_a_call_did_not_use_is_free_again() -> None:
    limit = RateLimit(tokens_per_minute=100)
    minute = EMPTY.add(3.5, requests=1, tokens=90)

    assert minute.seconds_until_tokens(limit, 50, 4.0) > 0
    assert minute.correct(3, -80).seconds_until_tokens(limit, 50, 4.0) == 0
    assert minute.correct(2, -80) == minute


def test_no_limit_never_waits() -> None:
    minute = EMPTY.add(0.0, requests=1_000_000, tokens=1_000_000_000)

    assert minute.seconds_until_request(NO_LIMIT, 0.0) == 0
    assert minute.seconds_until_tokens(NO_LIMIT, 1, 0.0) == 0


def test_what_was_counted_before_the_clock_was_set_back_does_not_count() -> None:
    minute = EMPTY.add(36_000.0, requests=5, tokens=5)

    assert minute.at(0.0).requests == 0
    assert minute.at(36_000.0).requests == 5
