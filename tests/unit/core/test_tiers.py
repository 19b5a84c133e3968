"""Where on a ladder work begins: where its expected cost is least, by what is known."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.event import Attempted, Body, Event, Finished, Gated, Queued, Replied
from parallel_agents.core.gate import Verdict
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.tiers import LEAST_ANSWERS, Record, describe_start, records_of, start_of
from parallel_agents.core.usage import Usage

LADDER = ("cheap", "middle", "dear")
REFUSED, DOWN = Failure("PA-E310", "no"), Failure("PA-E202", "overloaded")
NO, YES = Verdict(gate="g", is_accepted=False), Verdict(gate="g", is_accepted=True)


def told(*bodies: Body) -> list[Event]:
    return [
        Event(seq, 0.0, SessionKey("s"), RunId("r"), str(seq), body)
        for seq, body in enumerate(bodies)
    ]


def reply(cost: int | None = 10, seconds: float = 1.0) -> Replied:
    return Replied(
        turn=1,
        message=assistant("x"),
        model="as answered",
        finish=Finish.STOP,
        usage=Usage(1, 1),
        cost_nanousd=cost,
        seconds=seconds,
    )


def ended(status: RunStatus = RunStatus.DONE, error: Failure | None = None) -> Finished:
    return Finished(outcome=Outcome(status=status, error=error))


QUEUED = Queued(text="Go.", ladder=LADDER)


def test_an_attempt_counts_to_its_model_with_all_its_calls() -> None:
    run = told(
        QUEUED,
        reply(10),
        reply(5),
        Gated(attempt=1, verdict=NO),
        Attempted(number=2, error=REFUSED, model="middle"),
        reply(100, 3.0),
        Gated(attempt=2, verdict=YES),
        ended(),
    )

    assert records_of([run, run]) == {
        "cheap": Record(2, 0, 30, 4.0),
        "middle": Record(2, 2, 200, 6.0),
    }


@pytest.mark.parametrize(
    ("end", "record"),
    [
        (ended(), Record(1, 1, 10, 1.0)),
        (ended(RunStatus.FAILED, REFUSED), Record(1, 0, 10, 1.0)),
        (ended(RunStatus.FAILED, DOWN), None),
        (ended(RunStatus.KILLED), None),
        (ended(RunStatus.OVER_BUDGET), None),
    ],
)
def test_a_run_counts_where_it_ended_by_its_answer(end: Finished, record: Record | None) -> None:
    assert records_of([told(QUEUED, reply(), end)]).get("cheap") == record


def test_the_best_of_versions_that_were_all_refused_is_not_accepted() -> None:
    run = told(QUEUED, reply(), Gated(attempt=1, verdict=NO), ended())

    assert records_of([run])["cheap"].accepted == 0


def test_a_model_that_was_down_has_no_answer_of_that_attempt() -> None:
    run = told(QUEUED, Attempted(number=2, error=DOWN, model="middle"), reply(), ended())

    assert records_of([run]) == {"middle": Record(1, 1, 10, 1.0)}


def test_a_run_without_a_ladder_is_of_the_model_that_answered() -> None:
    assert records_of([told(Queued(text="Go."), reply(None), ended())]) == {
        "as answered": Record(1, 1, None, 1.0)
    }


def records(*of: tuple[int, int, int]) -> dict[str, Record]:
    """Records by model, of answers, accepted ones, and the cost of each."""
    return {
        model: Record(answers, accepted, answers * cost, answers * cost / 100)
        for model, (answers, accepted, cost) in zip(LADDER, of, strict=False)
    }


@pytest.mark.parametrize(
    ("known", "start"),
    [
        ({}, 0),
        (records((20, 18, 1), (5, 5, 10), (5, 5, 100)), 0),
        (records((20, 0, 1), (5, 5, 10), (5, 5, 100)), 1),
        (records((20, 1, 20), (20, 0, 10), (5, 5, 100)), 2),
        # One in fifty, at a hundredth of the cost: worth it.
        (records((50, 1, 1), (50, 50, 100), (5, 5, 1000)), 0),
        (records((50, 1, 3), (50, 50, 100), (5, 5, 1000)), 1),
        # Too little is known of the middle one to leave it out, and the cheap one is worth it.
        (records((20, 18, 1), (1, 0, 10), (5, 5, 100)), 0),
        (records((20, 0, 1), (1, 0, 10), (5, 5, 100)), 1),
        # Nothing is known of the dear one.
        (records((20, 0, 1), (20, 1, 10)), 0),
    ],
)
def test_the_start(known: dict[str, Record], start: int) -> None:
    assert start_of(LADDER, known) == start


def test_without_prices_it_is_time_that_counts() -> None:
    known = {"cheap": Record(20, 2, None, 20.0), "dear": Record(20, 20, 900, 40.0)}

    assert start_of(("cheap", "dear"), known) == 1
    free = {model: record._replace(nanousd=0) for model, record in known.items()}
    assert start_of(("cheap", "dear"), free) == 1


tiers = st.tuples(st.integers(LEAST_ANSWERS, 50), st.floats(0, 1), st.integers(1, 1000))


@given(st.lists(tiers, min_size=2, max_size=5))
def test_no_start_has_a_lower_expected_cost(known: Sequence[tuple[int, float, int]]) -> None:
    ladder = [str(n) for n in range(len(known))]
    found = {
        model: Record(answers, int(answers * share), answers * cost, 0.0)
        for model, (answers, share, cost) in zip(ladder, known, strict=True)
    }

    def expected(start: int) -> float:
        """Of the work that climbs from there, with the chances of each tier multiplied out."""
        total, chance = 0.0, 1.0
        for model, (_, _, cost) in itertools.islice(zip(ladder, known, strict=True), start, None):
            total += chance * cost
            chance *= 1 - found[model].share
        return total

    start = start_of(ladder, found)
    assert expected(start) == pytest.approx(min(expected(place) for place in range(len(ladder))))


def test_why_it_begins_there_is_told() -> None:
    known = records((20, 1, 20), (20, 0, 10), (5, 5, 100))

    assert describe_start(LADDER, 2, known) == (
        "begins on dear: 1 of 20 answers of cheap were accepted, "
        "0 of 20 answers of middle were accepted"
    )
