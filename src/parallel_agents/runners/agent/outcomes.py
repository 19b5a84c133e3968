"""Outcomes: what a run ends with: an answer that counts, the best of several, or what there is of one."""

from __future__ import annotations

from parallel_agents.core.output import Rejected, check_output
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.transcript import Transcript, Version
from parallel_agents.errors import PagentsError

Notices = tuple[str, ...]


def accepted(state: Transcript, output: Json, notices: Notices) -> Outcome:
    """The answer passed all gates."""
    told = (verdict.notice for verdict in state.verdicts if verdict.notice)
    return Outcome(
        status=RunStatus.DONE,
        output=output,
        text=state.last_text,
        notices=(*notices, *told),
        score=state.version.score if state.version else None,
    )


def best_of(best: Version, rounds: int, schema: JsonObject | None, notices: Notices) -> Outcome:
    """No version scored what was asked for: the best one counts, and says so."""
    asked = ", ".join(verdict.gate for verdict in best.refusals)
    told = f"the best of {rounds} versions, with {best.score:g} of 10: {asked} was asked"
    judged = (verdict.notice for verdict in best.verdicts if verdict.notice)
    return Outcome(
        status=RunStatus.DONE,
        output=_output(best.last_text, schema),
        text=best.last_text,
        notices=(*notices, told, *judged),
        score=best.score,
    )


def broken_off(status: RunStatus, text: str, error: PagentsError, notices: Notices) -> Outcome:
    """There is no accepted answer, but what was said so far."""
    return Outcome(
        status=status, output=text or None, text=text, error=Failure.of(error), notices=notices
    )


def out_of_budget(
    text: str, schema: JsonObject | None, error: Failure, notices: Notices
) -> Outcome:
    """The last answer that the budget allowed."""
    return Outcome(
        status=RunStatus.OVER_BUDGET,
        output=_output(text, schema),
        text=text,
        error=error,
        notices=notices,
    )


def _output(text: str, schema: JsonObject | None) -> Json:
    verdict = check_output(text, schema)
    return (text or None) if isinstance(verdict, Rejected) else verdict.output
