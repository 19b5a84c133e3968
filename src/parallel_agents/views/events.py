"""Events: each event described once, for histories, progress and audits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

import orjson

from parallel_agents.core.call_decisions import Answered, Asked, Ruled
from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Delivered,
    Finished,
    Gated,
    HandedBack,
    Noticed,
    Queued,
    Refused,
    Replied,
    Retrying,
    Revised,
    Shortened,
    Started,
    Steered,
    ToolFinished,
    ToolStarted,
    Unanswered,
    Waiting,
)
from parallel_agents.core.flow import Batched, RowsChanged, StepFinished, StepStarted
from parallel_agents.core.message import task_text
from parallel_agents.core.pause import is_pause, is_unpause
from parallel_agents.core.question import NOBODY
from parallel_agents.core.run import Failure, RunStatus
from parallel_agents.core.spelling import counted
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.views import format
from parallel_agents.views.forks import told

CALLER = "caller"
RUNTIME = "runtime"
ASKS_MODEL = "asks the model"
WAITS_FOR_SLOT = "waits for a slot"
_ENDS = {
    RunStatus.DONE: "accept",
    RunStatus.PARTIAL: "end in part",
    RunStatus.FAILED: "fail",
    RunStatus.TIMED_OUT: "time out",
    RunStatus.KILLED: "kill",
    RunStatus.OVER_BUDGET: "over budget",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision: who decided what, and why; `why` is empty if the event gives no reason."""

    who: str
    what: str
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """An event in words.

    Attributes:
        title: what happened, in a few words.
        text: what was said, in full; empty for most events.
        doing: what the run is doing after the event; empty once it has ended.
        decision: what was decided, if the event is a decision.
    """

    title: str
    text: str = ""
    doing: str = ASKS_MODEL
    decision: Decided | None = None


def describe(body: Body) -> Description:  # noqa: C901, PLR0911, PLR0912 - a case for each kind
    match body:
        case Queued():
            return _queued(body)
        case Started():
            return _started(body)
        case Attempted():
            return _attempted(body)
        case Replied():
            return _replied(body)
        case Retrying():
            return _retrying(body)
        case Waiting():
            return _waiting(body)
        case Unanswered(model=model):
            title = f"a call of {model} brought no reply, and may have been billed"
            return Description(title=title, decision=Decided(RUNTIME, "count as billed", title))
        case Ruled():
            return _ruled(body)
        case Asked():
            return _asked(body)
        case Answered():
            return _answered(body)
        case ToolStarted(call=call):
            arguments = orjson.dumps(call.arguments).decode()
            doing = f"calls {call.name}"
            return Description(title=f"tool {call.name}", text=arguments, doing=doing)
        case ToolFinished():
            return _tool_finished(body)
        case Refused():
            return _refused(body)
        case Steered():
            return _steered(body)
        case Delivered(turn=turn):
            return Description(title=f"message delivered before turn {turn}")
        case HandedBack():
            return _handed_back(body)
        case Gated():
            return _gated(body)
        case Revised(by=by, text=text):
            title = f"{by} wrote the next version"
            return Description(title=title, text=text, doing="checks the answer")
        case Noticed():
            return _noticed(body)
        case Shortened():
            return _shortened(body)
        case Closing():
            return _closing(body)
        case StepStarted(name=name):
            return Description(title=f"step {name}", doing=f"is at step {name}")
        case StepFinished():
            return _step_finished(body)
        case Batched() | RowsChanged():
            return _of_rows(body)
        case Finished():
            return _finished(body)
        case Unreadable():
            return _unreadable(body)
        case _:
            assert_never(body)


def when_again(retrying: Retrying) -> str:
    """When a call is made again, and which try that is."""
    return again(retrying.attempt, retrying.wait_seconds)


def again(attempt: int, wait_seconds: float) -> str:
    """When a call is made again whose try `attempt` failed."""
    if wait_seconds <= 0:
        return f"asks again, try {attempt + 1}"
    seconds = round(wait_seconds)
    when = f"again in {seconds} s" if seconds > 0 else "again at once"
    return f"{when}, try {attempt + 1}"


