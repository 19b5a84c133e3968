"""Gates: the checks that an answer must pass before it is accepted, cheapest first."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeAlias

from pydantic import Field
from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import NeededTexts
from parallel_agents.core.expression import Lacking, Unfit, expression
from parallel_agents.core.schema import Json
from parallel_agents.core.takers import PLAIN, Taker, Wrong, items
from parallel_agents.errors import GateBroken, InvalidInput

MAX_SCORE = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionGate(Checked):
    """A condition on the answer's fields, such as `score >= 8.5`; `core.expression` has the syntax.

    Raises:
        InvalidInput: the condition is not valid.
    """

    condition: str
    kind: Literal["condition"] = "condition"

    @override
    def _check(self) -> None:
        expression(self.condition)


@dataclass(frozen=True, slots=True, kw_only=True)
class RegexGate(Checked):
    """A regular expression that the answer's text must match somewhere, or, negated, must not.

    It has Python's syntax. One that cannot be matched within five seconds breaks the gate.

    Raises:
        InvalidInput: the pattern is not valid.
    """

    pattern: str
    is_negated: bool = False
    kind: Literal["regex"] = "regex"

    @override
    def _check(self) -> None:
        try:
            re.compile(self.pattern)
        except (re.error, OverflowError, RecursionError) as error:
            raise InvalidInput(
                f"{self.pattern[:80]!r} is not a regular expression",
                why=str(error),
                hint="correct the pattern",
            ) from error


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcesGate(Checked):
    """The pages that the answer cites: at least one, and only pages that the run knows from its tools.

    The run knows a page if its URL is in what a tool returned, or in a call that succeeded.
    """

    sources: Literal["seen"] = "seen"
    kind: Literal["sources"] = "sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotesGate(Checked):
    """Items of the answer that quote the input of the task: nothing is quoted that is not there.

    The first of the fields says which object of the input an item is from, by its field of that name;
    what the others quote must be in that object or below it. White space makes no difference, and a part
    of a text will do if it has three whole words and 12 characters. One quote does not stand for several
    items of the first list on the way. An answer without items is accepted.

    Attributes:
        items: the field that has them, such as `claims` or `issues.findings`.
        fields: which fields of an item are quotes, such as `url` and `quote`.

    Raises:
        InvalidInput: a name is empty.
    """

    items: str
    fields: NeededTexts
    kind: Literal["quotes"] = "quotes"

    @property
    def path(self) -> tuple[str, ...]:
        """The names that lead to the items."""
        return tuple(self.items.split("."))

    @override
    def _check(self) -> None:
        if not self.fields or not all((*self.path, *self.fields)):
            raise InvalidInput(
                f"a gate cannot look for the quotes {self.fields!r} in {self.items!r}",
                why="it needs the name of a list, and the names of fields of its items",
                hint='write QuotesGate(items="claims", fields=["url", "quote"])',
            )


def _name_of(value: object) -> str:
    """The name of a function; empty if it is none, or has no name."""
    name = getattr(value, "__name__", "")
    is_function = callable(value) and not isinstance(value, type)
    return name if is_function and name.isidentifier() else ""


def _take_name(value: object) -> object:
    if name := _name_of(value):
        hint = f"write function={name!r}, and pass gates=[{name}] to run() or open()"
        raise Wrong(value, "the name of a function", hint=hint)
    return PLAIN[str].take(value)


_TEXTS = items(PLAIN[str])


def _take_command(value: object) -> object:
    if isinstance(value, str):
        with suppress(ValueError):
            raise Wrong(value, _TEXTS.takes, hint=f"write {shlex.split(value)!r}")
    return _TEXTS.take(value)


Command: TypeAlias = Annotated[NeededTexts, Taker(frozenset(), _take_command, _TEXTS.takes)]
FunctionName: TypeAlias = Annotated[str, Taker(frozenset(), _take_name, "the name of a function")]


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionGate(Checked):
    """A Python function, by name: it takes the answer, and returns True or a critique as text."""

    function: FunctionName
    kind: Literal["function"] = "function"

    @classmethod
    def meant(cls, value: object) -> None:
        """Say how a function is made a gate: a definition names it, since it is stored.

        Raises:
            Wrong: the value is a function with a name.
        """
        if name := _name_of(value):
            hint = (
                f"write FunctionGate(function={name!r}), and pass gates=[{name}] to run() or open()"
            )
            raise Wrong(value, "a gate, which names its function", hint=hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandGate(Checked):
    """A command that reads the answer from stdin; any exit code other than 0 rejects the answer.

    Its output is the critique.

    Raises:
        InvalidInput: the command is empty, or its time limit is not more than 0.
    """

    command: Command
    timeout_seconds: float = 60.0
    kind: Literal["command"] = "command"

    @override
    def _check(self) -> None:
        if not self.command or self.timeout_seconds <= 0:
            raise InvalidInput(
                f"a gate cannot run {self.command!r} for {self.timeout_seconds:g} seconds",
                why="it needs the name of a program, and a time limit of more than 0",
                hint='write CommandGate(command=["PROGRAM", "ARGUMENT"])',
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreGate(Checked):
    """A Python function, by name: it takes the answer and scores it, 0 to 10.

    It returns the score, or a pair of the score and a critique.

    Attributes:
        at_least: the score that the answer needs.

    Raises:
        InvalidInput: `at_least` is out of range.
    """

    function: FunctionName
    at_least: float = 8.5
    kind: Literal["score"] = "score"

    @override
    def _check(self) -> None:
        _check_score(self.at_least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refine(Checked):
    """A loop that improves a rejected answer round by round; the best version is used.

    The best version passes the most gates, and among equals has the highest score. Each gate but a
    judge gives its verdict on every version; a judge sees only what passes the others.

    Attributes:
        rounds: the most versions on one model, the first one included.
        patience: how many rounds without an improvement end the loop.
        by: the agent that writes the next version, or None for the writer itself.

    Raises:
        InvalidInput: `rounds` or `patience` is out of range.
    """

    rounds: int = 5
    patience: int = 1
    by: str | None = None

    @override
    def _check(self) -> None:
        if not (2 <= self.rounds <= 100 and 1 <= self.patience <= 100):
            raise InvalidInput(
                f"a refine loop cannot have rounds={self.rounds} and patience={self.patience}",
                why="rounds must be from 2 to 100, the first version included; patience from 1 to 100",
                hint="choose values within these ranges",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeGate(Checked):
    """An agent that reads the work and scores it, 0 to 10, by a rubric.

    Attributes:
        rubric: what makes the work good, as the judge reads it.
        at_least: the score that the answer needs.
        by: the judging agent. It answers with `score` and `critique`; or with `criteria` that each
            have a score; their mean is used.
        votes: how many judges score the work, 1 to 9; their lower median is used.
        model: the judges' model, or None for the strongest model there is.
        allow_weak: whether a model that is known to judge badly may judge; its scores say so.

    Raises:
        InvalidInput: `at_least` or `votes` is out of range.
    """

    rubric: str
    at_least: float = 8.5
    by: str = "judge"
    votes: int = 1
    model: str | None = None
    allow_weak: bool = False
    kind: Literal["judge"] = "judge"

    @override
    def _check(self) -> None:
        _check_score(self.at_least)
        if not 1 <= self.votes <= 9:
            raise InvalidInput(
                f"a judge cannot have {self.votes} votes",
                why="a judge has 1 to 9 votes",
                hint="choose a number in this range",
            )


def _check_score(at_least: float) -> None:
    if not 0 <= at_least <= MAX_SCORE:
        raise InvalidInput(
            f"at_least cannot be {at_least}",
            why=f"a score is from 0 to {MAX_SCORE}",
            hint="choose a score in this range",
        )


Gate: TypeAlias = (
    ConditionGate
    | RegexGate
    | SourcesGate
    | QuotesGate
    | FunctionGate
    | ScoreGate
    | CommandGate
    | JudgeGate
)
AnyGate: TypeAlias = Annotated[Gate, Field(discriminator="kind")]
_CHEAPEST_FIRST = (
    "condition",
    "regex",
    "sources",
    "quotes",
    "function",
    "score",
    "command",
    "judge",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A gate's decision on one answer.

    Attributes:
        gate: a readable description of the gate.
        critique: why the gate rejects the answer, for the next attempt to read.
        score: 0 to 10, from a judge or a scoring function.
        notice: a warning for readers of the score.
        scores: the score of each item of a batch, by its number; `score` is the lowest.
        rejected_items: of a batch, why it rejects items, by their numbers; it accepts the others.
    """

    gate: str
    is_accepted: bool
    critique: str = ""
    score: float | None = None
    notice: str = ""
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    rejected_items: Mapping[str, str] = field(default_factory=dict[str, str])


