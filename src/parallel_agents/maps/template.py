"""Templates: texts with `{column}` for a row's value and `@{column}` for the content of the file it names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.schema import Json
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput

_TOKEN = re.compile(r"\{\{|\}\}|@@(?=\{)|@?\{[^{}]*\}|\{")
_BEFORE_BRACE = re.compile(r"@@(?=\{)")
_SHOWN, _MOST_SHOWN = 80, 20

Read: TypeAlias = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Value:
    """The value of a column."""

    column: str


@dataclass(frozen=True, slots=True)
class Content:
    """The text of the file that a column names."""

    column: str


@dataclass(frozen=True, slots=True)
class Template:
    """A text with placeholders; `{{` and `}}` stand for braces, and `@@{x}` for `@` and a value.

    Attributes:
        parts: texts and placeholders, in order.
    """

    parts: tuple[str | Value | Content, ...]

    @classmethod
    def parse(cls, text: str, *, where: str) -> Template:
        """The template that a text is.

        Args:
            text: with placeholders.
            where: what errors call it, such as `--text`.

        Raises:
            InvalidInput: a brace is left open, or a placeholder is empty.
        """
        parts: list[str | Value | Content] = []
        position = 0
        for found in _TOKEN.finditer(text):
            parts.append(text[position : found.start()])
            parts.append(_part(found[0], where))
            position = found.end()
        parts.append(text[position:])
        return cls(tuple(part for part in parts if part != ""))

    @property
    def has_content(self) -> bool:
        """Whether the text of a file is a part of it."""
        return any(isinstance(part, Content) for part in self.parts)

    @property
    def columns(self) -> list[str]:
        """The columns that it needs, in order."""
        return [part.column for part in self.parts if not isinstance(part, str)]

    @property
    def only(self) -> str | None:
        """The column, if the template is the value of one and nothing else."""
        first = self.parts[0] if len(self.parts) == 1 else ""
        return first.column if isinstance(first, Value) else None

    @property
    def of_files(self) -> list[str]:
        """The columns that name files, in order."""
        return [part.column for part in self.parts if isinstance(part, Content)]

    def with_contents(self, columns: Mapping[str, str]) -> str:
        """The text of a template that takes what a file has from another column of the row instead."""
        found, literal = "", ""
        for part in self.parts:
            if isinstance(part, str):
                literal += part
                continue
            name = columns[part.column] if isinstance(part, Content) else part.column
            text = escaped(literal)
            # One before a brace is doubled, to stand for itself.
            found += f"{text}@" if text.endswith("@") else text
            found += f"{{{name}}}"
            literal = ""
        return found + escaped(literal)

    def filled(self, values: Mapping[str, Json], read: Read) -> str:
        """The text for a row.

        Args:
            values: the row's, by column; all that the template needs are there.
            read: returns the text of a file.

        Raises:
            InvalidInput: a file cannot be read.
        """
        texts: list[str] = []
        for part in self.parts:
            match part:
                case str():
                    texts.append(part)
                case Value(column=column):
                    texts.append(as_text(values[column]))
                case Content(column=column):
                    texts.append(read(as_text(values[column])))
        return "".join(texts)


def escaped(text: str) -> str:
    """A text as the template that stands for it, whatever braces it has."""
    return _BEFORE_BRACE.sub("@@@", text).replace("{", "{{").replace("}", "}}")


def as_text(value: Json) -> str:
    """A value as it stands in a text; nothing for null, and JSON for what is not text."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def unknown_column(column: str, columns: Iterable[str], where: str) -> InvalidInput:
    """The refusal of a placeholder that names no column."""
    known = list(columns)
    all_names = f"it has {len(known):,} columns" if len(known) > _MOST_SHOWN else ""
    is_name = not set(column) & {*'":[]'}
    return InvalidInput(
        f"{where} has no column {head(column, _SHOWN)!r}",
        why=f"its columns are {', '.join(map(repr, known[:_MOST_SHOWN])) or 'none'}",
        hint=(did_you_mean(column, known, all_names) if is_name else "")
        or "{x} stands for the column x; braces that are part of the text are written twice: {{ }}",
    )


def _part(found: str, where: str) -> str | Value | Content:
    if found in {"{{", "}}"}:
        return found[0]
    if found == "@@":
        return "@"
    column = found.lstrip("@")[1:-1].strip()
    if found == "{" or not column:
        raise InvalidInput(
            f"{where} has a brace without a column",
            why="{column} stands for a value of each row",
            hint="write {column}; a brace that is part of the text is written twice: {{ or }}",
        )
    return Content(column) if found.startswith("@") else Value(column)
