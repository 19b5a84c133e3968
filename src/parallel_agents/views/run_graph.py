"""Run graph: the steps of a plan while it is carried out: how many sessions of each are in which state, and what decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from parallel_agents.core.event import Queued
from parallel_agents.core.expression import Lacking, Path, Unfit, expression
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import Journal
from parallel_agents.core.plan import Plan, Step
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunnerKind, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.shown import shown
from parallel_agents.core.template import written
from parallel_agents.core.verbs import SessionReads
from parallel_agents.errors import NotFound
from parallel_agents.flows.plan_task import NAME
from parallel_agents.views.graph_documents import StepDocument, graph_json

_WAITS = "waits"
_MOST_ROWS = 2_000


class RunStepDocument(StepDocument):
    """A step of a plan that is carried out.

    `state` is `waits` before the step has begun, a state of runs while it works, and then how it ended:
    `done`, `partial` if its loop was never met, `skipped`, `failed` or `blocked`. `counts` says how many of its sessions are in which state.
    `round` is the one that it is in, of `rounds`; both are 0 without a loop. `decided` is why it ended so,
    or what the condition of its loop read last.
    """

    state: str
    counts: dict[str, int]
    round: int
    rounds: int
    decided: str


class RunGraphDocument(TypedDict):
    """The steps of a run's plan with how they are doing, and the plan as a Mermaid flowchart."""

    name: str
    steps: list[RunStepDocument]
    mermaid: str


async def run_graph(reads: SessionReads, journal: Journal, row: Row) -> RunGraphDocument:
    """The steps of the plan that a session carries out.

    Raises:
        NotFound: it carries out no plan.
    """
    plan = await plan_of(journal, row)
    if plan is None:
        raise _no_plan(row)
    below = await _below(reads, [row.session.key])
    states = await _states(reads, plan, row, below)
    drawn = graph_json(plan)
    steps: list[RunStepDocument] = [
        {**step, **states.get(step["id"], _unknown())} for step in drawn["steps"]
    ]
    return {"name": drawn["name"], "steps": steps, "mermaid": drawn["mermaid"]}


async def plan_of(journal: Journal, row: Row) -> Plan | None:
    """The plan that a session carries out; None if it has none."""
    if row.run.kind is not RunnerKind.FLOW:
        return None
    for event in await journal.events(session=row.session.key, kinds=("queued",), limit=1):
        called = event.body.flow if isinstance(event.body, Queued) else None
        if called is not None and called.name == NAME:
            return _read_plan(called.input.get("plan"))
    return None


def _no_plan(row: Row) -> NotFound:
    return NotFound(
        f"{row.session.name!r} has no plan that could be drawn",
        why="only a team whose tasks need each other says beforehand what follows what",
        hint="its timeline shows what it did",
    )


@lru_cache(maxsize=1)
def _plans() -> TypeAdapter[Plan]:
    return TypeAdapter(Plan)


def _read_plan(stored: Json) -> Plan | None:
    try:
        return _plans().validate_python(stored)
    except ValidationError:
        return None


async def _below(reads: SessionReads, parents: Sequence[SessionKey]) -> Mapping[str, Sequence[Row]]:
    """The sessions that carry out steps, by the id of their step, the oldest first."""
    found: dict[str, list[Row]] = {}
    for parent in parents:
        rows = await reads.list(Filter(parent=parent, limit=_MOST_ROWS))
        for row in reversed(rows):
            found.setdefault(_step_of(row.session.label), []).append(row)
    return found


def _step_of(label: str) -> str:
    """The step whose child is called so: `posts-2-round-1` is of `posts`, as an id has no hyphen."""
    return label.partition("-")[0]


class _State(TypedDict):
    state: str
    counts: dict[str, int]
    round: int
    rounds: int
    decided: str


def _unknown() -> _State:
    return {"state": _WAITS, "counts": {}, "round": 0, "rounds": 0, "decided": ""}


