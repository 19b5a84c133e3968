"""Case file: the cases that an agent is tested on, in a YAML file that has its name."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, JsonValue

from parallel_agents.catalog.document import Document, parse_document
from parallel_agents.catalog.fields import AgentName, Fields, NonEmpty, read_fields
from parallel_agents.catalog.gate_fields import GateFields, read_gates
from parallel_agents.catalog.source import Source
from parallel_agents.core.case import AT_LEAST, MOST_CASES, Case
from parallel_agents.errors import InvalidInput


class CaseFields(Fields):
    """A case."""

    page: ClassVar[str] = "`pagents docs library`"
    id: NonEmpty
    text: NonEmpty = ""
    input: dict[str, JsonValue] = Field(default_factory=dict[str, JsonValue])
    files: dict[str, str] = Field(default_factory=dict[str, str])
    changed: dict[str, str] = Field(default_factory=dict[str, str])
    checks: tuple[GateFields, ...] = ()
    rubric: NonEmpty = ""
    at_least: Annotated[float, Field(ge=0, le=10)] = AT_LEAST
    needs: Literal["web"] | None = None


class CaseFileFields(Fields):
    """The file."""

    page: ClassVar[str] = "`pagents docs library`"
    agent: AgentName
    cases: tuple[CaseFields, ...]


def parse_cases(source: Source, agent: str | None = None) -> tuple[Case, ...]:
    """The cases in a file.

    Args:
        source: the file.
        agent: whose cases they must be; None for the one that has the file's name.

    Raises:
        InvalidFile: the error names the line, and what to write instead.
    """
    document = parse_document(source)
    found = read_fields(document, CaseFileFields)
    expected = source.file.stem if agent is None else agent
    if found.agent != expected:
        raise document.error(
            ("agent",),
            f"these are cases for {found.agent!r}, and not for {expected!r}",
            why="a file of cases has the name of its agent" if agent is None else "",
            hint=f"write `agent: {expected}`"
            + (f", or rename the file to {found.agent}.yaml" if agent is None else ""),
        )
    if not 1 <= len(found.cases) <= MOST_CASES:
        raise document.error(
            ("cases",),
            f"there are {len(found.cases)} cases",
            hint=f"write 1 to {MOST_CASES} of them",
        )
    first: dict[str, int] = {}
    for position, case in enumerate(found.cases):
        steps = ("cases", str(position), "id")
        if case.id in first:
            raise document.error(
                steps,
                f"the id {case.id!r} appears twice",
                why=f"it is already on line {first[case.id]}",
                hint="rename one of the two",
            )
        first[case.id] = document.line(steps)
    return tuple(_case(document, n, case) for n, case in enumerate(found.cases))


def _case(document: Document, position: int, found: CaseFields) -> Case:
    steps = ("cases", str(position))
    checks = read_gates(document, (*steps, "checks"), found.checks)
    try:
        return Case(
            id=found.id,
            text=found.text,
            input=found.input,
            files=found.files,
            changed=found.changed,
            checks=checks,
            rubric=found.rubric.strip(),
            at_least=found.at_least,
            needs=found.needs,
        )
    except InvalidInput as error:
        raise document.error(steps, error.message, why=error.why, hint=error.hint) from error