def cheapest_first(gates: tuple[Gate, ...]) -> list[Gate]:
    """The gates by what a check costs; those of one kind in their order."""
    return sorted(gates, key=lambda gate: _CHEAPEST_FIRST.index(gate.kind))


def describe_gate(gate: Gate) -> str:
    """A gate in a few readable words, such as `score >= 8.5` or `judge, at least 8.5`."""
    match gate:
        case ConditionGate(condition=condition):
            return condition
        case RegexGate(pattern=pattern, is_negated=is_negated):
            return f"{'not_regex' if is_negated else 'regex'} {pattern}"
        case SourcesGate(sources=sources):
            return f"sources {sources}"
        case QuotesGate(items=items, fields=fields):
            return f"quotes {', '.join(fields)} of {items}"
        case FunctionGate(function=function):
            return function
        case ScoreGate(function=function, at_least=least):
            return f"{function}, at least {least:g}"
        case CommandGate(command=command):
            return " ".join(command)
        case JudgeGate(at_least=least, by=judge):
            return f"{judge}, at least {least:g}"


def condition_verdict(gate: ConditionGate, answer: Json) -> Verdict:
    """The verdict of a condition on the answer; an answer that lacks what it reads is rejected.

    Raises:
        GateBroken: the condition does not fit the values that it reads.
    """
    try:
        holds, why = expression(gate.condition).holds(answer), ""
    except Lacking as error:
        holds, why = False, f" ({error})"
    except Unfit as error:
        raise GateBroken(
            f"the condition {gate.condition} cannot be evaluated",
            why=str(error),
            hint="correct it, or give its fields their types in the agent's output schema",
        ) from error
    critique = "" if holds else f"The answer must satisfy {gate.condition}{why}."
    return Verdict(gate=describe_gate(gate), is_accepted=holds, critique=critique)


def regex_verdict(gate: RegexGate, *, is_found: bool) -> Verdict:
    """The verdict of a pattern, by whether it was found in the answer's text."""
    must = "must not" if gate.is_negated else "must"
    fits = is_found != gate.is_negated
    critique = "" if fits else f"The text {must} match {gate.pattern}."
    return Verdict(gate=describe_gate(gate), is_accepted=fits, critique=critique)
