"""Waits: for how long a flow waited for people, which its time includes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import Started
from parallel_agents.core.ids import RunId
from parallel_agents.core.inspection import Journal, each_event
from parallel_agents.core.verbs import SessionReads
from parallel_agents.views import format
from parallel_agents.views.flow_steps import has_steps
from parallel_agents.views.sessions import SessionLine

_KINDS = ("asked", "answered", "started")
_LEAST_TOLD = 0.1  # an answer that was given beforehand comes at once


async def waited_seconds(reads: SessionReads, journal: Journal, flow: SessionLine) -> float | None:
    """For how long a question of a flow, or of anything below it, was open while the flow was executed.

    Other work may have gone on meanwhile. If the flow was taken up again while a question was open, the
    time for which nothing executed it is left out, so that the result may be too low but never too high.
    None for what has no steps.
    """
    row = flow.row
    if not has_steps(row):
        return None
    asked: dict[tuple[RunId, str], float] = {}
    spans: list[tuple[float, float]] = []
    starts: list[float] = []
    async for event in each_event(journal, tree=row.session.key, kinds=_KINDS):
        about = (event.run, event.key.rpartition("/")[0])
        match event.body:
            case Asked():
                asked[about] = event.at
            case Answered() if about in asked:
                spans.append((asked.pop(about), event.at))
            case Started() if event.run == row.run.id:
                starts.append(event.at)
            case _:
                pass
    ends = await _ends(reads, {run for run, _ in asked})
    spans += [(at, ends[run] or flow.until) for (run, _), at in asked.items()]
    open_spans = _joined(spans)
    waited = sum(end - start for start, end in open_spans)
    if any(start < at <= end for start, end in open_spans for at in starts):
        waited -= row.run.idle_seconds
    return min(max(waited, 0.0), flow.seconds or 0.0)


def took_text(seconds: float, waited: float | None) -> str:
    """How long work took, and how much of that somebody was waited for."""
    told = format.seconds(seconds)
    if waited is None or waited < _LEAST_TOLD:
        return told
    return f"{told}, of which {format.seconds(waited)} waited for an answer"


async def _ends(reads: SessionReads, runs: Iterable[RunId]) -> dict[RunId, float | None]:
    """When runs ended that left questions open."""
    return {row.run.id: row.run.finished_at for row in await reads.rows_of(list(runs))}


def _joined(spans: Iterable[tuple[float, float]]) -> Sequence[tuple[float, float]]:
    """The same without what overlaps."""
    joined: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, max(start, end)))
    return joined
