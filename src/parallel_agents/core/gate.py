"""Gates: what an answer must pass before it counts, in the order of what a check costs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from parallel_agents.core.expression import expression
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput

MOST_SCORE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionGate:
    """A condition on the answer's fields, such as `score >= 8.5`; see `core.expression`."""

    condition: str
    kind: Literal["condition"] = "condition"

    def __post_init__(self) -> None:
        expression(self.condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegexGate:
    """A regular expression that is to be found in the answer's text, or, negated, not."""

    pattern: str
    is_negated: bool = False
    kind: Literal["regex"] = "regex"

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise InvalidInput(
                f"{self.pattern[:80]!r} is no regular expression", why=str(error), hint="correct it"
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionGate:
    """A Python function by name: it takes the answer and returns True, or a critique in words."""

    function: str
    kind: Literal["function"] = "function"


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGate:
    """A command that gets the answer on stdin; it refuses by its exit code, and says why."""

    command: tuple[str, ...]
    timeout_seconds: float = 60.0
    kind: Literal["command"] = "command"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreGate:
    """A Python function by name: it takes the answer and scores it, 0 to 10.

    It returns the score, or the score and a critique in words.
    """

    function: str
    at_least: float = 8.5
    kind: Literal["score"] = "score"

    def __post_init__(self) -> None:
        _check_score(self.at_least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refine:
    """An answer that is refused is made better, round by round, and the best version counts.

    The best is the one that passes the most gates, and of those the one that scores highest. With
    a refine loop every gate but a judge gives its verdict on every version.

    Attributes:
        rounds: versions in all, on one model.
        patience: rounds one after another that are no better, after which it stops.
        by: the agent that makes the next version of one; without it the writer does.
    """

    rounds: int = 5
    patience: int = 1
    by: str | None = None

    def __post_init__(self) -> None:
        if not (2 <= self.rounds <= 100 and 1 <= self.patience <= 100):
            raise InvalidInput(
                f"no refine loop has rounds={self.rounds} and patience={self.patience}",
                why="rounds are 2 to 100, the first version counted, and the patience is 1 to 100",
                hint="choose others",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeGate:
    """An agent that reads the work and scores it, 0 to 10, by a rubric.

    Attributes:
        at_least: the score that is accepted.
        by: the agent; it answers with `score` and `critique`, or with `criteria` that each have a
            score, of which the mean counts.
        votes: judges; the middle of their scores counts.
        model: the judges' model; without it the strongest that there is.
        allow_weak: a model that is known to judge badly may do it; its scores say so.
    """

    rubric: str
    at_least: float = 8.5
    by: str = "judge"
    votes: int = 1
    model: str | None = None
    allow_weak: bool = False
    kind: Literal["judge"] = "judge"

    def __post_init__(self) -> None:
        _check_score(self.at_least)
        if not 1 <= self.votes <= 9:
            raise InvalidInput(
                f"a judge by {self.votes} votes", why="there are 1 to 9", hint="choose others"
            )


def _check_score(at_least: float) -> None:
    if not 0 <= at_least <= MOST_SCORE:
        raise InvalidInput(
            f"a score of at least {at_least}", why="scores are 0 to 10", hint="choose another"
        )


Gate: TypeAlias = ConditionGate | RegexGate | FunctionGate | ScoreGate | CommandGate | JudgeGate
AnyGate: TypeAlias = Annotated[Gate, Field(discriminator="kind")]
_COSTS = ("condition", "regex", "function", "score", "command", "judge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a gate said of an answer.

    Attributes:
        gate: which, for people.
        critique: why it refuses, for whoever tries again.
        score: 0 to 10, of a judge or of a function that scores.
        notice: what a reader of the score should know.
    """

    gate: str
    is_accepted: bool
    critique: str = ""
    score: float | None = None
    notice: str = ""


def by_cost(gates: tuple[Gate, ...]) -> list[Gate]:
    """The gates, the cheapest first; within a kind in their order."""
    return sorted(gates, key=lambda gate: _COSTS.index(gate.kind))


def name_of(gate: Gate) -> str:
    match gate:
        case ConditionGate(condition=condition):
            return condition
        case RegexGate(pattern=pattern, is_negated=is_negated):
            return f"{'no ' if is_negated else ''}match of {pattern}"
        case FunctionGate(function=function):
            return function
        case ScoreGate(function=function, at_least=least):
            return f"{function} of {least:g}"
        case CommandGate(command=command):
            return " ".join(command)
        case JudgeGate(at_least=least, by=judge):
            return f"a {judge}'s {least:g}"


def check_plain(gate: ConditionGate | RegexGate, answer: Json, text: str) -> Verdict:
    """The verdict of a gate that needs nothing but the answer."""
    match gate:
        case ConditionGate(condition=condition):
            try:
                holds, why = expression(condition).holds(answer), ""
            except ValueError as error:
                holds, why = False, f" ({error})"
            critique = "" if holds else f"It must hold that {condition}{why}."
            return Verdict(gate=name_of(gate), is_accepted=holds, critique=critique)
        case RegexGate(pattern=pattern, is_negated=is_negated):
            is_found = re.search(pattern, text) is not None
            must = "must not" if is_negated else "must"
            fits = is_found != is_negated
            critique = "" if fits else f"The text {must} match {pattern}."
            return Verdict(gate=name_of(gate), is_accepted=fits, critique=critique)
