"""Waits: for how long a flow waited for people, which its time includes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import Event, Queued, Started, Steered
from parallel_agents.core.ids import RunId
from parallel_agents.core.inspection import Journal, each_event
from parallel_agents.core.row import Row
from parallel_agents.core.verbs import SessionReads
from parallel_agents.views import format
from parallel_agents.views.flow_steps import has_steps
from parallel_agents.views.sessions import SessionLine

_Span: TypeAlias = tuple[float, float]
_KINDS = ("asked", "answered", "started")
# What a person or another process may write while nothing executes a run.
_BY_OTHERS = (Answered, Steered, Queued)
_MOST_BEFORE = 50
_LEAST_TOLD = 0.1  # an answer that was given beforehand comes at once


async def waited_seconds(reads: SessionReads, journal: Journal, flow: SessionLine) -> float | None:
    """For how long a question of a flow, or of anything below it, was open while the flow was executed.

    Other work may have gone on meanwhile. The time for which nothing executed the flow is left out,
    also if the question was answered in it; of a flow that was taken up again several times, that time
    is known as a whole, and its parts are estimated. None for what has no steps.
    """
    row = flow.row
    if not has_steps(row):
        return None
    asked: dict[tuple[RunId, str], float] = {}
    spans: list[_Span] = []
    starts: dict[RunId, list[Event]] = defaultdict(list)
    async for event in each_event(journal, tree=row.session.key, kinds=_KINDS):
        about = (event.run, event.key.rpartition("/")[0])
        match event.body:
            case Asked():
                asked[about] = event.at
            case Answered() if about in asked:
                spans.append((asked.pop(about), min(event.at, flow.until)))
            case Started() if event.session == row.session.key:
                starts[event.run].append(event)
            case _:
                pass
    ends = await _ends(reads, {run for run, _ in asked})
    spans += [(at, ends[run] or flow.until) for (run, _), at in asked.items()]
    open_spans = _joined(spans)
    waited = sum(end - start for start, end in open_spans)
    for each in await reads.rows_of([run for run, found in starts.items() if len(found) > 1]):
        waited -= _overlap(open_spans, await _gaps(journal, each, starts[each.run.id][1:]))
    return min(max(waited, 0.0), flow.seconds or 0.0)


async def _gaps(journal: Journal, row: Row, restarts: Sequence[Event]) -> list[_Span]:
    """In which spans nothing executed a run, each of which ends when it was taken up again.

    How long all of them are together is known. Each begins after what was done last before; of the time
    since then, every gap has the same share.
    """
    since: list[float] = []
    for restart in restarts:
        before = await journal.last_events(
            before=restart.seq, tree=row.session.key, limit=_MOST_BEFORE
        )
        done = [event.at for event in before if not isinstance(event.body, _BY_OTHERS)]
        since.append(restart.at - (done[-1] if done else row.run.started_at or restart.at))
    share = row.run.idle_seconds / whole if (whole := sum(since)) else 0.0
    return [
        (restart.at - min(share, 1.0) * seconds, restart.at)
        for restart, seconds in zip(restarts, since, strict=True)
    ]


def _overlap(spans: Iterable[_Span], others: Sequence[_Span]) -> float:
    """For how long one of the spans and one of the others were open together."""
    return sum(
        max(0.0, min(end, until) - max(start, since))
        for start, end in spans
        for since, until in others
    )


def took_text(seconds: float, waited: float | None) -> str:
    """How long work took, and how much of that somebody was waited for."""
    told = format.seconds(seconds)
    if waited is None or waited < _LEAST_TOLD:
        return told
    return f"{told}, of which {format.seconds(waited)} waited for an answer"


async def _ends(reads: SessionReads, runs: Iterable[RunId]) -> dict[RunId, float | None]:
    """When runs ended that left questions open."""
    return {row.run.id: row.run.finished_at for row in await reads.rows_of(list(runs))}


def _joined(spans: Iterable[_Span]) -> Sequence[_Span]:
    """The same without what overlaps."""
    joined: list[_Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, max(start, end)))
    return joined
