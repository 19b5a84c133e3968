"""Columns: documents of alike forms as columns, in which what they share is said once.

A part of such a stream is one line of JSON. The form of a document is the document with a 0 in place of
each value; the values of a form are lists, one for each place in it. A list with one value says that all
have it. A long text is said once in the stream: `[]` stands for the next of the part's new texts, and
`[n]` for the text with that number. `stored_columns.js` reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import cast

import orjson

from parallel_agents.core.schema import Json
from parallel_agents.views.exports.tree import Hide

_MOST_DOCUMENTS, _MOST_TEXT = 4000, 2_000_000
_LONG_TEXT, _LEAST_ALIKE = 40, 8
# What is forgotten beyond these is only said again.
_MOST_FORMS, _MOST_TEXTS = 2000, 100_000
# Asked for first, and classes as tuples: an abstract class, or a union, costs as much as all else.
_PLAIN = frozenset((int, float, bool, type(None)))


class Columns:
    """A stream of documents; each part holds some thousands of them.

    Args:
        hide: takes secrets out of a text.
    """

    def __init__(self, hide: Hide) -> None:
        self._hide = hide
        self._name = lru_cache(maxsize=_MOST_FORMS)(self._hidden_name)
        self._forms = _Numbers(_MOST_FORMS)
        self._texts = _Numbers(_MOST_TEXTS)
        self._begin()

    def _begin(self) -> None:
        self._order: list[int] = []
        self._rows: dict[int, list[list[Json]]] = {}
        self._new_forms: list[str] = []
        self._new_texts: list[str] = []
        self._size = 0

    @property
    def is_full(self) -> bool:
        """Whether it is time to take the part."""
        return len(self._order) >= _MOST_DOCUMENTS or self._size >= _MOST_TEXT

    def add(self, document: Mapping[str, object]) -> None:
        """Add a document, which is JSON."""
        parts: list[str] = []
        values: list[Json] = []
        # A typed document is JSON, though not to a type checker.
        self._take(cast("Json", document), parts, values)
        form = "".join(parts)
        number, is_new = self._forms.of(form)
        if is_new:
            self._new_forms.append(form)
        self._order.append(number)
        self._rows.setdefault(number, []).append(values)

    def part(self) -> bytes:
        """What was added since the last part, as a line."""
        columns = {
            str(form): [self._column(column) for column in zip(*rows, strict=True)]
            for form, rows in self._rows.items()
        }
        told = {
            "forms": self._new_forms,
            "order": self._order,
            "columns": columns,
            "texts": self._new_texts,
        }
        line = orjson.dumps(told) + b"\n"
        self._begin()
        return line

    def _hidden_name(self, name: str) -> str:
        return orjson.dumps(self._hide(name)).decode()

    def _take(self, value: Json, parts: list[str], values: list[Json]) -> None:
        """Note the form of a value, and its values in order."""
        if type(value) in _PLAIN:
            values.append(value)
            parts.append("0")
        elif isinstance(value, str):
            text = self._hide(value)
            self._size += len(text)
            values.append(text)
            parts.append("0")
        elif isinstance(value, (list, tuple)):
            comma = "["
            for below in value:
                parts.append(comma)
                self._take(below, parts, values)
                comma = ","
            parts.append("]" if value else "[]")
        elif isinstance(value, (dict, Mapping)):
            comma = "{"
            for name, below in value.items():
                parts.append(f"{comma}{self._name(name)}:")
                self._take(below, parts, values)
                comma = ","
            parts.append("}" if value else "{}")
        else:
            values.append(value)
            parts.append("0")

    def _column(self, values: Sequence[Json]) -> Json:
        first = values[0]
        if all(value == first and type(value) is type(first) for value in values):
            return [self._said(first)]
        if len(values) >= _LEAST_ALIKE and all(type(value) is str for value in values):
            places: dict[Json, int] = {}
            at = [places.setdefault(value, len(places)) for value in values]
            if 2 * len(places) <= len(values):
                return {"of": [self._said(value) for value in places], "at": at}
        return [self._said(value) for value in values]

    def _said(self, value: Json) -> Json:
        if not isinstance(value, str) or len(value) < _LONG_TEXT:
            return value
        number, is_new = self._texts.of(value)
        if not is_new:
            return [number]
        self._new_texts.append(value)
        return []


class _Numbers:
    """Numbers of texts, in the order in which they came; of too many, all are forgotten but how many they were."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._count = 0
        self._known: dict[bytes, int] = {}

    def of(self, text: str) -> tuple[int, bool]:
        """The number of a text, and whether it is new."""
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if (known := self._known.get(digest)) is not None:
            return known, False
        if len(self._known) >= self._most:
            self._known.clear()
        self._known[digest] = number = self._count
        self._count += 1
        return number, True