def _queued(body: Queued) -> Description:
    link = body.forked_from
    why = body.start if link is None else f"forked from {told(link)} ({_copied(body)})"
    return Description(
        title=f"task  {why}".rstrip(),
        text="\n".join(
            (*(format.one_line(str(each)) for each in body.files), task_text(body.text, body.input))
        ),
        doing=WAITS_FOR_SLOT,
        decision=Decided(CALLER, "spawn" if link is None else "fork", why),
    )


def _copied(body: Queued) -> str:
    count = len(body.context) + len(body.taken)
    return "1 message copied" if count == 1 else f"{count} messages copied"


def _started(body: Started) -> Description:
    is_first = body.epoch == 1
    return Description(
        title="started" if is_first else f"taken up again (claim {body.epoch})",
        decision=Decided(
            RUNTIME,
            "claim" if is_first else "claim again",
            f"claim {body.epoch}, by the process {body.owner}",
        ),
    )


def _attempted(body: Attempted) -> Description:
    by = f" by {body.by}" if body.by else ""
    helped = f" with {body.by}" if body.by else ""
    what = f"escalate to {body.model}" if body.model else "begin again"
    return Description(
        title=f"attempt {body.number}{by}{f' on {body.model}' if body.model else ''}",
        text=body.error.message,
        doing=f"begins again{helped}, attempt {body.number}",
        decision=Decided(
            RUNTIME, f"{what}{helped}", f"attempt {body.number}: {_detail(body.error)}"
        ),
    )


def _replied(body: Replied) -> Description:
    tokens = "cached" if body.cached else format.tokens(body.spend)
    calls = [f"calls {call.name}" for call in body.message.tool_calls]
    texts = [body.message.text] if body.message.text else []
    what = "  summary" if body.is_summary else ""
    cost = f"{format.seconds(body.seconds)}  {format.money(body.spend)}"
    return Description(
        title=f"{body.model}{what}  {tokens}  {cost}",
        text="\n".join([*texts, *calls]),
        doing=ASKS_MODEL if body.is_summary else "checks the answer",
    )


def _retrying(body: Retrying) -> Description:
    why = f"try {body.attempt} failed, again in {body.wait_seconds:.1f} s: {_detail(body.error)}"
    return Description(
        title=f"try {body.attempt} failed, {when_again(body)}",
        text=f"{body.error.code} {body.error.message}",
        doing=f"{body.error.message}; {when_again(body)}",
        decision=Decided(RUNTIME, "retry", why),
    )


def _waiting(body: Waiting) -> Description:
    return Description(
        title=f"waits for {body.reason}, {body.seconds:.1f} s",
        # A wait that has ended is not said: the call is made, whatever it takes.
        doing=f"waits for {body.reason}, {body.seconds:.0f} s" if body.seconds > 0 else ASKS_MODEL,
    )


def _ruled(body: Ruled) -> Description:
    what = f"{body.tool} {body.subject}".rstrip()
    verdict = "allow" if body.is_allowed else "deny"
    rule = f"by {body.rule}" if body.rule else "no rule allows it"
    return Description(
        title=f"permissions {verdict} {what}",
        text=rule,
        decision=Decided("permissions", verdict, f"{what}: {rule}"),
    )


def _asked(body: Asked) -> Description:
    question = body.question
    what = question.what
    return Description(
        title="asks a person",
        text=what,
        doing=question.told,
        decision=Decided(RUNTIME, "ask", f"{question.rule}: {what}" if question.rule else what),
    )


def _answered(body: Answered) -> Description:
    answer = body.answer
    is_text = answer.allow and bool(answer.text)
    if body.by == NOBODY:
        return _expired(body)
    allowed = "allow for the run" if answer.for_run else "answer" if is_text else "allow"
    verdict = allowed if answer.allow else "deny"
    return Description(
        title=f"{body.by} answered" if is_text else f"{body.by} answered: {verdict}",
        text=answer.text,
        doing="continues with the answer",
        decision=Decided(body.by, verdict, answer.text),
    )


def _expired(body: Answered) -> Description:
    """Nobody answered: a question has its default or none, and an approval is denied."""
    text = body.answer.text
    verdict = "use the default" if body.answer.allow else "deny" if text else "leave unanswered"
    return Description(
        title=f"nobody answered in time: {verdict}".removesuffix(": leave unanswered"),
        text=text if body.answer.allow else "",
        doing="continues with the answer" if body.answer.allow else "continues without an answer",
        decision=Decided(body.by, verdict, text),
    )


