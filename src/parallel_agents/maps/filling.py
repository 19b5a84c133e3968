"""Filling: the task of each row, made of the templates; and the key by which the row is known."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.plain_text import plain_text
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.core.task_names import MAX_LABEL_CHARACTERS
from parallel_agents.core.unicode import canonical
from parallel_agents.errors import InvalidInput, NotText
from parallel_agents.maps.regular_file import open_regular, read_at_most
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.row import Row
from parallel_agents.maps.source import PATH, TEXT_OF_FILE, Format
from parallel_agents.maps.template import Read, Template, as_text, unknown_column
from parallel_agents.sessions.requests import MAX_INPUT_BYTES, task_digest

ROW = "row/"
_MOST_KEY_CHARACTERS = 200
_DIGEST_CHARACTERS = 20
_LABEL_DIGEST_CHARACTERS = 6


class Filled(NamedTuple):
    """A row with its task.

    Attributes:
        key: the key of the row's session; of rows that ask for the same, each has its number.
    """

    row: Row
    key: str
    task: Task[Any]


class Filling:
    """Makes the tasks of rows, one after another.

    Args:
        request: the map.
        model: `provider/model` for tasks whose agent names none.

    Raises:
        InvalidInput: a template is not valid.
    """

    def __init__(self, request: MapRequest, model: str | None) -> None:
        self._request = request
        self._model = model
        self._text = Template.parse(request.text, where="the text")
        self._inputs = {
            name: Template.parse(text, where=f"the input {name}")
            for name, text in request.inputs.items()
        }
        self._seen: Counter[int] = Counter()

    @property
    def columns(self) -> list[str]:
        """The columns that the templates and the key need."""
        key = [self._request.key] if self._request.key else []
        needed = [self._text, *self._inputs.values()]
        return [*key, *(column for template in needed for column in template.columns)]

    def filled(self, rows: Iterable[Row]) -> Iterator[Filled]:
        """The rows with their tasks, in order.

        Raises:
            InvalidInput: a row has no such column, a file that it names cannot be read, or two rows
                have one key; the error names the line.
        """
        for row in rows:
            yield self._filled(row)

    def where(self, row: Row) -> str:
        """How errors name a row."""
        source = self._request.source
        if source.format is Format.FILES:
            return as_text(row.values[PATH])
        return f"{source.name}, line {row.line}"

    def _filled(self, row: Row) -> Filled:
        for column in self.columns:
            if column not in row.values:
                is_same = self._request.source.format is not Format.JSONL  # for all rows
                where = self._request.source.name if is_same else self.where(row)
                raise unknown_column(column, row.values, where)
        read = self._reader(row)
        task = Task(
            self._request.agent,
            self._text.filled(row.values, read),
            input={**self._request.literals, **self._input(row, read)},
            model=self._model,
            label=self._label(row),
            limits=self._request.limits,
            cache_seconds=self._request.cache_seconds,
            gates=self._request.gates,
            refine=self._request.refine,
        )
        return Filled(row, self._key(row, self._known_by(task, row, read)), task)

    def _known_by(self, task: Task[Any], row: Row, read: Read) -> Task[Any]:
        """The task by which a row is known: that of a file is the same however its path is written.

        The usual text has the path for people to read. If the content is asked about, its folder does not count.
        """
        source = self._request.source
        shown: Mapping[str, Json]
        if source.known and source.known in row.values:
            there = row._replace(values={**row.values, source.label: row.values[source.known]})
            shown = there.values
        elif source.format is Format.FILES:
            file = real_file(as_text(row.values[PATH]), source.folder)
            there = row._replace(values={PATH: str(file)})
            shown = {PATH: file.name} if self._is_named else there.values
        else:
            return task
        return replace(
            task,
            text=self._text.filled(shown, read),
            input={**self._request.literals, **self._input(there, read)},
        )

    @property
    def _is_named(self) -> bool:
        """Whether the path is only what people read of a row whose content is asked about."""
        templates = (self._text, *self._inputs.values())
        has_content = any(each.has_content for each in templates)
        return has_content and self._request.text.startswith(TEXT_OF_FILE)

    def _input(self, row: Row, read: Read) -> dict[str, Json]:
        return {
            name: self._value(name, template, row, read) for name, template in self._inputs.items()
        }

    def _value(self, name: str, template: Template, row: Row, read: Read) -> Json:
        only = template.only
        if only is not None and not isinstance(value := row.values[only], str | None):
            return value
        text = template.filled(row.values, read)
        if name not in self._request.json_inputs:
            return text
        try:
            return orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise InvalidInput(
                f"{self.where(row)}: the input {name} is not JSON: {head(text, 80)!r}",
                why=str(error),
                hint=f"{self._request.agent} takes {name} as JSON, such as a number or a list",
            ) from error

    def _reader(self, row: Row) -> Read:
        """What reads the files that a row names; a row that is a file is read once."""
        folder = self._request.source.folder
        if self._request.source.format is not Format.FILES:
            where = f"{self.where(row)}: "
            return lambda path: read_file(path, where, folder=folder)
        own = as_text(row.values[PATH])
        content = cache(lambda: read_file(own, "", folder=folder))
        return lambda _: content()

    def _key(self, row: Row, task: Task[Any]) -> str:
        """The key of the row's session, and a count of those that ask for the same."""
        if column := self._request.key:
            name = canonical(as_text(row.values[column]).strip())
            if not name or len(name) > _MOST_KEY_CHARACTERS or name_of(name) != name:
                raise InvalidInput(
                    f"{self.where(row)}: {head(repr(name), 80)} is not a key",
                    why=f"a key has 1 to {_MOST_KEY_CHARACTERS} characters",
                    hint=f"know rows by another column than {column}, or by what is asked",
                )
        else:
            name = task_digest(task)[:_DIGEST_CHARACTERS]
        self._seen[counted := hash(name)] += 1
        count = self._seen[counted]
        if count == 1:
            return f"{ROW}{name}"
        if self._request.key:
            raise InvalidInput(
                f"{self.where(row)}: the key {head(name, 80)!r} is used again",
                why=f"the column {self._request.key} is to identify a row",
                hint="remove the duplicate, or know rows by another column, or by what is asked",
            )
        return f"{ROW}{name}~{count}"

    def _label(self, row: Row) -> str:
        """What tables call the row: its key, its file, or its number."""
        source = self._request.source
        named = self._request.key or (PATH if source.format is Format.FILES else source.label)
        text = as_text(row.values[named]) if named in row.values else ""
        if named == PATH:
            text = text.removeprefix(f"{source.folder.rstrip('/')}/")
        return _as_label(text) or f"row-{row.number}"


