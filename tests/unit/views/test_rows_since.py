"""The result of a map says which of its rows are done since it ended."""

from __future__ import annotations

import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Failure, Result, RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.views.last_tries import RowCount
from parallel_agents.views.rows_since import told_since

ERROR = Failure("PA-E306", "2 of 6 rows are not done", "4 done, 2 failed", "the same again")


def result(error: Failure | None = ERROR) -> Result:
    return Result(
        output_json=None,
        agent="writer",
        label="map writer",
        status=RunStatus.PARTIAL,
        text="",
        error=error,
        notices=(),
        model="",
        spend=Spend(),
        seconds=1.0,
        attempts=1,
        session_key=SessionKey("flow:map:x"),
        run_id=RunId("r"),
    )


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            RowCount(done=6, ended=6, total=6),
            "all 6 rows are done, some of them since the map ended",
        ),
        (RowCount(done=5, ended=6, total=6), "1 of 6 rows is not done"),
        (RowCount(done=4, ended=6, total=6), "2 of 6 rows are not done"),
        (RowCount(done=5, ended=5, total=6), "2 of 6 rows are not done"),  # one is tried again
        (None, "2 of 6 rows are not done"),
    ],
)
def test_the_error_counts_each_row_by_its_last_try(rows: RowCount | None, message: str) -> None:
    told = told_since(result(), rows)

    assert told.error is not None
    assert told.error.message == message
    assert told.status is RunStatus.PARTIAL


def test_what_failed_of_another_cause_or_is_done_stays_as_it_is() -> None:
    other = result(Failure("PA-E308", "no room"))

    assert told_since(other, RowCount(6, 6, 6)) is other
    assert told_since(result(None), RowCount(6, 6, 6)).error is None
