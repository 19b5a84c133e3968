"""Refining: a draft is made better, round by round, until it has a score."""

from __future__ import annotations

from dataclasses import replace

import orjson

from parallel_agents.core.agent import T
from parallel_agents.core.gate import AnyGate, JudgeGate, Refine, ScoreGate
from parallel_agents.core.run import Result
from parallel_agents.core.task import Task
from parallel_agents.flows.steps import Steps

_RUBRIC = (
    "The work does everything that the task asks for, is correct and complete, and could be used as "
    "it is. 10: nothing to improve. 5: usable after changes. 0: it does something else."
)


def refined_task(
    task: Task[T],
    draft: Result[T],
    *,
    until: float,
    rounds: int,
    rubric: str | None,
    by: str | None,
) -> Task[T]:
    """The task of making a draft better; its answer has at least the score `until`."""
    work = draft.output_json
    text = (
        work if isinstance(work, str) else orjson.dumps(work, option=orjson.OPT_INDENT_2).decode()
    )
    asked = f"{task.text}\n\n" if task.text else ""
    return replace(
        task,
        text=f"{asked}Improve this draft, and answer with the whole of it:\n{text}",
        gates=_gates(task.gates, until, rubric),
        refine=Refine(rounds=rounds, by=by) if rounds > 1 else None,
        cache_seconds=0.0,
        key=None,
    )


def _gates(gates: tuple[AnyGate, ...], until: float, rubric: str | None) -> tuple[AnyGate, ...]:
    """The gates of a task, of which those that score ask for the score; a judge if none does."""
    raised = tuple(
        replace(gate, at_least=until) if isinstance(gate, JudgeGate | ScoreGate) else gate
        for gate in gates
    )
    if rubric is None and any(isinstance(gate, JudgeGate | ScoreGate) for gate in raised):
        return raised
    return (*raised, JudgeGate(rubric=rubric or _RUBRIC, at_least=until))


async def refine(
    steps: Steps,
    name: str,
    draft: Result[T],
    *,
    until: float,
    rounds: int,
    rubric: str | None,
    by: str | None,
) -> Result[T]:
    """The draft if it has the score already, or else the result of its improvement."""
    if draft.is_done and draft.score is not None and draft.score >= until:
        return draft
    task = steps.task_of(draft)
    asked = refined_task(task, draft, until=until, rounds=rounds, rubric=rubric, by=by)
    result = await steps.result(name, asked)
    if result.is_done and result.score is not None and result.score < until:
        steps.work.note(f"the step {name} has a score of {result.score:g}, below {until:g}")
    return result