async def _states(
    reads: SessionReads, plan: Plan, row: Row, below: Mapping[str, Sequence[Row]]
) -> dict[str, _State]:
    """How the steps of a plan are doing, and those of the plans in it."""
    ends = await _ends(reads, row)
    found: dict[str, _State] = {}
    for step in plan.steps:
        rows = below.get(step.id, ())
        found[step.id] = await _state(reads, step, rows, ends.get(step.id))
        if step.plan is not None:
            flows = [each for each in rows if each.run.kind is RunnerKind.FLOW]
            inner = await _below(reads, [each.session.key for each in flows])
            for each in step.plan.steps:
                state = await _state(reads, each, inner.get(each.id, ()), None)
                found[f"{step.id}/{each.id}"] = state
    return found


async def _ends(reads: SessionReads, row: Row) -> Mapping[str, Mapping[str, Json]]:
    """How the steps of a plan that is over ended, as its result says."""
    if not row.run.status.is_over:
        return {}
    for result in await reads.results([row.run.id]):
        output = result.output_json
        steps = output.get("steps") if isinstance(output, Mapping) else None
        if isinstance(steps, Mapping):
            return {id: end for id, end in steps.items() if isinstance(end, Mapping)}
    return {}


async def _state(
    reads: SessionReads, step: Step, rows: Sequence[Row], end: Mapping[str, Json] | None
) -> _State:
    statuses = [row.run.status for row in rows]
    ended = None if end is None else str(end.get("status", ""))
    why = "" if end is None else str(end.get("why", ""))
    rounds = step.loop.rounds if step.loop else 0
    unmet = await _unmet(reads, step, rows)
    read = await _read_last(reads, step, rows) if step.loop else ""
    decided = why or "; ".join(filter(None, (unmet, read)))
    state = ended or _state_of(statuses)
    return {
        "state": RunStatus.PARTIAL.value if unmet and state == RunStatus.DONE else state,
        "counts": dict(Counter(status.value for status in statuses)),
        "round": max((_round_of(row.session.label) for row in rows), default=0) if rounds else 0,
        "rounds": rounds,
        "decided": decided,
    }


def _state_of(statuses: Sequence[RunStatus]) -> str:
    """The state of a step by its sessions: that of any that works, or else of the last."""
    for live in (RunStatus.RUNNING, RunStatus.QUEUED):
        if live in statuses:
            return live.value
    return statuses[-1].value if statuses else _WAITS


def _round_of(label: str) -> int:
    before, found, number = label.rpartition("-round-")
    return int(number) if before and found and number.isdecimal() else 1


async def _unmet(reads: SessionReads, step: Step, rows: Iterable[Row]) -> str:
    """That a loop was not met in all its rounds; empty if it was, or if rounds are left."""
    loop = step.loop
    if loop is None:
        return ""
    last = [row for row in rows if _round_of(row.session.label) == loop.rounds]
    over = [row.run.id for row in last if row.run.status is RunStatus.DONE]
    results = await reads.results(over) if over else []
    unmet = sum(not _is_met(loop.until, result) for result in results)
    if not unmet:
        return ""
    of_items = "" if step.for_each is None else f" by {unmet:,} of them"
    return f"after {loop.rounds} rounds it was not met{of_items}"


def _is_met(until: str, result: Result) -> bool:
    try:
        return expression(until).holds(result.output_json)
    except (Lacking, Unfit):
        return False


async def _read_last(reads: SessionReads, step: Step, rows: Iterable[Row]) -> str:
    """What the condition of a loop read in the answer of the last round that has ended."""
    over = [row for row in rows if row.run.status is RunStatus.DONE]
    if step.loop is None or not over:
        return ""
    results = await reads.results([over[-1].run.id])
    told = (
        [_read(path, results[0]) for path in expression(step.loop.until).paths] if results else []
    )
    return ", ".join(filter(None, told))


def _read(path: Path, result: Result) -> str:
    value: Json = result.output_json
    for part in path:
        if isinstance(value, Mapping) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return ""
    return f"{written(path)} is {shown(value)}"
