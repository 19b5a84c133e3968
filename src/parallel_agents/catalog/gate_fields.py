"""Gates in a file: a list of entries, each with one field that names its kind."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Literal

from pydantic import Field

from parallel_agents.catalog.document import Document, Steps
from parallel_agents.catalog.fields import AgentName, Fields, NonEmpty
from parallel_agents.catalog.findings import Findings
from parallel_agents.core.gate import (
    CommandGate,
    ConditionGate,
    FunctionGate,
    Gate,
    JudgeGate,
    QuotesGate,
    Refine,
    RegexGate,
    ScoreGate,
    SourcesGate,
)
from parallel_agents.core.texts import ModelName
from parallel_agents.errors import InvalidInput

# A pattern or an argument of a command may be a space.
_Characters = Annotated[str, Field(min_length=1)]


class RefineFields(Fields):
    """A refine loop."""

    rounds: Annotated[int, Field(ge=2, le=100)] = 5
    patience: Annotated[int, Field(ge=1, le=100)] = 1
    by: AgentName | None = None

    @property
    def refine(self) -> Refine:
        return Refine(rounds=self.rounds, patience=self.patience, by=self.by)


class ScoreFields(Fields):
    """A function that scores."""

    function: NonEmpty
    at_least: Annotated[float, Field(ge=0, le=10)] = 8.5


class QuotesFields(Fields):
    """Quotes of the input."""

    items: NonEmpty
    fields: Annotated[tuple[NonEmpty, ...], Field(min_length=1)]


class JudgeFields(Fields):
    """A judge."""

    rubric: NonEmpty
    at_least: Annotated[float, Field(ge=0, le=10)] = 8.5
    by: AgentName = "judge"
    votes: Annotated[int, Field(ge=1, le=9)] = 1
    model: ModelName | None = None
    allow_weak: bool = False


class GateFields(Fields):
    """A gate as written in a file: exactly one of these fields must be set."""

    condition: NonEmpty | None = None
    regex: _Characters | None = None
    not_regex: _Characters | None = None
    sources: Literal["seen"] | None = None
    quotes: QuotesFields | None = None
    function: NonEmpty | None = None
    score: ScoreFields | None = None
    command: Annotated[tuple[_Characters, ...], Field(min_length=1)] | None = None
    judge: JudgeFields | None = None


def read_gates(document: Document, steps: Steps, entries: Sequence[GateFields]) -> tuple[Gate, ...]:
    """The gates at `steps` in a file.

    Raises:
        InvalidFile: an entry is not a gate; the error names its line.
    """
    return tuple(_read(document, (*steps, str(n)), entry) for n, entry in enumerate(entries))


def read_right_gates(
    document: Document,
    steps: Steps,
    entries: Sequence[GateFields],
    wrong: Collection[Steps],
    findings: Findings,
) -> tuple[Gate, ...]:
    """The gates that are right; what is wrong with the others is added to the findings.

    Those with a field in `wrong`, the steps to what was found before, are left out.
    """
    found: list[Gate] = []
    for number, entry in enumerate(entries):
        place = (*steps, str(number))
        if not any(each[: len(place)] == place for each in wrong):
            with findings.collecting():
                found.append(_read(document, place, entry))
    return tuple(found)


def _read(document: Document, steps: Steps, entry: GateFields) -> Gate:
    fields = entry.model_dump(exclude_none=True)
    if len(fields) != 1:
        raise document.error(
            steps,
            f"a gate has one field, and this one has {len(fields)}",
            hint=f"write one of {', '.join(GateFields.model_fields)}",
        )
    try:
        return _gate(entry)
    except InvalidInput as error:
        raise document.error(steps, error.message, why=error.why, hint=error.hint) from error


def _gate(entry: GateFields) -> Gate:
    if entry.condition is not None:
        return ConditionGate(condition=entry.condition)
    if entry.regex is not None:
        return RegexGate(pattern=entry.regex)
    if entry.not_regex is not None:
        return RegexGate(pattern=entry.not_regex, is_negated=True)
    if entry.sources is not None:
        return SourcesGate(sources=entry.sources)
    if entry.quotes is not None:
        return QuotesGate(items=entry.quotes.items, fields=entry.quotes.fields)
    if entry.function is not None:
        return FunctionGate(function=entry.function)
    if entry.score is not None:
        return ScoreGate(**entry.score.model_dump())
    if entry.command is not None:
        return CommandGate(command=entry.command)
    assert entry.judge is not None, "an entry has one field"
    return JudgeGate(**entry.judge.model_dump())
