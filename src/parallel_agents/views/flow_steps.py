"""Flow steps: everything that a flow has begun, in its order: functions and questions, and sessions.

A function and a question are events of the flow itself; a task, a team and another flow are sessions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import orjson
from typing_extensions import TypedDict

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import Event
from parallel_agents.core.flow import StepFinished, StepStarted
from parallel_agents.core.ids import SessionKey, function_of
from parallel_agents.core.inspection import Journal, each_event
from parallel_agents.core.retry_keys import step_of
from parallel_agents.core.row import Row
from parallel_agents.core.run import Failure, RunnerKind
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import SessionReads
from parallel_agents.maps.request import MAP
from parallel_agents.views import format
from parallel_agents.views.documents import Money, money_json, money_of
from parallel_agents.views.last_tries import last_tries
from parallel_agents.views.sessions import STOPPED, SessionLine, doing_told, lines_of, state_told

StepKind: TypeAlias = Literal["function", "question", "agent", "team", "flow"]
_KINDS = ("step_started", "step_finished", "asked", "answered")
_ASKED = "step/"


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowStep:
    """A step of a flow.

    Attributes:
        name: as the function of the flow calls it.
        state: as lists have it; `unknown` is a call of which nobody knows whether it took effect, and
            `withdrawn` a question that nobody answered before the end of the flow.
        seconds: how long it took; None while it is live, and if nobody knows.
        text: what it returned, why it failed, or the question and its answer; of a session, what lists say
            that it does.
        line: the session, if it is one.
    """

    name: str
    kind: StepKind
    state: str
    began_at: float
    seconds: float | None = None
    text: str = ""
    line: SessionLine | None = None


class FlowStepDocument(TypedDict):
    """A step of a flow: a `function`, a `question`, or a session: an `agent`, a `team` or a `flow`.

    `state` is as in lists; `unknown` is a call of which nobody knows whether it took effect, `withdrawn` a
    question that nobody answered before the end of the flow. `label` is what lists call it, `text` what it returned, why it
    failed, or the question and its answer, and of a session what lists say that it does. `cost` is null where no model was
    called, and where a price is unknown.
    """

    name: str
    label: str
    kind: str
    state: str
    began_at: str | None
    seconds: float | None
    text: str
    calls: int
    cost: Money | None
    known_cost: Money
    simulated_cost: Money | None
    session_key: SessionKey | None


async def find_flow_steps(reads: SessionReads, journal: Journal, flow: Row) -> list[FlowStep]:
    """All steps of a flow; see `read_flow_steps`."""
    if not has_steps(flow):
        return []
    tries = await last_tries(reads, journal, flow)
    rows = [flow, *await reads.rows_of(tries.runs)]
    whole, *members = lines_of(await journal.look(rows))
    return await read_flow_steps(journal, whole, members)


async def read_flow_steps(
    journal: Journal, flow: SessionLine, members: Sequence[SessionLine]
) -> list[FlowStep]:
    """All steps of a flow, as they were begun; none of a team, an agent, or a map, whose rows are its tasks.

    Args:
        journal: has the events of the flow.
        flow: the flow.
        members: the sessions of its tasks.
    """
    if not has_steps(flow.row):
        return []
    found = each_event(journal, session=flow.row.session.key, kinds=_KINDS)
    events = [event async for event in found]
    steps = [*own_steps(events, flow), *map(_session, members)]
    return sorted(steps, key=lambda step: step.began_at)


def has_steps(row: Row) -> bool:
    """Whether it is a flow with steps: a map has rows."""
    return row.run.kind is RunnerKind.FLOW and function_of(row.session.key) != MAP


def own_steps(events: Iterable[Event], flow: SessionLine) -> list[FlowStep]:
    """The functions and questions of a flow by its own events; of one that was tried again, the last try."""
    found: dict[tuple[str, str], FlowStep] = {}
    asked: dict[str, str] = {}
    for event in events:
        about = event.key.rpartition("/")[0].removeprefix(_ASKED)
        match event.body:
            case StepStarted(name=name) if "/" not in name:  # else it is a part of a built-in step
                began = FlowStep(name=name, kind="function", state="running", began_at=event.at)
                found["function", name] = began
            case StepFinished(name=name) as finished if ("function", name) in found:
                found["function", name] = _finished(found["function", name], finished)
            case Asked(question=question) if event.key.startswith(_ASKED):
                asked[about] = question.text
                found["question", about] = FlowStep(
                    name=about.partition("@")[0],
                    kind="question",
                    state="running",
                    began_at=event.at,
                    text=question.told,
                )
            case Answered() as answered if ("question", about) in found:
                step = replace(found["question", about], text=asked[about])
                found["question", about] = _answered(step, event.at, answered)
            case _:
                pass
    return [_as_left(step, flow) for step in found.values()]


def _finished(began: FlowStep, finished: StepFinished) -> FlowStep:
    error = finished.error
    return replace(
        began,
        state="done" if error is None else "failed",
        seconds=finished.seconds,
        text=_output(finished.output) if error is None else _failure(error),
    )


def _answered(asked: FlowStep, at: float, answered: Answered) -> FlowStep:
    answer = answered.answer
    said = answer.text or ("yes" if answer.allow else "no answer")
    return replace(
        asked,
        state="done" if answer.allow else "failed",
        seconds=at - asked.began_at,
        text=f"{asked.text} → {said} ({answered.by})",
    )


def _as_left(step: FlowStep, flow: SessionLine) -> FlowStep:
    """A step that has no end, as the flow left it."""
    if step.state != "running":
        return step
    if flow.row.run.status.is_over:
        return replace(step, state="unknown" if step.kind == "function" else "withdrawn")
    return replace(step, state=STOPPED) if flow.is_stopped else step


def _session(line: SessionLine) -> FlowStep:
    row = line.row
    return FlowStep(
        name=step_of(row.session.spawn_key),
        kind=row.run.kind.value,
        state=state_told(line),
        began_at=row.session.created_at or row.run.created_at,
        seconds=line.seconds if row.run.status.is_over else None,
        text=doing_told(line),
        line=line,
    )


def _output(output: Json) -> str:
    return "" if output is None else orjson.dumps(output).decode()


def _failure(error: Failure) -> str:
    return f"{error.code} {error.message}" + (f" ({error.why})" if error.why else "")


def flow_step_json(step: FlowStep) -> FlowStepDocument:
    """A step for machines."""
    row = None if step.line is None else step.line.row
    spend = Spend() if step.line is None else step.line.spend
    return {
        "name": step.name,
        "label": step.name if row is None else row.session.label,
        "kind": step.kind,
        "state": step.state.replace(" ", "_"),
        "began_at": format.iso(step.began_at),
        "seconds": None if step.seconds is None else round(step.seconds, 3),
        "text": step.text,
        "calls": spend.calls,
        "cost": money_json(spend.cost_usd) if spend.calls else None,
        "known_cost": money_of(spend.known_usd),
        "simulated_cost": money_json(spend.simulated_usd),
        "session_key": None if row is None else row.session.key,
    }
