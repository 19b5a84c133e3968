"""Outcomes: how a run ends: with an accepted answer, with the best of several, or without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from parallel_agents.core.output import Rejected, check_output, cut_texts
from parallel_agents.core.run import AcceptedItem, Failure, Outcome, RunStatus
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.steps import BreakOff
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.version import Version
from parallel_agents.errors import OverBudget, PagentsError, RunTimedOut

Notices = tuple[str, ...]
_MOST_NOTICES = 50
_MOST_CHARACTERS = 2_000


def accepted(
    transcript: Transcript, output: Json, schema: JsonObject | None, notices: Notices
) -> Outcome:
    """The outcome of a run whose answer passed all gates."""
    of_gates = (verdict.notice for verdict in transcript.verdicts if verdict.notice)
    return Outcome(
        status=RunStatus.DONE,
        output=output,
        text=transcript.last_text,
        notices=_bounded(
            (*notices, *_estimates(transcript), *cut_texts(output, schema), *of_gates)
        ),
        score=transcript.version.score if transcript.version else None,
        scores=transcript.version.scores if transcript.version else {},
    )


def best_of(best: Version, rounds: int, schema: JsonObject | None, notices: Notices) -> Outcome:
    """The outcome if no version reached the required score: the best one is used, with a notice."""
    asked = ", ".join(verdict.gate for verdict in best.refusals)
    notice = (
        f"the best of {rounds} versions; it scores {best.score:g} of 10 and did not pass {asked}"
    )
    of_gates = (verdict.notice for verdict in best.verdicts if verdict.notice)
    output = _output(best.last_text, schema)
    return Outcome(
        status=RunStatus.DONE,
        output=output,
        text=best.last_text,
        notices=_bounded((*notices, notice, *cut_texts(output, schema), *of_gates)),
        score=best.score,
    )


def _bounded(notices: Notices) -> Notices:
    """Notices that a reader can read: an answer of a million texts may have one for each."""
    shown = [
        text if len(text) <= _MOST_CHARACTERS else f"{text[: _MOST_CHARACTERS - 1]}…"
        for text in notices[:_MOST_NOTICES]
    ]
    more = len(notices) - _MOST_NOTICES
    return (*shown, f"and {more} more notices") if more > 0 else tuple(shown)


def _estimates(transcript: Transcript) -> Notices:
    count = transcript.estimated
    if not count:
        return ()
    calls = "1 call" if count == 1 else f"{count} calls"
    return (f"the provider counted no tokens for {calls}: the usage is an estimate",)


def broken_off(text: str, error: PagentsError, notices: Notices) -> Outcome:
    """The outcome if no answer was accepted; the output is the text so far."""
    return Outcome(
        status=_status(error),
        output=text or None,
        text=text,
        error=Failure.of(error),
        notices=notices,
    )


def with_items(outcome: Outcome, step: BreakOff) -> Outcome:
    """The outcome of a batch of which the last attempt's answers to some items were rejected."""
    judged = step.judged
    return replace(outcome, accepted_items=judged.accepted, rejected_items=judged.rejected)


def with_items_before(outcome: Outcome, before: Mapping[str, AcceptedItem]) -> Outcome:
    """The outcome of a batch some of whose items were done in attempts before the last one."""
    if not before:
        return outcome
    if outcome.status is not RunStatus.DONE:
        return replace(outcome, accepted_items={**before, **outcome.accepted_items})
    scores = {n: item.score for n, item in before.items() if item.score is not None}
    both = {**scores, **outcome.scores}
    return replace(outcome, scores=both, score=min(both.values()) if both else outcome.score)


def out_of_budget(
    text: str, schema: JsonObject | None, error: Failure, notices: Notices
) -> Outcome:
    """The outcome of a run that is over budget: the last answer that the budget allowed."""
    output = _output(text, schema)
    return Outcome(
        status=RunStatus.OVER_BUDGET,
        output=output,
        text=text,
        error=error,
        notices=(*notices, *cut_texts(output, schema)),
    )


def _status(error: PagentsError) -> RunStatus:
    match error:
        case OverBudget():
            return RunStatus.OVER_BUDGET
        case RunTimedOut():
            return RunStatus.TIMED_OUT
        case _:
            return RunStatus.FAILED


def _output(text: str, schema: JsonObject | None) -> Json:
    checked = check_output(text, schema)
    return (text or None) if isinstance(checked, Rejected) else checked.output
