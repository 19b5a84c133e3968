"""Steps: what a run does next, decided from its transcript; the runner only executes the decision.

The functions here are pure, so a run that was interrupted anywhere and one that never was decide
the same. A new kind of work is a new step here and a handler in the runner.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple, TypeAlias

from parallel_agents.core.agent import Agent
from parallel_agents.core.batch import check_answer, open_items
from parallel_agents.core.batch_items import NO_ITEMS, JudgedItems, judged_items, whole_answer
from parallel_agents.core.escalation import (
    MOST_PAUSES,
    critique_of,
    error_of,
    error_of_cut,
    error_of_repetition,
    limit_before,
    most_attempts,
    next_attempt,
    refusal_of,
)
from parallel_agents.core.event import Attempted, Shortened, Steered
from parallel_agents.core.gate import Gate
from parallel_agents.core.gating import next_gate
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Role
from parallel_agents.core.model import Finish
from parallel_agents.core.output import Accepted, Rejected
from parallel_agents.core.run import Failure
from parallel_agents.core.schema import Json
from parallel_agents.core.summary import Summaries
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.version import AnswerId, Version
from parallel_agents.core.window import Shortening
from parallel_agents.errors import (
    ConfigError,
    ContextTooLong,
    GateRefused,
    LocalModelError,
    OverBudget,
    PagentsError,
    ProviderError,
    RevisionFailed,
)


@dataclass(frozen=True, slots=True)
class StartModel:
    """Get the model ready for calls."""

    model: str


@dataclass(frozen=True, slots=True)
class CallModel:
    """Ask for the reply of this turn; `is_last` is the call that a used-up budget leaves."""

    turn: int
    is_last: bool = False


@dataclass(frozen=True, slots=True)
class RunTools:
    """Execute the tool calls of the last reply that have no result yet."""


@dataclass(frozen=True, slots=True)
class DeliverMessages:
    """Add messages to the transcript; each is under the key of the event that holds it."""

    messages: Mapping[str, Steered]


@dataclass(frozen=True, slots=True)
class AnnounceLastCall:
    """Tell the model that its budget is used up and that one call is left."""

    error: Failure


@dataclass(frozen=True, slots=True)
class AskBudget:
    """Wait until a person says what becomes of a run whose budget is used up."""

    error: OverBudget


@dataclass(frozen=True, slots=True)
class Shorten:
    """Shorten the conversation, which no longer fits the model's context."""

    shortened: Shortened


@dataclass(frozen=True, slots=True)
class Summarize:
    """Shorten the conversation, with a model's summary of what is left out."""

    shortened: Shortened
    summaries: Summaries


@dataclass(frozen=True, slots=True)
class AskRepair:
    """Tell the model once what is wrong with its answer."""

    problems: Rejected


@dataclass(frozen=True, slots=True)
class CheckType:
    """Check an answer that matches the agent's output schema with its output type."""

    output: Json


@dataclass(frozen=True, slots=True)
class JoinChildren:
    """Wait for the children that the run has not heard from, before its answer is accepted."""


@dataclass(frozen=True, slots=True)
class CheckGate:
    """Ask a gate for its verdict on the answer; `number` counts the attempt's gates from 1."""

    number: int
    gate: Gate
    output: Json


@dataclass(frozen=True, slots=True)
class Revise:
    """Have the agent `by` make the next version of the best answer so far."""

    by: str
    best: Version


@dataclass(frozen=True, slots=True)
class BeginAttempt:
    """Begin the work again."""

    attempt: Attempted


@dataclass(frozen=True, slots=True)
class Complete:
    """End the run with its answer, which passed everything."""

    output: Json


@dataclass(frozen=True, slots=True)
class CompleteWithBest:
    """End the run with the best version of its refine loop; only scores reject it."""

    best: Version


@dataclass(frozen=True, slots=True)
class EndOverBudget:
    """End the run with the last answer that its budget allowed."""

    error: Failure


@dataclass(frozen=True, slots=True)
class BreakOff:
    """End the run without an accepted answer; of a batch, some items may be accepted."""

    error: PagentsError
    judged: JudgedItems = NO_ITEMS


