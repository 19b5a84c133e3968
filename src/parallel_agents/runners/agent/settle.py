"""Settle: the handlers of the steps that tell the model something or end the run."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import replace
from typing import assert_never

from parallel_agents.core.batch import answer_schema, numbers
from parallel_agents.core.event import (
    Closing,
    Delivered,
    Entry,
    HandedBack,
    Refused,
    Shortened,
    Steered,
)
from parallel_agents.core.kept_text import kept_path, reading
from parallel_agents.core.steps import (
    AnnounceLastCall,
    AskRepair,
    BeginAttempt,
    BreakOff,
    Complete,
    CompleteWithBest,
    DeliverMessages,
    Ending,
    EndOverBudget,
    Shorten,
    Telling,
)
from parallel_agents.core.told import cut_to, shorten
from parallel_agents.core.transcript import Transcript
from parallel_agents.runners.agent import outcomes
from parallel_agents.runners.agent.prompts import (
    LAST_CALL,
    notice_of_unanswered,
    notices_of_calls,
    notices_of_limits,
    notices_of_shortening,
)
from parallel_agents.runners.agent.work import Work

MOST_REPORT_CHARACTERS = 100_000


async def tell(work: Work, step: Telling) -> None:
    """Write what the step adds to the transcript."""
    for entry in _entries(step, work):
        await work.write(entry.key, entry.body)


def _entries(step: Telling, work: Work) -> Sequence[Entry]:
    transcript = work.transcript
    turn = transcript.turn
    match step:
        case DeliverMessages(messages=messages):
            return [
                Entry(f"{key}/delivered", _delivered(work, key, steered, turn + 1))
                for key, steered in messages.items()
            ]
        case AnnounceLastCall(error=error):
            closing = Closing(turn=turn, text=LAST_CALL, error=error)
            return [Entry(f"turn-{turn}/closing", closing)]
        case Shorten(shortened=shortened):
            return [Entry(key_of_shortening(shortened, transcript), shortened)]
        case AskRepair(problems=problems):
            refused = Refused(turn=turn, text=problems.repair_text())
            return [Entry(f"turn-{turn}/refused", refused)]
        case BeginAttempt(attempt=attempt):
            return [Entry(f"attempt-{attempt.number}", attempt)]
        case _:
            assert_never(step)


def _delivered(work: Work, key: str, steered: Steered, turn: int) -> Delivered:
    """A message as the model is told it; one that would fill its context is cut."""
    text = _cut(work, steered.text, kept_path(work.activation.claim.run.id, key))
    return Delivered(steer=key, text=text, turn=turn)


def _cut(work: Work, text: str, at: str = "") -> str:
    """As much of a text as a conversation can have of it, and where the whole of it is kept."""
    shortening = work.prepared.shortening
    cut = cut_to(text, work.contexts.message_tokens(shortening.window))
    if cut is None:
        return text
    more = reading(at) if at and shortening.is_readable else ""
    return shorten(text, cut.characters, more=more)


def key_of_shortening(shortened: Shortened, transcript: Transcript) -> str:
    """The key of the run's next shortening."""
    why = "refused" if shortened.error else "foreseen"
    number = transcript.shortenings.count + 1
    return f"turn-{transcript.turn}/attempt-{transcript.attempt}/shortened-{why}-{number}"


async def join_children(work: Work) -> None:
    """Wait for the children that the run has not heard from, and add a report on them."""
    runs = await work.children.unreported(work.transcript.handed_back)
    if not runs:
        work.prepared = work.prepared._replace(joined=work.transcript.answer_id)
        return
    loop = asyncio.get_running_loop()
    began = loop.time()
    work.clock.park()
    told = await _unless_message(work, work.children.wait(runs))
    text = None if told is None else _cut(work, shorten(told, MOST_REPORT_CHARACTERS))
    await work.clock.resume()
    if text is None:
        return  # the message is answered first
    turn = work.transcript.turn
    report = HandedBack(turn=turn, text=text, runs=tuple(runs), parked_seconds=loop.time() - began)
    await work.write(f"turn-{turn}/handed-back", report)


async def _unless_message(work: Work, report: Coroutine[None, None, str]) -> str | None:
    """The report, or None if a message to the run arrives first."""
    reporting = asyncio.ensure_future(report)
    message = asyncio.ensure_future(work.activation.inbox.wait_message())
    try:
        await asyncio.wait((reporting, message), return_when=asyncio.FIRST_COMPLETED)
        return reporting.result() if reporting.done() else None
    finally:
        for task in (reporting, message):
            task.cancel()
        await asyncio.wait((reporting, message))


async def end(work: Work, step: Ending) -> bool:
    """End the run, and return whether it ended: it continues if a message came with the answer."""
    transcript, count = work.transcript, work.assignment.batch
    schema = answer_schema(work.assignment.agent, numbers(count))
    best = transcript.best if work.assignment.agent.refine else None
    seen: int | None = len(transcript.received)
    notices = (
        *work.notices,
        *work.tool_notices,
        *notice_of_unanswered(work.unanswered),
        *notices_of_calls(transcript.messages[transcript.task_end :], work.acting),
        *notices_of_limits(transcript.commands.hits, work.session.options.limits.of_commands),
        *notices_of_shortening(transcript.shortenings, work.prepared.model),
    )
    match step:
        case Complete(output=output):
            outcome = outcomes.accepted(transcript, output, schema, notices)
        case CompleteWithBest(best=version):
            outcome = outcomes.best_of(version, transcript.attempt, schema, notices)
        case EndOverBudget(error=failure):
            text = (best or transcript).last_text
            outcome = outcomes.out_of_budget(text, schema, failure, notices)
            seen = None
        case BreakOff(error=error):
            text = best.last_text if best else work.partial_text
            outcome = outcomes.broken_off(text, error, notices)
            outcome = outcomes.with_items(outcome, step)
            seen = None
        case _:
            assert_never(step)
    outcome = outcomes.with_items_before(outcome, transcript.accepted_items)
    if seen is None and work.prepared.may_spawn:
        await work.children.end()
    if work.session.options.workspace is not None:
        outcome = replace(outcome, changes=await work.workspaces.changes(work.session))
    return await work.activation.journal.finish(outcome, steers_seen=seen)
