"""Sending: the rows of a map as lines for another machine, with the contents of the files that they name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput
from parallel_agents.maps.filling import read_file, real_file
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.row import Row
from parallel_agents.maps.source import PATH, TEXT_OF_FILE, Format, fingerprint
from parallel_agents.maps.template import Template, as_text, unknown_column

_KNOWN = "known by"


@dataclass(frozen=True, slots=True)
class Sending:
    """A map whose templates read no file, and the lines of its rows.

    A line of a row is where it was in its file, so that errors name it: empty lines are in between.

    Attributes:
        text: the template of the task's text.
        inputs: those of the inputs, by name.
        contents: for each column that names a file, that with what the file has.
        label: the column that tables call a row by; empty for none.
        known: the column that stands for the path of a row that is a file where the row is known by what
            is asked; empty for none.
    """

    request: MapRequest
    text: str
    inputs: Mapping[str, str]
    contents: Mapping[str, str]
    label: str
    known: str = ""

    @property
    def hidden(self) -> list[str]:
        """The columns that are no columns of the rows themselves."""
        return [*self.contents.values(), *([self.known] if self.known else [])]

    @classmethod
    def of(cls, request: MapRequest, text: str, inputs: Mapping[str, str]) -> Sending:
        """The map with these templates, of which its first row shows the columns.

        Raises:
            InvalidInput: a template is not valid, or the rows cannot be read.
        """
        templates = {"the text": Template.parse(text, where="the text")}
        for name, each in inputs.items():
            templates[name] = Template.parse(each, where=f"the input {name}")
        named = dict.fromkeys(each for one in templates.values() for each in one.of_files)
        known = _columns_of(request)
        is_files = request.source.format is Format.FILES
        contents = {each: _free(f"@{each}", known) for each in named}

        def sent(name: str, template: str) -> str:
            return templates[name].with_contents(contents) if templates[name].of_files else template

        return cls(
            request,
            sent("the text", text),
            {name: sent(name, each) for name, each in inputs.items()},
            contents,
            PATH if is_files else "",
            _free(f"@{_KNOWN}", known) if is_files else "",
        )

    def lines(self) -> Iterator[bytes]:
        """The rows, one after another, each read when it is asked for.

        Raises:
            InvalidInput: a row or a file that it names cannot be read; the error names the line.
        """
        at = 0
        with self.request.source.opened(fingerprint()) as rows:
            for row in islice(rows, self.request.limit):
                yield b"\n" * (row.line - at - 1) + orjson.dumps(self._values(row)) + b"\n"
                at = max(at + 1, row.line)

    def _values(self, row: Row) -> Mapping[str, Json]:
        source = self.request.source
        is_named = source.format is Format.FILES
        where = "" if is_named else f"{source.name}, line {row.line}"
        found = dict(row.values)
        if self.known:
            found[self.known] = self._known_by(as_text(row.values[PATH]))
        for column, content in self.contents.items():
            if column not in row.values:
                raise unknown_column(column, row.values, where or source.name)
            path = as_text(row.values[column])
            found[content] = read_file(path, f"{where}: " if where else "", folder=source.folder)
        return found

    def _known_by(self, path: str) -> str:
        """What is the same however a path is written: its name if only people read it, or a digest of where it is."""
        file = real_file(path, self.request.source.folder)
        is_read_by_people = self.contents and (self.text or TEXT_OF_FILE).startswith(TEXT_OF_FILE)
        inputs = [Template.parse(text, where=name) for name, text in self.inputs.items()]
        if is_read_by_people and not any(PATH in each.columns for each in inputs):
            return file.name
        return sha256(os.fsencode(file)).hexdigest()


def _columns_of(request: MapRequest) -> frozenset[str]:
    """The columns of the first row; none if there is no row."""
    with request.source.opened(fingerprint()) as rows:
        for row in rows:
            return frozenset(row.values)
    return frozenset()


def _free(name: str, known: frozenset[str]) -> str:
    if set(name) & set("{}"):
        raise InvalidInput(f"the column {head(name[1:], 80)!r} has braces", hint="rename it")
    while name in known:
        name = f"@{name}"
    return name