Telling: TypeAlias = DeliverMessages | AnnounceLastCall | Shorten | AskRepair | BeginAttempt
Ending: TypeAlias = Complete | CompleteWithBest | EndOverBudget | BreakOff
Step: TypeAlias = (
    StartModel
    | CallModel
    | RunTools
    | Summarize
    | CheckType
    | JoinChildren
    | AskBudget
    | CheckGate
    | Revise
    | Telling
    | Ending
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a run was given; it does not change while the run is live.

    Attributes:
        model: the one that the run begins on.
        ladder: the models to climb, including the first one; empty for no ladder.
        batch: how many items the task has, or 0.
    """

    agent: Agent
    model: str
    limits: Limits = Limits()
    ladder: tuple[str, ...] = ()
    batch: int = 0


class TypeVerdict(NamedTuple):
    """What the agent's output type says of an answer; no problems if it accepts it."""

    answer: AnswerId
    problems: tuple[str, ...] = ()


class Prepared(NamedTuple):
    """What this process has done for the run that leaves no event, so each process does it anew.

    Attributes:
        model: the model that is ready for calls; empty before one is.
        may_spawn: whether the agent was offered tools that spawn sessions.
        joined: the answer before which the run found no child to wait for.
        shortening: how a conversation that is too long for that model is shortened.
        has_output_type: whether this process has the agent's output type.
        type_verdict: what it said last.
    """

    model: str = ""
    may_spawn: bool = False
    joined: AnswerId | None = None
    shortening: Shortening = Shortening()
    has_output_type: bool = False
    type_verdict: TypeVerdict | None = None


def next_step(transcript: Transcript, assignment: Assignment, prepared: Prepared) -> Step:
    """The next step of a run whose last step succeeded, or that continues from its events."""
    wanted = transcript.model or assignment.model
    if prepared.model != wanted:
        return StartModel(wanted)
    if transcript.asked:
        return RunTools() if transcript.closing is None else EndOverBudget(transcript.closing)
    is_answered = transcript.messages[-1].role is Role.ASSISTANT and not transcript.reviser
    if is_answered and transcript.verdicts:
        return _settle(transcript, assignment, prepared)  # a verdict is used before news is
    if transcript.pending:
        return DeliverMessages(dict(transcript.pending))
    if transcript.reviser and transcript.best is not None:
        return Revise(transcript.reviser, transcript.best)
    if is_answered:
        return _settle(transcript, assignment, prepared)
    return _call_that_fits(transcript, assignment, prepared)


def step_after_failure(
    failed: Step,
    error: PagentsError,
    transcript: Transcript,
    assignment: Assignment,
    prepared: Prepared = Prepared(),
) -> Step:
    """The next step after the step `failed` raised `error`."""
    match failed:
        case CallModel() if isinstance(error, OverBudget) and error.asks:
            return AskBudget(error)
        case CallModel() | AskBudget() if isinstance(error, OverBudget):
            is_first = transcript.closing is None and transcript.turn > 0
            if is_first and error.may_answer:
                return AnnounceLastCall(Failure.of(error))
        case CallModel() if isinstance(error, ContextTooLong):
            shortened = prepared.shortening.after_refusal(transcript, error)
            if shortened is not None:
                return _shorten(shortened, transcript, prepared)
            return _begin_again(error, transcript, assignment)
        case CallModel() if isinstance(error, ProviderError | ConfigError | LocalModelError):
            return _begin_again(error, transcript, assignment)
        case Summarize(shortened=shortened):
            return Shorten(replace(shortened, unsummarized=error.message))
        case StartModel():
            return _begin_again(error, transcript, assignment)
        case Revise() if isinstance(error, RevisionFailed):
            return _begin_again(error, transcript, assignment)
        case _:
            pass
    return BreakOff(error)


def _call_that_fits(transcript: Transcript, assignment: Assignment, prepared: Prepared) -> Step:
    """The next call of the model, once the conversation fits into its context."""
    shortening = prepared.shortening
    if shortening.window is not None:
        if (shortened := shortening.foreseen(transcript)) is not None:
            return _shorten(shortened, transcript, prepared)
        if (error := shortening.too_long(transcript)) is not None:
            return _begin_again(error, transcript, assignment)
    return _call(transcript, assignment)


def _shorten(shortened: Shortened, transcript: Transcript, prepared: Prepared) -> Step:
    summaries = prepared.shortening.summary_of(transcript, shortened)
    return Shorten(shortened) if summaries is None else Summarize(shortened, summaries)


def _call(transcript: Transcript, assignment: Assignment) -> Step:
    turn = transcript.turn + 1
    if (error := limit_before(turn, assignment.limits, transcript.commands)) is not None:
        return BreakOff(error)
    if (stuck := error_of_repetition(transcript.messages)) is not None:
        return _begin_again(stuck, transcript, assignment)
    return CallModel(turn, is_last=transcript.closing is not None)


def _settle(transcript: Transcript, assignment: Assignment, prepared: Prepared) -> Step:
    """Check the answer: its length, its form, the children it depends on, and its gates."""
    if transcript.closing is not None:
        return EndOverBudget(transcript.closing)
    if transcript.last_finish is Finish.PAUSED and transcript.pauses <= MOST_PAUSES:
        return _call(transcript, assignment)
    if (cut := error_of_cut(transcript.last_finish, assignment.limits)) is not None:
        if isinstance(cut, ContextTooLong):
            shortened = prepared.shortening.after_full_reply(transcript, cut)
            if shortened is not None:
                return _shorten(shortened, transcript, prepared)
        return _begin_again(cut, transcript, assignment)
    items = open_items(assignment.batch, transcript.accepted_items)
    checked = check_answer(transcript.last_text, assignment.agent, items)
    if isinstance(checked, Accepted) and prepared.has_output_type:
        verdict = prepared.type_verdict
        if verdict is None or verdict.answer != transcript.answer_id:
            return CheckType(checked.output)
        if verdict.problems:
            checked = Rejected(verdict.problems)
    if isinstance(checked, Rejected):
        if transcript.repairs == 0:
            return AskRepair(checked)
        return _begin_again(error_of(checked), transcript, assignment)
    has_joined = transcript.verdicts or prepared.joined == transcript.answer_id
    if prepared.may_spawn and not has_joined:
        return JoinChildren()
    return _judged(checked.output, transcript, assignment)


def _judged(output: Json, transcript: Transcript, assignment: Assignment) -> Step:
    """The next gate, or the step after the last one."""
    verdicts, batch = transcript.verdicts, assignment.batch
    if found := next_gate(output, verdicts, assignment.agent, is_batch=bool(batch)):
        return CheckGate(found.number, found.gate, output)
    if transcript.version and (refusals := transcript.version.refusals):
        judged = judged_items(output, verdicts) if batch else NO_ITEMS
        return _begin_again(refusal_of(refusals), transcript, assignment, judged)
    return _unless_pending(Complete(whole_answer(transcript.accepted_items, output)), transcript)


def _unless_pending(step: Step, transcript: Transcript) -> Step:
    """The step, once the messages that have arrived are answered."""
    return DeliverMessages(dict(transcript.pending)) if transcript.pending else step


def _begin_again(
    error: PagentsError,
    transcript: Transcript,
    assignment: Assignment,
    judged: JudgedItems = NO_ITEMS,
) -> Step:
    """Begin the work again after an attempt that ended with `error`, or end the run.

    Of the `judged` items of a batch, only those that were rejected are asked for again.
    """
    again = next_attempt(
        error,
        ladder=assignment.ladder,
        model=transcript.model or assignment.model,
        tries=transcript.tries,
        attempts=most_attempts(transcript, assignment.agent.refine, assignment.limits),
    )
    refine = assignment.agent.refine
    best = transcript.best if refine else None
    is_refused = best is not None and isinstance(error, GateRefused)
    if again is not None:
        if best is not None and is_refused:  # a refine loop continues from its best version
            critique = critique_of(refusal_of(best.refusals), best.last_text)
        else:
            critique = critique_of(error, judged.rejected_text or transcript.last_text)
        attempt = Attempted(
            number=transcript.attempt + 1,
            error=Failure.of(error),
            model=again.model,
            critique=critique,
            by=refine.by or "" if refine and is_refused else "",
            accepted_items=judged.accepted,
        )
        return BeginAttempt(attempt)
    if best is None or any(verdict.score is None for verdict in best.refusals):
        return BreakOff(error, judged)
    return _unless_pending(CompleteWithBest(best), transcript)