def _tool_finished(body: ToolFinished) -> Description:
    result = body.result
    verb = "failed" if result.is_error else "returned"
    title = f"tool {result.name} {verb} after {format.seconds(body.seconds)}"
    return Description(title=title, text=result.content)


def _refused(body: Refused) -> Description:
    return Description(
        title="answer rejected",
        text=body.text,
        doing="corrects its answer",
        decision=Decided(RUNTIME, "refuse", body.text),
    )


def _steered(body: Steered) -> Description:
    return Description(
        title=f"message from {body.by} ({body.mode})",
        text=body.text,
        decision=Decided(body.by, "steer", body.text),
    )


def _handed_back(body: HandedBack) -> Description:
    count = "1 child" if len(body.runs) == 1 else f"{len(body.runs)} children"
    doing = "reads what its agents returned"
    return Description(title=f"{count} reported back", text=body.text, doing=doing)


def _gated(body: Gated) -> Description:
    verdict = body.verdict
    score = "" if verdict.score is None else f" with {verdict.score:g} of 10"
    verb = "accepts" if verdict.is_accepted else "rejects"
    refusal = Decided(verdict.gate, "refuse", verdict.critique)
    return Description(
        title=f"gate {verdict.gate} {verb}{score}",
        text=verdict.critique,
        doing="checks the answer",
        decision=None if verdict.is_accepted else refusal,
    )


def _of_rows(body: Batched | RowsChanged) -> Description:
    if isinstance(body, Batched):
        return Description(title=f"{len(body.rows)} rows in one task", doing="begins rows")
    results = ((body.gone, "no longer counted"), (body.back, "counted again"))
    parts = [f"{counted(len(rows), 'result')} {how}" for rows, how in results if rows]
    title = " and ".join(parts) or f"{counted(len(body.order), 'row')} in another order"
    return Description(title=title, doing="reads the rows")


def _noticed(body: Noticed) -> Description:
    decision = Decided(body.by or RUNTIME, body.what, body.text)
    if is_pause(body):
        return Description(title=body.text, doing=body.text, decision=decision)
    if is_unpause(body):
        return Description(title=body.text, decision=decision)
    return Description(title="notice", text=body.text, decision=decision)


def _shortened(body: Shortened) -> Description:
    count = sum(end - start for start, end in body.cuts.spans)
    messages = "1 message" if count == 1 else f"{count} messages"
    what = f"{messages} {'summarized' if body.cuts.summary else 'left out'}"
    what = what if count else "long texts cut"
    why = "it no longer fits the model's context" if body.error is None else _detail(body.error)
    return Description(
        title=f"conversation shortened: {what}",
        text=f"no summary: {body.unsummarized}" if body.unsummarized else "",
        decision=Decided(RUNTIME, "shorten", why),
    )


def _closing(body: Closing) -> Description:
    return Description(
        title="last call",
        text=f"{body.error.code} {body.error.message}",
        doing="gives its last answer",
        decision=Decided(RUNTIME, "last call", _detail(body.error)),
    )


def _step_finished(body: StepFinished) -> Description:
    verb = "failed" if body.error else "returned"
    text = orjson.dumps(body.output).decode() if body.error is None else _detail(body.error)
    title = f"step {body.name} {verb} after {format.seconds(body.seconds)}"
    return Description(title=title, text=text, doing="goes on with its steps")


def _finished(body: Finished) -> Description:
    status, error = body.outcome.status, body.outcome.error
    ended = f"{format.glyph(status)} {format.status(status)}"
    why = "" if error is None else _detail(error)
    return Description(
        title=f"{ended} by {body.by}" if body.by else ended,
        text="" if error is None else f"{error.code} {error.message}",
        doing="",
        decision=Decided(body.by or RUNTIME, _ENDS.get(status, status.value), why),
    )


def _unreadable(body: Unreadable) -> Description:
    named = f" ({format.clean(body.found)})" if body.found else ""
    what = "unknown event" if body.is_unknown else "unreadable event"
    return Description(
        title=f"✖ {what}{named}",
        text=body.why,
        doing=f"✖ {what}{named}",
        decision=None if body.is_unknown else Decided(RUNTIME, "unreadable", body.why),
    )


def _detail(error: Failure) -> str:
    """The code, what happened and why."""
    why = f" ({error.why})" if error.why else ""
    return f"{error.code} {error.message}{why}"
