"""Escalation: why an attempt fails, whether work begins again after it, and on which model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.core.command_limits import output_used_up
from parallel_agents.core.command_tally import CommandTally
from parallel_agents.core.cutting import head
from parallel_agents.core.gate import Refine, Verdict
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message
from parallel_agents.core.model import Finish
from parallel_agents.core.output import Rejected
from parallel_agents.core.repetition import MOST, is_stuck
from parallel_agents.core.transcript import Transcript
from parallel_agents.errors import (
    CallsRepeated,
    ConfigError,
    ContextTooLong,
    GateBroken,
    GateRefused,
    LocalModelError,
    OutputCut,
    OutputInvalid,
    PagentsError,
    ProviderError,
    TurnLimit,
)

# A server that pauses an answer wants to be called again with it; one that does so for ever is broken.
MOST_PAUSES = 8
_ANSWER_CHARACTERS = 8000
_OF_MODEL = OutputInvalid, GateRefused, CallsRepeated, ProviderError, ConfigError, LocalModelError


class NextAttempt(NamedTuple):
    """A further attempt, on `model`; if that is empty, on the same model as before."""

    model: str


def next_attempt(
    error: PagentsError, *, ladder: Sequence[str], model: str, tries: int, attempts: int
) -> NextAttempt | None:
    """The attempt that follows one that ended with `error`; None if there is none.

    Args:
        error: what ended the attempt.
        ladder: the models to climb, including the run's first one; empty for no ladder.
        model: the model of the attempt.
        tries: attempts on that model so far, including this one.
        attempts: the most attempts on one model.
    """
    if _may_pass_here(error) and tries < attempts:
        return NextAttempt("")
    higher = above(ladder, model)
    return NextAttempt(higher) if higher and _may_pass_higher(error) else None


def above(ladder: Sequence[str], model: str) -> str:
    """The next model of the ladder after this one; empty if there is none."""
    after = ladder[ladder.index(model) + 1 :] if model in ladder else ()
    return after[0] if after else ""


def _may_pass_here(error: PagentsError) -> bool:
    """Whether the same model may do better: its answer was rejected, or it never came to one."""
    return isinstance(error, OutputInvalid | OutputCut | GateRefused | CallsRepeated)


def _may_pass_higher(error: PagentsError) -> bool:
    """Whether another model may do better: this one had no good answer, or is unavailable."""
    return isinstance(error, _OF_MODEL) and not isinstance(error, GateBroken)


def refusal_of(refusals: Sequence[Verdict]) -> GateRefused:
    """The verdicts of gates that reject an answer, as one error."""
    return GateRefused(
        f"the answer did not pass {', '.join(verdict.gate for verdict in refusals)}",
        why="\n".join(verdict.critique for verdict in refusals if verdict.critique),
        hint="give it more attempts, a ladder with a stronger model, or a gate that suits the task",
    )


def critique_of(error: PagentsError, answer: str) -> str:
    """What the next attempt is told about a rejected answer; empty if there was no answer."""
    if not isinstance(error, OutputInvalid | GateRefused) or not answer:
        return ""
    why = error.why or error.message
    shown = head(answer, _ANSWER_CHARACTERS)
    cut = " (cut)" if len(answer) > _ANSWER_CHARACTERS else ""
    return (
        "An earlier attempt at this was rejected. Do it again, better.\n\n"
        f"Why it was rejected:\n{why}\n\nThe earlier answer{cut}:\n{shown}"
    )


def error_of(rejected: Rejected) -> OutputInvalid:
    """Why an attempt has failed whose answer is still invalid after its repair."""
    return OutputInvalid(
        "the answer does not match the agent's output schema, even after a repair",
        why="; ".join(rejected.problems),
        hint="try a stronger model, or more attempts with limits.attempts",
    )


def error_of_cut(finish: Finish, limits: Limits) -> PagentsError | None:
    """Why an answer is only a part of one; None if it is whole."""
    match finish:
        case Finish.LENGTH:
            most = limits.max_output_tokens
            where = "at its token limit" if most is None else f"at {most} tokens"
            hint = "raise limits.max_output_tokens, or ask for less"
            return OutputCut(f"the answer was cut {where}", hint=hint)
        case Finish.WINDOW:
            hint = "shorten the input, or choose a model with a larger context"
            return ContextTooLong("the answer was cut: the model's context is full", hint=hint)
        case Finish.PAUSED:
            hint = "run it again, or choose another model (--model, in Python model=)"
            return OutputCut(f"the server paused the answer {MOST_PAUSES} times", hint=hint)
        case _:
            return None


def limit_before(turn: int, limits: Limits, tally: CommandTally) -> PagentsError | None:
    """The limit at which a run ends before this turn's call of the model; None if it may make it."""
    most = limits.max_turns
    if most is not None and turn > most:
        hint = "raise limits.max_turns, or give the agent a smaller task"
        return TurnLimit(f"no answer in {most} turns", hint=hint)
    return output_used_up(limits.of_commands, tally.written)


def error_of_repetition(messages: Sequence[Message]) -> CallsRepeated | None:
    """Why an attempt ends that makes no headway; None if it may continue."""
    if not is_stuck(messages):
        return None
    return CallsRepeated(
        f"the model made the same call {MOST} times in a row",
        why="each brought the same result, and it was told so",
        hint="try a stronger model, a ladder of models, or clearer instructions",
    )


def most_attempts(transcript: Transcript, refine: Refine | None, limits: Limits) -> int:
    """The most attempts on one model; a refine loop stops once its rounds bring no gain."""
    if refine is None:
        return limits.attempts or 1
    return refine.rounds if transcript.stale < refine.patience else transcript.tries
