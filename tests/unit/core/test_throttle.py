"""A throttle narrows on refusals, widens on answers, and never grants more than it may."""

from __future__ import annotations

from hypothesis import given, strategies as st

from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.throttle import Holder, Reason, Throttle, TurnRequest

MODEL = "mine/model"
STEPS = st.lists(st.sampled_from(["take", "answer", "refuse"]), max_size=200)


def holder(in_flight: int, waiting: int = 0, until: float = 1e9) -> Holder:
    return Holder(in_flight=in_flight, waiting=waiting, until=until)


def ask(
    count: int, in_flight: int = 0, *, process: str = "me", limit: RateLimit = NO_LIMIT
) -> TurnRequest:
    return TurnRequest(
        process=process, holder=holder(in_flight, count), tokens=(10,) * count, limit=limit
    )


def refuse(
    throttle: Throttle, *, now: float, began: float, in_flight: int = 0, wait: float | None = None
) -> Throttle:
    return throttle.refused("me", holder(in_flight), began=began, retry_after_seconds=wait, now=now)


def test_before_any_refusal_nothing_is_bounded() -> None:
    throttle = Throttle(model=MODEL)

    assert throttle.is_free(0.0)
    assert throttle.take(ask(500), 0.0)[1].granted == 500


def test_a_refusal_closes_the_door_until_the_provider_says_and_halves_what_is_under_way() -> None:
    throttle = refuse(Throttle(model=MODEL), now=1.0, began=0.0, in_flight=199, wait=7.0)

    assert throttle.window == 100
    assert throttle.take(ask(1), 7.9)[1] == (0, Reason.CLOSED, 8.0 - 7.9)
    assert throttle.take(ask(150), 8.0)[1].granted == 100


def test_the_refusals_of_one_burst_halve_once() -> None:
    throttle = Throttle(model=MODEL)
    for left in range(199, 0, -1):
        throttle = refuse(throttle, now=1.0 + 1 / left, began=0.0, in_flight=left, wait=7.0)

    assert throttle.window == 100
    assert throttle.closed_until == 9.0


@given(STEPS)
def test_the_window_is_at_least_one_holds_and_only_a_refusal_narrows_it(steps: list[str]) -> None:
    throttle, under_way, now = Throttle(model=MODEL), 8, 0.0

    for step in steps:
        now += 2.0
        before = throttle.window
        if step == "take":
            throttle, answer = throttle.take(ask(20, under_way), now)
            assert before is None or answer.granted <= max(0, before - under_way)
            under_way += answer.granted
        elif step == "answer" and under_way:
            under_way -= 1
            throttle = throttle.answered("me", holder(under_way, 20), now)
            assert before is None or (throttle.window or 0) >= before
        elif under_way:
            under_way -= 1
            throttle = refuse(throttle, now=now, began=now - 1, in_flight=under_way)
            assert (throttle.window or 0) >= 1


def test_a_window_of_answers_widens_it_by_one() -> None:
    throttle = refuse(Throttle(model=MODEL), now=0.0, began=0.0, in_flight=7)

    widths: list[int | None] = []
    for _ in range(9):
        throttle = throttle.answered("me", holder(4, 20), 2.0)
        widths.append(throttle.window)

    assert widths == [4, 4, 4, 5, 5, 5, 5, 5, 6]


def test_after_a_minute_without_refusals_each_answer_widens_it() -> None:
    throttle = refuse(Throttle(model=MODEL), now=0.0, began=0.0)

    for _ in range(9):
        throttle = throttle.answered("me", holder(1, 20), 61.0)

    assert throttle.window == 10


def test_a_window_that_bound_nobody_for_a_while_goes() -> None:
    throttle = refuse(Throttle(model=MODEL), now=0.0, began=0.0, in_flight=7)

    assert throttle.answered("me", holder(0), 59.0).window == 4
    assert throttle.answered("me", holder(3, 9), 61.0).window == 5
    assert throttle.answered("me", holder(1), 61.0).window is None


def test_processes_share_a_window_and_one_that_fell_silent_holds_nothing() -> None:
    throttle = Throttle(model=MODEL, window=4, holders={"other": holder(3, until=50.0)})

    assert throttle.take(ask(9), 49.0)[1].granted == 1
    assert throttle.take(ask(9), 50.0)[1].granted == 4


def test_a_limit_that_was_set_goes_before_that_of_the_configuration() -> None:
    own = RateLimit(requests_per_minute=10)
    throttle = Throttle(model=MODEL, limit=RateLimit(requests_per_minute=3))

    taken, answer = throttle.take(ask(20, limit=own), 0.5)

    assert answer == (3, Reason.REQUESTS, 60.5)
    assert taken.in_flight() == 3
    assert taken.waiting() == 17
    was_reset = taken.reset(None)
    assert was_reset.take(ask(20, limit=own), 1.0)[1].granted == 7


def test_tokens_hold_back_what_requests_would_let_go() -> None:
    limit = RateLimit(requests_per_minute=100, tokens_per_minute=35)

    answer = Throttle(model=MODEL).take(ask(20, limit=limit), 0.0)[1]

    assert answer == (3, Reason.TOKENS, 61.0)


def test_a_refusal_closes_the_door_for_an_hour_at_most() -> None:
    throttle = refuse(Throttle(model=MODEL), now=0.0, began=0.0, wait=1e8)

    assert throttle.seconds_closed(0.0) == 3600.0
    assert throttle.is_free(3600.0) is (throttle.window is None)


def test_a_door_that_an_earlier_version_closed_for_years_opens_within_the_hour() -> None:
    throttle = Throttle(model=MODEL, closed_until=1e8, limited_at=0.0)

    assert throttle.seconds_closed(3600.0) == 0.0


def test_what_was_written_before_the_clock_was_set_back_closes_nothing() -> None:
    throttle = refuse(Throttle(model=MODEL), now=36_000.0, began=36_000.0, wait=60.0)

    assert throttle.seconds_closed(0.0) == 0.0
    assert throttle.take(ask(1), 0.0)[1].granted == 1
