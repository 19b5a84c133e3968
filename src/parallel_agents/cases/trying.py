"""Trying: one try of a case, as a step of a flow: its workspace, its task, and the judging of its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from parallel_agents.cases.report import CaseTry, CheckEnd, CheckStatus, TryStatus
from parallel_agents.cases.seen import seen
from parallel_agents.cases.workspace import make_workspace, remove_workspace
from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case
from parallel_agents.core.cutting import head
from parallel_agents.core.gate import Gate, JudgeGate, cheapest_first, describe_gate
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.submission import Submission
from parallel_agents.core.task import Task
from parallel_agents.core.tool import Effect
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import (
    CallsRepeated,
    ContextTooLong,
    GateBroken,
    GateRefused,
    LeftRun,
    MalformedReply,
    ModelRefused,
    ModelSlipped,
    OutputCut,
    OutputInvalid,
    OutputUsedUp,
    PagentsError,
    RepeatsItself,
    ReplyTooLarge,
    RevisionFailed,
    RunTimedOut,
    StoreError,
    TurnLimit,
)
from parallel_agents.flows.call import Call
from parallel_agents.flows.function import instances
from parallel_agents.flows.steps import Steps

# What the name of the last step of a try ends with; its output is the try.
END = "/end"
_TEXT = "Do your task for this input."
_SEEN_CHARACTERS = 300
# What ends a run because of the agent or its model; all else says nothing about them.
_OWN_FAILURES = frozenset(
    error.code
    for error in (
        CallsRepeated,
        ContextTooLong,
        GateRefused,
        MalformedReply,
        ModelRefused,
        ModelSlipped,
        OutputCut,
        OutputInvalid,
        OutputUsedUp,
        RepeatsItself,
        ReplyTooLarge,
        RevisionFailed,
        RunTimedOut,
        TurnLimit,
    )
)


class Try(NamedTuple):
    """A try of a case that is to be made.

    Attributes:
        name: of its step.
        number: of the try, from 1.
        model: None for the agent's.
        keeps: whether its workspace stays.
    """

    name: str
    agent: Agent[Any]
    case: Case
    number: int
    model: str | None = None
    keeps: bool = False


async def case_try(steps: Steps, wanted: Try) -> CaseTry:
    """Have an agent do the task of a case, and judge the answer; the agent is told nothing of that."""
    if why := _lack(steps, wanted):
        return _not_tried(wanted, why)
    folder = _folder(steps, wanted)
    try:
        if folder is not None:
            await _stored(
                steps, f"{wanted.name}/files", partial(make_workspace, folder, wanted.case)
            )
        result = await steps.result(f"{wanted.name}/task", _task(wanted, folder))
    except (StoreError, LeftRun):
        raise
    except PagentsError as error:
        await _clean(wanted, folder)
        return _not_tried(wanted, f"{error.code} {error.in_a_sentence}", _kept(wanted, folder))
    judged: CaseTry = await _stored(
        steps, f"{wanted.name}{END}", partial(_end, steps, wanted, result, _kept(wanted, folder))
    )
    await _clean(wanted, folder)
    return judged


async def _clean(wanted: Try, folder: Path | None) -> None:
    if folder is not None and not wanted.keeps:
        await asyncio.to_thread(remove_workspace, folder)


async def _stored(steps: Steps, name: str, function: partial[Coroutine[Any, Any, Any]]) -> Any:  # noqa: ANN401 - what the function returns
    """What a function returns, which is called again only if its process ended during the call."""
    kind = instances(function.func)
    # A stop of the process does not wait for it: judges are runs, and none begins then.
    call = Call(UserFunction(function, name), kind, (), {}, Effect.IDEMPOTENT, is_wait=True)
    return call.instance(await steps.work.step(name, call))


def _task(wanted: Try, folder: Path | None) -> Task[Any]:
    case = wanted.case
    return Task(
        wanted.agent,
        case.text or _TEXT,
        input=case.input,
        model=wanted.model,
        label=case.id if wanted.number == 1 else f"{case.id}-{wanted.number}",
        cache_seconds=0,  # a reply that is used again is no further sample
        workspace=None if folder is None else Workspace.at(folder),
        options=SessionOptions(is_trial=True),
    )


def _folder(steps: Steps, wanted: Try) -> Path | None:
    if not wanted.case.has_workspace and wanted.agent.workspace is None:
        return None
    session = steps.work.session.key.replace(":", "-")
    return steps.surroundings.folder / session / wanted.name.replace("/", "-")


def _kept(wanted: Try, folder: Path | None) -> str:
    return str(folder) if folder is not None and wanted.keeps else ""


def _lack(steps: Steps, wanted: Try) -> str:
    """Why a case cannot be tried here; empty if it can, or if its task was begun before."""
    if wanted.case.needs is None or steps.work.is_begun(f"{wanted.name}/task"):
        return ""
    return steps.surroundings.find_lack(wanted.case.needs)


async def _end(steps: Steps, wanted: Try, result: Result, kept: str) -> CaseTry:
    """What a try came to, once its run has ended."""
    checks = await _judged(steps, wanted.case, result) if result.is_done else []
    status, why = _status(wanted, result, checks)
    return CaseTry(
        case=wanted.case.id,
        number=wanted.number,
        model=result.model or wanted.model or "",
        status=status,
        checks=tuple(checks),
        why=why,
        saw=head(_as_text(result.output_json), _SEEN_CHARACTERS),
        seconds=result.seconds,
        cost_usd=result.cost_usd,
        simulated_usd=result.simulated_usd,
        session=result.session_key,
        folder=kept,
    )


async def _judged(steps: Steps, case: Case, result: Result) -> list[CheckEnd]:
    """What each check of a case finds in an answer, cheapest first."""
    submission = await steps.judging.submission(result)
    ends = [await _check(steps, check, submission) for check in cheapest_first(case.checks)]
    if case.rubric:
        judge = JudgeGate(rubric=case.rubric, at_least=case.at_least)
        ends.append(await _check(steps, judge, submission))
    return ends


async def _check(steps: Steps, gate: Gate, submission: Submission) -> CheckEnd:
    is_rubric = isinstance(gate, JudgeGate)
    try:
        verdict = await steps.judging.verdict(gate, submission)
    except GateBroken as error:
        return CheckEnd(
            check=describe_gate(gate),
            status=CheckStatus.NOT_JUDGED,
            why="; ".join(filter(None, (error.message, error.why))),
            is_rubric=is_rubric,
        )
    return CheckEnd(
        check=verdict.gate,
        status=CheckStatus.PASSED if verdict.is_accepted else CheckStatus.FAILED,
        why=verdict.critique,
        saw="" if verdict.is_accepted else seen(gate, submission.answer),
        score=verdict.score,
        notice=verdict.notice,
        is_rubric=is_rubric,
    )


def _status(wanted: Try, result: Result, checks: Sequence[CheckEnd]) -> tuple[TryStatus, str]:
    """How a try ended, and why there is nothing to tell of it, or no answer."""
    if not result.is_done:
        error = result.error
        why = f"{error.code} {error.message}" if error else f"its run is {result.status}"
        is_own = _is_own_failure(wanted.agent, result)
        return TryStatus.FAILED if is_own else TryStatus.NOT_TRIED, why
    if any(check.status is CheckStatus.FAILED for check in checks):
        return TryStatus.FAILED, ""
    if open_ones := [check for check in checks if _keeps_open(check, wanted.case)]:
        return TryStatus.NOT_TRIED, f"{open_ones[0].check}: {open_ones[0].why}"
    return TryStatus.PASSED, ""


def _keeps_open(check: CheckEnd, case: Case) -> bool:
    """Whether nobody can say that a case is passed because this check was not judged.

    A rubric without a judge is told apart; the checks in code decide then, if there are any.
    """
    return check.status is CheckStatus.NOT_JUDGED and not (check.is_rubric and case.checks)


def _is_own_failure(agent: Agent[Any], result: Result) -> bool:
    if result.status is RunStatus.OVER_BUDGET:
        return agent.budget.is_bound
    return result.error is not None and result.error.code in _OWN_FAILURES


def _not_tried(wanted: Try, why: str, kept: str = "") -> CaseTry:
    return CaseTry(
        case=wanted.case.id,
        number=wanted.number,
        model=wanted.model or "",
        status=TryStatus.NOT_TRIED,
        why=why,
        folder=kept,
    )


def _as_text(answer: Json) -> str:
    if answer is None:
        return ""
    return answer if isinstance(answer, str) else orjson.dumps(answer).decode()
