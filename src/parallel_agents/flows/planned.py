"""Planned: the built-in flow `plan`, which does the steps of a plan, each as soon as it may begin."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.core.expression import Lacking, Unfit, expression
from parallel_agents.core.plan import Plan, RunIf, Step, StepStatus
from parallel_agents.core.run import Failure, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.task import OnFailure
from parallel_agents.core.template import Misread, fill_text
from parallel_agents.errors import Incomplete, PagentsError, StepFailed, StepPartlyDone
from parallel_agents.flows.flow import Flow, steps_of
from parallel_agents.flows.people import Asking
from parallel_agents.flows.plan_budgets import hint_of
from parallel_agents.flows.plan_limits import limited_plan
from parallel_agents.flows.plan_step import PlanStep, shortened
from parallel_agents.flows.steps import Steps
from parallel_agents.flows.work import Work

_YES, _NO = "yes", "no"
_AGAIN = "run it again under the same name to try the failed tasks again"
LOST = (StepStatus.FAILED, StepStatus.BLOCKED)


class StepEnd(NamedTuple):
    """How a step ended.

    Attributes:
        why: why it is not done; empty if it is.
        is_partly: whether a part of it is done, although it failed.
        error: why it failed, if an error says so.
    """

    status: StepStatus
    output: Json = None
    why: str = ""
    is_partly: bool = False
    error: PagentsError | None = None


async def plan(flow: Flow, plan: Plan, inputs: dict[str, Json]) -> Json:
    """Do the steps of a plan; the result has the status of each, and the outputs of the last ones.

    The run is done if no step failed, partial if at least `min_done` are done (or anything is, even
    an item), and failed otherwise. Steps that are skipped count neither way.
    """
    steps = steps_of(flow)
    plan = limited_plan(plan, steps.request.options)
    ends = await ends_of(steps, plan, inputs)
    judge(steps.work, ends, plan.min_done)
    outputs = {step.id: ends[step.id].output for step in plan.last}
    return {"steps": shown_ends(ends), "outputs": outputs}


async def ends_of(steps: Steps, plan: Plan, inputs: Mapping[str, Json]) -> dict[str, StepEnd]:
    """Do the steps of a plan as steps of a flow; how each ended, in the order of the plan."""
    return await _Execution(steps, plan, inputs).run()


def shown_ends(ends: Mapping[str, StepEnd]) -> dict[str, Json]:
    """How steps ended, without their outputs."""
    return {
        id: {"status": end.status.value, **({"why": end.why} if end.why else {})}
        for id, end in ends.items()
    }


class _Execution:
    """A plan on its way: what each step came to so far."""

    def __init__(self, steps: Steps, plan: Plan, inputs: Mapping[str, Json]) -> None:
        self._steps = steps
        self._plan = plan
        self._ends: dict[str, StepEnd] = {}
        self._results: dict[str, Json] = {}
        self._values: dict[str, Json] = {**inputs, "tasks": self._results}
        self._over = {step.id: asyncio.Event() for step in plan.steps}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failed = ""  # the step whose failure stops others

    async def run(self) -> dict[str, StepEnd]:
        async with asyncio.TaskGroup() as group:
            for step in self._plan.steps:
                self._tasks[step.id] = group.create_task(self._do(step))
        return {step.id: self._ends[step.id] for step in self._plan.steps}

    async def _do(self, step: Step) -> None:
        for need in step.needs:
            await self._over[need].wait()
        try:
            end = await self._end_of(step)
        except PagentsError as error:
            is_partly = isinstance(error, StepPartlyDone)
            end = StepEnd(StepStatus.FAILED, None, _told(error), is_partly, error)
        except Misread as error:
            end = StepEnd(StepStatus.FAILED, why=str(error))
        self._note(step.id, end)
        if end.status is StepStatus.FAILED and self._plan.on_failure is not OnFailure.KEEP_GOING:
            self._stop_others(step.id)

    def _note(self, id: str, end: StepEnd) -> None:
        self._ends[id] = end
        self._results[id] = {"status": end.status.value, "output": end.output}
        self._over[id].set()

    def _stop_others(self, failed: str) -> None:
        """Let no step begin any more; with `cancel_siblings`, end those that have begun as well."""
        self._failed = self._failed or failed
        if self._plan.on_failure is not OnFailure.CANCEL_SIBLINGS:
            return
        for id, task in self._tasks.items():
            if id not in self._ends:
                self._note(id, StepEnd(StepStatus.BLOCKED, why=f"the failure of {failed} ended it"))
                task.cancel()

    async def _end_of(self, step: Step) -> StepEnd:
        """How a step ended; its input is read only once it is sure that it begins.

        Raises:
            PagentsError, Misread: it failed.
        """
        if (not_begun := self._why_not_begun(step)) is not None:
            return not_begun
        if step.approve and (why := await self._refused(step)):
            return StepEnd(StepStatus.SKIPPED, why=why)
        return StepEnd(
            StepStatus.DONE, await PlanStep(self._steps, self._plan, step).output(self._values)
        )

    def _why_not_begun(self, step: Step) -> StepEnd | None:
        if self._failed:
            return StepEnd(StepStatus.BLOCKED, why=f"{self._failed} failed before it began")
        ends = {need: self._ends[need].status for need in step.needs}
        missing = [need for need, status in ends.items() if status is not StepStatus.DONE]
        is_enough = step.run_if is RunIf.ANY_DONE and len(missing) < len(ends)
        if missing and step.run_if is not RunIf.ALWAYS and not is_enough:
            lost = [need for need in missing if ends[need] in LOST]
            first = (lost or missing)[0]
            status = StepStatus.BLOCKED if lost else StepStatus.SKIPPED
            return StepEnd(status, why=f"it needs {first}, which {_became(ends[first])}")
        return self._why_not_wanted(step.when) if step.when else None

    def _why_not_wanted(self, condition: str) -> StepEnd | None:
        try:
            if expression(condition).holds(self._values):
                return None
        except Lacking as lacking:
            why = f"its condition {condition} reads what is not there: {lacking}"
        except Unfit as unfit:
            why = f"its condition {condition} does not fit what it reads: {unfit}"
            return StepEnd(StepStatus.FAILED, why=why)
        else:
            why = f"its condition is false: {condition}"
        return StepEnd(StepStatus.SKIPPED, why=why)

    async def _refused(self, step: Step) -> str:
        """Why a person does not let a step begin; empty if they do."""
        text = shortened(fill_text(step.approve, self._values))
        answer = await self._steps.work.ask(f"{step.id}/approve", Asking(text, (_YES, _NO)))
        return "" if answer == _YES else "a person answered no"


def judge(work: Work, ends: Mapping[str, StepEnd], least: int | None) -> None:
    """Tell a flow's run what the steps of its plan came to, unless it is done.

    Args:
        work: of the flow.
        ends: of the steps.
        least: how many must be done; None for anything, even an item of a step.
    """
    done = sum(end.status is StepStatus.DONE for end in ends.values())
    lost = {id: end for id, end in ends.items() if end.status in LOST}
    if not lost and done >= (least or 0):
        return
    told = [f"{id}: {end.why}" for id, end in lost.items()] or [
        f"{done} are done, and min_done asks for {least}"
    ]
    errors = [end.error for end in lost.values() if end.error is not None]
    hint, account = hint_of(errors, _AGAIN)
    error = Incomplete(
        f"{len(lost) or len(ends) - done} of {len(ends)} tasks did not succeed",
        why="; ".join(told[:5]),
        hint=hint,
    )
    is_some_done = done > 0 or any(end.is_partly for end in lost.values())
    is_enough = is_some_done if least is None else done >= least
    status = RunStatus.PARTIAL if is_enough else RunStatus.FAILED
    work.fall_short(status, replace(Failure.of(error), account=account))


def _became(status: StepStatus) -> str:
    match status:
        case StepStatus.SKIPPED:
            return "was skipped"
        case StepStatus.BLOCKED:
            return "could not begin"
        case StepStatus.FAILED | StepStatus.DONE:
            return "failed"


def _told(error: PagentsError) -> str:
    code = "" if isinstance(error, StepFailed) else f"{error.code} "
    return f"{code}{error.message}" + (f": {error.why}" if error.why else "")