def _as_label(text: str) -> str:
    """A text as a label, a different one for each text; of a long one the end, which names the file."""
    plain = "".join(c if c.isprintable() else " " for c in text).strip()
    plain = f"./{plain}" if plain.startswith("@") else plain
    if len(plain) <= MAX_LABEL_CHARACTERS:
        return plain
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_LABEL_DIGEST_CHARACTERS]
    return f"…{plain[-(MAX_LABEL_CHARACTERS - len(digest) - 2) :].rstrip()}~{digest}"


def read_file(path: str, where: str, *, folder: str = "") -> str:
    """The text of a file that a row names.

    Args:
        path: of the file.
        where: the beginning of the error's message.
        folder: what a relative path is relative to; by default the current folder.

    Raises:
        InvalidInput: it cannot be read, is not UTF-8, or is larger than any task may be.
    """
    try:
        with open_regular(_located(path, folder)) as file:
            return _decoded(read_at_most(file, MAX_INPUT_BYTES + 1), path)
    except NotText as error:
        raise InvalidInput(f"{where}{error.message}", why=error.why, hint=error.hint) from error
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidInput(
            f"{where}the file {head(path, 200)!r} cannot be read",
            why=getattr(error, "strerror", None) or str(error),
            hint="@{...} takes the path of a UTF-8 text file, relative to the folder in which the "
            "work is started",
        ) from error


def real_file(path: str, folder: str) -> Path:
    """Where a file is, whatever links lead to its folder."""
    located = _located(path, folder)
    return Path(_real_folder(str(located.parent)), located.name)


@lru_cache(maxsize=1024)
def _real_folder(folder: str) -> str:
    return os.path.realpath(folder)


def _located(path: str, folder: str) -> Path:
    if not path.strip():
        raise ValueError("its cell is empty")
    return Path(folder, Path(path).expanduser())


def _decoded(content: bytes, path: str) -> str:
    if len(content) > MAX_INPUT_BYTES:
        raise ValueError(f"it has more than {MAX_INPUT_BYTES:,} bytes")
    return plain_text(content, path)
