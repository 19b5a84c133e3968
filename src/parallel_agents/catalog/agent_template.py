"""Agent template: an agent file with placeholders in its instructions, which become a person's own agent.

Its front matter is an agent's, and has `placeholders` besides. What a person sets takes the place of
`${name}` in the instructions alone, so that no value can become a field of the agent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from parallel_agents.catalog.agent_file import parse_agent, split_front_matter
from parallel_agents.catalog.document import Document, parse_document
from parallel_agents.catalog.fields import Fields, NonEmpty, read_fields
from parallel_agents.catalog.source import Source, unprintable
from parallel_agents.core.agent import Agent
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.template import fill_text, names_in
from parallel_agents.errors import InvalidInput

MAX_CHARACTERS = 1000
_FIELD = "placeholders"
_RULE = "---"


class Placeholder(Fields):
    """What a person sets.

    Attributes:
        example: a value that somebody could set.
        default: the value of those who set none; None if a value is required.
    """

    description: NonEmpty
    example: NonEmpty
    default: NonEmpty | None = None


class _TemplateFields(Fields):
    """The part of the front matter that an agent's file does not have."""

    placeholders: Annotated[dict[str, Placeholder], Field(min_length=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentTemplate:
    """A template.

    Attributes:
        agent: the agent, with placeholders in its instructions.
        placeholders: what can be set, by name, in the order of the file.
        source: the text of the agent's file, without the placeholders' descriptions.
    """

    agent: Agent
    placeholders: Mapping[str, Placeholder]
    source: Source

    @property
    def required(self) -> tuple[str, ...]:
        """The names of the values that have no default."""
        return tuple(name for name, one in self.placeholders.items() if one.default is None)

    def check(self, values: Mapping[str, str]) -> None:
        """Refuse values that the template cannot take.

        Raises:
            InvalidInput: the template has no such placeholder, or a value is blank, too long or not text.
        """
        for name, value in values.items():
            if name not in self.placeholders:
                raise InvalidInput(
                    f"{self.agent.name} has no placeholder {name!r}",
                    hint=did_you_mean(name, self.placeholders),
                )
            self._check_value(name, value)

    def _check_value(self, name: str, value: str) -> None:
        example = self.placeholders[name].example
        if not value.strip():
            raise InvalidInput(
                f"{name} is empty",
                why="the agent's instructions would have a gap there",
                hint=f"write what it is, such as: {example}",
            )
        if len(value) > MAX_CHARACTERS:
            raise InvalidInput(
                f"{name} has {len(value)} characters",
                why=f"it takes at most {MAX_CHARACTERS}",
                hint=f"write the gist, such as: {example}",
            )
        if odd := unprintable(value):
            raise InvalidInput(
                f"{name} contains the character U+{ord(odd.group()):04X}, which is not text",
                hint="delete the character",
            )

    def missing(self, values: Mapping[str, str]) -> tuple[str, ...]:
        """The names of the required values that are not among these."""
        return tuple(name for name in self.required if name not in values)

    def filled(self, values: Mapping[str, str]) -> str:
        """The text of the agent's file with these values, and the defaults of the others.

        Raises:
            InvalidInput: a required value is missing, or a value cannot be taken.
        """
        self.check(values)
        if missing := self.missing(values):
            raise lacking(self, missing)
        defaults = {name: one.default for name, one in self.placeholders.items() if one.default}
        chosen = {**defaults, **{name: value.strip() for name, value in values.items()}}
        front, instructions = split_front_matter(self.source)
        text = f"{_RULE}\n{front.text}\n{_RULE}\n{fill_text(instructions, chosen)}\n"
        made = parse_agent(Source(self.source.file, text))
        assert made == replace(self.agent, instructions=made.instructions), "only they are filled"
        return text


def lacking(template: AgentTemplate, missing: Sequence[str]) -> InvalidInput:
    """The refusal of a template whose required values are missing."""
    told = "; ".join(f"{name}: {template.placeholders[name].description}" for name in missing)
    examples = " ".join(f'--set {name}="{template.placeholders[name].example}"' for name in missing)
    values = "a value" if len(missing) == 1 else f"{len(missing)} values"
    return InvalidInput(
        f"{template.agent.name} needs {values}: {', '.join(missing)}",
        why=told,
        hint=f"set them at a terminal, or write: {examples}",
    )


def parse_template(source: Source) -> AgentTemplate:
    """The template in a file.

    Raises:
        InvalidFile: it is not the file of an agent with `placeholders`, or its instructions have others.
    """
    front, instructions = split_front_matter(source)
    document = parse_document(front)
    found = _placeholders(document)
    lines = front.text.split("\n")
    del lines[slice(*_span(document, len(lines)))]
    plain = Source(source.file, "\n".join([_RULE, *lines, _RULE, instructions]) + "\n")
    try:
        used = names_in(instructions)
    except ValueError as error:
        raise document.error(
            (_FIELD,), f"the instructions have {error}", hint="write $$ for a dollar"
        ) from error
    for name in (*found, *used):
        if name not in found or name not in used:
            what = "is not described" if name in used else "is not in the instructions"
            raise document.error(
                (_FIELD,),
                f"the placeholder {name!r} {what}",
                hint=f"describe each placeholder under `{_FIELD}:`, and use each",
            )
    return AgentTemplate(agent=parse_agent(plain), placeholders=found, source=plain)


def _placeholders(document: Document) -> Mapping[str, Placeholder]:
    own = {name: value for name, value in document.content.items() if name == _FIELD}
    return read_fields(replace(document, content=own), _TemplateFields).placeholders


def _span(document: Document, count: int) -> tuple[int, int]:
    """The lines of the front matter that describe placeholders, up to the next field."""
    first = document.source.first_line
    begin = document.line((_FIELD,)) - first
    tops = [line - first for steps, line in document.lines.items() if len(steps) == 1]
    return begin, min((line for line in tops if line > begin), default=count)
