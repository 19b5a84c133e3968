"""Runner: a map's run: its rows are checked, done in a window, written in order, and combined."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO

import orjson
from pydantic import ValidationError

from parallel_agents.core.children import MapSessions
from parallel_agents.core.ended_by import STAYS_KILLED
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.problems import describe_problem
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.runner import Activation
from parallel_agents.core.schema import Json
from parallel_agents.core.session import Session
from parallel_agents.core.task import Task
from parallel_agents.errors import Incomplete, InvalidInput, PagentsError, StepFailed
from parallel_agents.maps.batches import Batches
from parallel_agents.maps.checking import CheckedRows, changed, check_rows
from parallel_agents.maps.counting import Counting
from parallel_agents.maps.filling import Filling
from parallel_agents.maps.progress import MapProgress
from parallel_agents.maps.reducing import Reducer
from parallel_agents.maps.request import MAP, MapRequest
from parallel_agents.maps.results_file import ResultsFile
from parallel_agents.maps.room import is_used_up
from parallel_agents.maps.source import fingerprint, left_out
from parallel_agents.maps.window import Accepted, Window, WindowOptions

# Enough that a slot never waits for a task to be stored.
_WINDOW = 4


_AGAIN = "the same again with the same id or key tries them again; `pagents dlq list` has those that failed"


class MapRunner:
    """Executes the runs of maps.

    Args:
        max_parallel: the most runs at once in this process.

    Attributes:
        progress: how far each map is that this process executes, by its session.
    """

    name = MAP

    def __init__(self, max_parallel: int, now: Callable[[], float] = time.monotonic) -> None:
        self._max_parallel = max_parallel
        self._now = now
        self.progress: dict[SessionKey, MapProgress] = {}

    async def execute(
        self, activation: Activation, sessions: MapSessions, task: FlowTask
    ) -> Outcome:
        """Do what is left of a map.

        Raises:
            InvalidInput: a row cannot be read, or the results cannot be written.
            StoreError, LeftRun: the run cannot go on here.
        """
        request = _request(task)
        session = activation.claim.session
        batches = await Batches.stored(sessions, session.key)
        counting = Counting(activation, batches, await sessions.child_runs(session.key))
        checked = await asyncio.to_thread(check_rows, request, task.model, check=counting.meet)
        await counting.store()
        progress = self.progress[session.key] = MapProgress(
            rows=checked.count, before=await sessions.spent_below(activation.claim.run.id)
        )
        at_once = min(task.max_parallel or self._max_parallel, self._max_parallel)
        options = WindowOptions(
            _WINDOW * at_once,
            request.on_failure,
            task.budget.is_bound,
            request.batch,
            request.batch_tokens,
        )
        window = Window(activation, sessions, counting, options, progress, self._now)
        with tempfile.TemporaryFile() as spool:
            lines = spool if request.reduce else None
            counts, is_short = await _rows_done(request, task, checked, window, lines, session)
            output: dict[str, Json] = {
                "rows": checked.count,
                **{status.value: count for status, count in sorted(counts.items())},
                "out": request.out,
            }
            outcome = _outcome(checked.count, counts, output, is_short=is_short)
            if notice := await asyncio.to_thread(left_out, request.source):
                outcome = replace(outcome, notices=(notice,))
            if lines is None or not counts[RunStatus.DONE]:
                return outcome
            asked = Task(request.reduce, request.reduce_text, model=task.model)
            try:
                reducer = Reducer(activation, sessions, counting, asked, at_once)
                reduced = await reducer.reduced(spool)
            except (StepFailed, InvalidInput) as error:
                return _uncombined(outcome, error)
            return replace(outcome, output={**output, "reduced": reduced})


async def _rows_done(
    request: MapRequest,
    task: FlowTask,
    checked: CheckedRows,
    window: Window,
    spool: IO[bytes] | None,
    map: Session,
) -> tuple[Counter[RunStatus], bool]:
    """Do the rows, and write their results; how many have each status, and if the budget is used up."""
    counts: Counter[RunStatus] = Counter()
    is_short = False
    digest = fingerprint()
    with ExitStack() as stack:
        results = ResultsFile(
            Path(request.out), request.output_fields, map.key, hidden=request.hidden
        )
        file = stack.enter_context(results)
        rows = stack.enter_context(request.source.opened(digest))

        async def accept(accepted: Sequence[Accepted]) -> None:
            nonlocal is_short
            is_short = is_short or any(is_used_up(map, each.result) for each in accepted)
            counts.update(each.result.status for each in accepted)
            await asyncio.to_thread(file.write, accepted)
            for each in accepted if spool is not None else ():
                if each.result.is_done and spool is not None:
                    spool.write(orjson.dumps(each.result.output_json) + b"\n")

        filling = Filling(request, task.model)
        await window.give(filling.filled(islice(rows, checked.count)), accept)
        if counts.total() == checked.count and digest.hexdigest() != checked.digest:
            raise changed(request)
        file.place()
    return counts, is_short


def _uncombined(outcome: Outcome, error: PagentsError) -> Outcome:
    """How a map ends whose rows were done and not combined: what became of the rows stays known."""
    is_short = outcome.status is RunStatus.OVER_BUDGET
    status = RunStatus.OVER_BUDGET if is_short else RunStatus.FAILED
    return replace(outcome, status=status, error=Failure.of(error))


def _request(task: FlowTask) -> MapRequest:
    try:
        return MapRequest.of(task)
    except ValidationError as error:
        raise InvalidInput(
            "this map cannot be continued by this version", why=describe_problem(error)
        ) from error


def _outcome(
    rows: int, counts: Mapping[RunStatus, int], output: Json, *, is_short: bool
) -> Outcome:
    done = counts.get(RunStatus.DONE, 0)
    if done == rows:
        return Outcome(status=RunStatus.DONE, output=output)
    not_begun = rows - sum(counts.values())
    parts = [f"{count} {status.replace('_', ' ')}" for status, count in sorted(counts.items())]
    parts += [f"{not_begun} not begun"] if not_begun else []
    killed = counts.get(RunStatus.KILLED, 0)
    again = [] if killed == rows - done else [_AGAIN]
    again += [f"what somebody killed {STAYS_KILLED}"] if killed else []
    missing = Incomplete(
        f"{rows - done:,} of {rows:,} rows {'is' if rows - done == 1 else 'are'} not done",
        why=", ".join(parts),
        hint="the same again with the same id or key and a larger budget does them"
        if is_short
        else "; ".join(again),
    )
    status = RunStatus.PARTIAL if done else RunStatus.FAILED
    if is_short:
        status = RunStatus.OVER_BUDGET
    return Outcome(status=status, output=output, error=Failure.of(missing))
