"""Trying: one try of a case, as a step of a flow: its workspace, its task, and the judging of its answer."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from parallel_agents.cases.report import CaseTry, CheckEnd, CheckStatus, TryStatus
from parallel_agents.cases.workspace import make_workspace
from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case
from parallel_agents.core.cutting import head
from parallel_agents.core.gate import Gate, JudgeGate, cheapest_first, describe_gate
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.submission import Submission
from parallel_agents.core.task import Task
from parallel_agents.core.tool import Effect
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import (
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
    ReplyTooLarge,
    RevisionFailed,
    RunTimedOut,
    StoreError,
    TurnLimit,
)
from parallel_agents.flows.call import Call
from parallel_agents.flows.function import instances
from parallel_agents.flows.steps import Steps

_TEXT = "Do your task for this input."
_SEEN_CHARACTERS = 300
# What ends a run because of the agent or its model; all else says nothing about them.
_OWN_FAILURES = frozenset(
    error.code
    for error in (
        ContextTooLong,
        GateRefused,
        MalformedReply,
        ModelRefused,
        ModelSlipped,
        OutputCut,
        OutputInvalid,
        OutputUsedUp,
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
    folder = _folder(steps, wanted)
    try:
        if folder is not None:
            making = partial(make_workspace, folder, wanted.case)
            await _call(steps, f"{wanted.name}/files", making, effect=Effect.IDEMPOTENT)
        result = await steps.result(f"{wanted.name}/task", _task(wanted, folder))
    except (StoreError, LeftRun):
        raise
    except PagentsError as error:
        return _not_tried(wanted, error.in_a_sentence)
    checks, why = list[CheckEnd](), ""
    if result.is_done:
        judging = partial(_judged, steps, wanted.case, result)
        checks = await _call(steps, f"{wanted.name}/checks", judging, is_wait=True)
    elif result.error is not None:
        why = f"{result.error.code} {result.error.message}"
    if folder is not None and not wanted.keeps:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    return _ended(wanted, result, tuple(checks), why)


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
    )


def _folder(steps: Steps, wanted: Try) -> Path | None:
    if not wanted.case.has_workspace and wanted.agent.workspace is None:
        return None
    session = steps.work.session.key.replace(":", "-")
    return steps.folder / session / wanted.name.replace("/", "-")


async def _call(
    steps: Steps,
    name: str,
    function: Callable[[], Awaitable[Any]],
    *,
    effect: Effect = Effect.IDEMPOTENT,
    is_wait: bool = False,
) -> Any:  # noqa: ANN401 - what the function returns
    call = Call(
        UserFunction(function, name), instances(_returning(function)), (), {}, effect, is_wait
    )
    return call.instance(await steps.work.step(name, call))


def _returning(function: Callable[[], Awaitable[Any]]) -> Callable[..., object]:
    return function.func if isinstance(function, partial) else function


async def _judged(steps: Steps, case: Case, result: Result) -> list[CheckEnd]:
    """What each check of a case finds in an answer, cheapest first."""
    submission = await steps.judging.submission(result)
    ends = [await _end(steps, check, submission) for check in cheapest_first(case.checks)]
    if case.rubric:
        judge = JudgeGate(rubric=case.rubric, at_least=case.at_least)
        ends.append(await _end(steps, judge, submission))
    return ends


async def _end(steps: Steps, gate: Gate, submission: Submission) -> CheckEnd:
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
        score=verdict.score,
        notice=verdict.notice,
        is_rubric=is_rubric,
    )


def _ended(wanted: Try, result: Result, checks: tuple[CheckEnd, ...], why: str) -> CaseTry:
    status, unjudged = TryStatus.FAILED, [c for c in checks if _keeps_open(c, wanted.case)]
    if not result.is_done and not _is_own_failure(wanted.agent, result):
        status = TryStatus.NOT_TRIED
    elif result.is_done and not any(c.status is CheckStatus.FAILED for c in checks):
        status = TryStatus.NOT_TRIED if unjudged else TryStatus.PASSED
        why = f"{unjudged[0].check}: {unjudged[0].why}" if unjudged else ""
    return CaseTry(
        case=wanted.case.id,
        number=wanted.number,
        model=result.model or wanted.model or "",
        status=status,
        checks=checks,
        why=why,
        saw=head(_as_text(result.output_json), _SEEN_CHARACTERS),
        seconds=result.seconds,
        cost_usd=result.cost_usd,
        session=result.session_key,
    )


def _keeps_open(check: CheckEnd, case: Case) -> bool:
    """Whether nobody can say that a case is passed because this check was not judged.

    A rubric without a judge is told apart; the checks in code decide then, if there are any.
    """
    return check.status is CheckStatus.NOT_JUDGED and not (check.is_rubric and case.checks)


def _is_own_failure(agent: Agent[Any], result: Result) -> bool:
    if result.status is RunStatus.OVER_BUDGET:
        return agent.budget.is_bound
    return result.error is not None and result.error.code in _OWN_FAILURES


def _not_tried(wanted: Try, why: str) -> CaseTry:
    return CaseTry(
        case=wanted.case.id,
        number=wanted.number,
        model=wanted.model or "",
        status=TryStatus.NOT_TRIED,
        why=why,
    )


def _as_text(answer: Json) -> str:
    return answer if isinstance(answer, str) else orjson.dumps(answer).decode()
