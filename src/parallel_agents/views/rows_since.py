"""Rows since: what has become of a map's rows since the map ended, by retries of those that failed."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.run import Result
from parallel_agents.core.spelling import counted
from parallel_agents.errors import Incomplete
from parallel_agents.views.last_tries import RowCount

_AGAIN = "the same map again with the same id or key has their answers in its result and its file"


def told_since(result: Result, rows: RowCount | None) -> Result:
    """The result of a map, whose error says which rows are done since; of anything else, the same."""
    error = result.error
    if rows is None or error is None or error.code != Incomplete.code or rows.ended < rows.total:
        return result
    left = rows.total - rows.done
    now = f"{left:,} of {counted(rows.total, 'row')} {'is' if left == 1 else 'are'} not done"
    if error.message == now:
        return result
    if left:
        since = replace(
            error, message=now, why=f"when the map ended: {error.why}; others since, by retries"
        )
    else:
        since = replace(
            error,
            message=f"all {counted(rows.total, 'row')} are done, some of them since the map ended",
            why=f"when it ended: {error.why}; they were tried again",
            hint=f"{_AGAIN}; it calls no model for them",
        )
    return replace(result, error=since)


def is_all_done(rows: RowCount | None) -> bool:
    """Whether every row of a map is done, by its last try."""
    return rows is not None and rows.done == rows.total
