"""Escalation: after a failed or refused attempt, whether and on which model the work begins again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.errors import (
    ConfigError,
    GateBroken,
    GateRefused,
    LocalModelError,
    OutputCut,
    OutputInvalid,
    PagentsError,
    ProviderError,
)

_ANSWER_CHARACTERS = 8000


class Step(NamedTuple):
    """The next attempt: on this model, or, where it is empty, on the same again."""

    model: str


def next_step(
    error: PagentsError, *, ladder: Sequence[str], model: str, tries: int, attempts: int
) -> Step | None:
    """The next attempt after one that ended by `error`, or None where there is none.

    Args:
        error: what ended it.
        ladder: the models to climb, the run's first one included; empty for no ladder.
        model: the one of the attempt.
        tries: attempts on it so far, this one counted.
        attempts: how many it may have.
    """
    if _may_pass_here(error) and tries < attempts:
        return Step("")
    higher = above(ladder, model)
    return Step(higher) if higher and _may_pass_higher(error) else None


def above(ladder: Sequence[str], model: str) -> str:
    """The model of the ladder that comes after this one; empty where none does."""
    after = ladder[ladder.index(model) + 1 :] if model in ladder else ()
    return after[0] if after else ""


def _may_pass_here(error: PagentsError) -> bool:
    """Whether the same model may do better: its answer was refused."""
    return isinstance(error, OutputInvalid | OutputCut | GateRefused)


def _may_pass_higher(error: PagentsError) -> bool:
    """Whether another model may do better: a refused answer, or a model that cannot be had."""
    return isinstance(
        error, OutputInvalid | GateRefused | ProviderError | ConfigError | LocalModelError
    ) and not isinstance(error, GateBroken)


def critique_of(error: PagentsError, answer: str) -> str:
    """What the next attempt is told of one that was refused; nothing of one without an answer."""
    if not isinstance(error, OutputInvalid | GateRefused) or not answer:
        return ""
    why = error.why or error.message
    shown = answer[:_ANSWER_CHARACTERS]
    cut = " (cut)" if len(answer) > _ANSWER_CHARACTERS else ""
    return (
        "An earlier attempt at this was refused. Do it again, better.\n\n"
        f"Why it was refused:\n{why}\n\nThe earlier answer{cut}:\n{shown}"
    )
