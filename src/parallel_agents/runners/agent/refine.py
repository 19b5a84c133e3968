"""Refine: check an answer at its gates, and have another agent make its next version."""

from __future__ import annotations

from collections.abc import Mapping

import orjson

from parallel_agents.core.batch import Item
from parallel_agents.core.batch_items import judged_items, verdict_of
from parallel_agents.core.escalation import refusal_of
from parallel_agents.core.event import Gated, Revised
from parallel_agents.core.gate import Gate, Verdict
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.steps import CheckGate, Revise
from parallel_agents.core.submission import Draft, Submission
from parallel_agents.errors import OverBudget, PagentsError, RevisionFailed
from parallel_agents.runners.agent.hiding import hidden_verdict
from parallel_agents.runners.agent.work import Work


async def check_gate(work: Work, step: CheckGate) -> None:
    """Write the gate's verdict on the last answer.

    Raises:
        GateBroken: the gate cannot give one.
    """
    attempt, turn = work.transcript.answer_id
    submission = Submission(
        work.session,
        attempt,
        turn,
        work.task,
        step.output,
        work.transcript.last_text,
        work.gate_sandbox,
        work.transcript.kept.calls,
        work.input,
    )
    verdict = await _verdict(work, step.gate, submission)
    await work.clock.resume()
    key = f"attempt-{attempt}/turn-{turn}/gate-{step.number}"
    await work.write(key, Gated(attempt=attempt, verdict=hidden_verdict(verdict)))


async def _verdict(work: Work, gate: Gate, submission: Submission) -> Verdict:
    """The verdict on an answer, or those on the answers to items of a batch as one.

    Items that another gate has rejected are not shown to this one.
    """
    items, answers = work.items, submission.answer
    if not items or not isinstance(answers, Mapping):
        return await work.gatekeeper.check(gate, submission, work.clock.park)
    rejected = judged_items(answers, work.transcript.verdicts).rejected
    verdicts: dict[str, Verdict] = {}
    for number, item in items.items():
        if number in rejected:
            continue
        one = _of_item(submission, number, item, answers[number])
        verdicts[number] = await work.gatekeeper.check(gate, one, work.clock.park)
    return verdict_of(verdicts)


def _of_item(submission: Submission, number: str, item: Item, answer: Json) -> Submission:
    text = answer if isinstance(answer, str) else orjson.dumps(answer).decode()
    return submission._replace(
        task=item.task, given=item.input, answer=answer, text=text, item=number
    )


async def revise(work: Work, step: Revise) -> None:
    """Write the next version of the best answer.

    Raises:
        OverBudget: the reviser's run was over its budget.
        RevisionFailed: it did not succeed, for any other reason.
    """
    transcript = work.transcript
    draft = Draft(
        session=work.session,
        attempt=transcript.attempt,
        task="\n\n".join((work.task, *transcript.delivered)),
        work=step.best.last_text,
        critique=refusal_of(step.best.refusals).why,
        model=work.prepared.model,
    )
    result = await work.gatekeeper.revise(step.by, draft, work.clock.park)
    await work.clock.resume()
    if not result.is_done:
        raise _failure(step.by, result)
    revised = Revised(attempt=transcript.attempt, by=step.by, run=result.run_id, text=result.text)
    await work.write(f"attempt-{transcript.attempt}/revised", revised)


def _failure(by: str, result: Result) -> PagentsError:
    error = result.error
    why = f"{error.code} {error.message}" if error else f"its run is {result.status}"
    if result.status is RunStatus.OVER_BUDGET:
        account = error.account if error else ""
        message = f"the budget leaves no room for {by}"
        return OverBudget(message, why=why, hint="raise the budget", account=account)
    return RevisionFailed(
        f"{by} did not return a new version",
        why=why,
        hint="see `pagents history`, or leave out `refine.by`, so that the agent revises its own answer",
    )
