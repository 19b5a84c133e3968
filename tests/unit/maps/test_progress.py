"""What is left of a map is estimated from its last rows, whatever the first ones were like."""

from __future__ import annotations

import pytest

from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.maps.progress import MapProgress


def ended(progress: MapProgress, at: list[float], *, was_over: bool = False) -> None:
    for now in at:
        progress.end(now, RunStatus.DONE, was_over=was_over)


def test_nothing_is_estimated_before_a_row_has_ended() -> None:
    progress = MapProgress(rows=10, began_at=0)
    ended(progress, [1, 1, 1], was_over=True)

    assert progress.seconds_left(5) is None
    assert progress.forecast_usd() is None


def test_rows_that_take_equally_long_are_estimated_exactly() -> None:
    progress = MapProgress(rows=10, began_at=0)
    ended(progress, [2, 4, 6])

    assert progress.seconds_left(6) == 14


def test_slow_first_rows_are_forgotten() -> None:
    progress = MapProgress(rows=2_000, began_at=0)
    ended(progress, [600 + n for n in range(1_000)])

    assert progress.seconds_left(1_599) == pytest.approx(1_000)


def test_rows_that_were_done_before_take_no_time_wherever_they_are() -> None:
    progress = MapProgress(rows=10_000, began_at=0)
    for n in range(50):
        ended(progress, [n * 10] * 99, was_over=True)
        ended(progress, [n * 10 + 10])

    # 50 of the 5,000 rows that are left are to be done, at ten seconds each.
    assert progress.seconds_left(500) == pytest.approx(500)


def test_rows_that_were_added_at_the_end_are_all_to_be_done() -> None:
    progress = MapProgress(rows=10_000, began_at=0)
    ended(progress, [0] * 9_000, was_over=True)
    ended(progress, [n + 1 for n in range(200)])

    assert progress.seconds_left(200) == pytest.approx(800)


def test_the_forecast_is_made_of_what_was_paid_in_this_run() -> None:
    progress = MapProgress(rows=10)
    ended(progress, [1] * 5, was_over=True)
    ended(progress, [2])
    progress.write(Spend(cost_nanousd=2_000_000_000), was_over=False)

    # Four are left, of which one in six is to be done, as far as anybody knows.
    assert progress.forecast_usd() == pytest.approx(2 + 2 * 4 / 6)


def test_what_rows_used_before_counts_without_a_guess_about_the_others() -> None:
    progress = MapProgress(rows=4, before=Spend(cost_nanousd=7_000_000_000))
    ended(progress, [1, 1], was_over=True)
    progress.end(1, RunStatus.FAILED, was_over=True)
    progress.write(Spend(cost_nanousd=3_000_000_000), was_over=True)
    ended(progress, [2])
    progress.write(Spend(cost_nanousd=1_000_000_000), was_over=False)

    assert progress.spent.cost_usd == 8
    assert progress.forecast_usd() == 8
    assert (progress.reused, progress.failed) == (2, 1)


def test_a_row_that_is_paid_for_and_not_yet_written_counts() -> None:
    progress = MapProgress(rows=4)
    ended(progress, [1, 1, 1])
    progress.write(Spend(cost_nanousd=1_000_000_000), was_over=False)

    assert progress.forecast_usd() == pytest.approx(4)
