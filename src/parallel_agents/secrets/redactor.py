"""Redactor: knows the secrets of a process, and hides them in texts, JSON, bytes and streams.

A secret is found in every form of `forms`, also if it is broken into lines. Until one is known,
nothing is looked at. What is found becomes `[redacted:NAME]`.
"""

from __future__ import annotations

import logging
import re
import threading
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import orjson

from parallel_agents.core.json_value import Json, with_texts
from parallel_agents.secrets.forms import LEAST_CHARACTERS, forms_of, why_ordinary, without_breaks

_log = logging.getLogger(__name__)
MOST_SECRETS = 1_000
MOST_NAME_CHARACTERS = 80
_MOST_HELD_BACK = 16_384
_BREAK = re.compile(r"[\r\n]+[ \t]*")
_BREAK_IN_JSON = re.compile(r"(?:\\[rn])+(?: |\\t)*")
_NOT_OF_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")
_PREFIX = 4


class _Needles(NamedTuple):
    """What is looked for; it is replaced as a whole, so that every thread sees one state of it.

    Attributes:
        names: the name of the secret by each of its forms.
        in_json: the forms as they are within JSON.
        starts: the beginnings of all forms, to tell what may become one.
        longest: how many characters the longest has.
    """

    names: Mapping[str, str]
    in_json: tuple[str, ...]
    starts: frozenset[str]
    longest: int


_NONE = _Needles({}, (), frozenset(), 0)


class _Span(NamedTuple):
    start: int
    end: int
    name: str


class Redactor:
    """The secrets that a process knows."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._needles = _NONE
        self._lock = threading.Lock()  # guards `_values`; `_needles` is only replaced

    def __bool__(self) -> bool:
        return bool(self._needles.names)

    @property
    def names(self) -> frozenset[str]:
        """The names of the secrets."""
        return frozenset(self._values.values())

    def add(self, value: str, name: str) -> str:
        """Hide a value from now on.

        Returns:
            Why it cannot be hidden; empty if it is.
        """
        if value in self._values:
            return ""
        if why := why_ordinary(value):
            return why
        try:
            value.encode()
        except UnicodeEncodeError:
            return "it is not text"
        with self._lock:
            if len(self._values) >= MOST_SECRETS:
                forgotten = self._values.pop(next(iter(self._values)))
                _log.warning("more than %d secrets: %s is hidden no more", MOST_SECRETS, forgotten)
            self._values[value] = _NOT_OF_NAMES.sub("-", name)[:MOST_NAME_CHARACTERS] or "secret"
            self._needles = _needles_of(self._values)
        return ""

    def clear(self) -> None:
        """Know none."""
        with self._lock:
            self._values.clear()
            self._needles = _NONE

    def hide(self, text: str) -> str:
        """The text without secrets."""
        names = self._needles.names
        if not names or len(text) < LEAST_CHARACTERS:
            return text
        line = without_breaks(text)
        for needle in names:
            if needle in line:
                return _replaced(text, line, names)
        return text

    def name_in(self, text: str) -> str:
        """The name of a secret that is in a text; empty if none is."""
        names = self._needles.names
        line = without_breaks(text) if names else text
        return next((name for needle, name in names.items() if needle in line), "")

    def hide_value(self, value: Json) -> Json:
        """The same for each text and name in a JSON value."""
        if not self._needles.names:
            return value
        return with_texts(value, self.hide)

    def is_in_json(self, *encoded: bytes) -> bool:
        """Whether JSON may have a secret in it; several are looked through together, which is faster."""
        needles = self._needles.in_json
        if not needles:
            return False
        joined = encoded[0] if len(encoded) == 1 else b"\n".join(encoded)
        line = joined.decode("utf-8", "replace")  # bytes take three times as long to be searched
        if "\\n" in line or "\\r" in line:
            line = _BREAK_IN_JSON.sub("", line)
        for needle in needles:  # noqa: SIM110 - a generator takes longer than the search
            if needle in line:
                return True
        return False

    def hide_json(self, encoded: bytes) -> bytes:
        """JSON without secrets; the same object if it has none."""
        if not self.is_in_json(encoded):
            return encoded
        return orjson.dumps(self.hide_value(orjson.loads(encoded)))

    def stream(self) -> Stream:
        """Hides secrets in a text that comes in pieces."""
        return Stream(self)

    def scan(self) -> Scan:
        """Looks for secrets in bytes that come in pieces."""
        return Scan(self)

    def possible_start(self, text: str) -> int:
        """Where a text ends in what may become a secret; its length if it does not."""
        names, _, starts, longest = self._needles
        least = max(0, len(text) - min(2 * longest, _MOST_HELD_BACK))
        for at in range(least, len(text)):
            if text[at : at + 1] not in starts:
                continue
            rest = without_breaks(text[at:])
            if rest[:_PREFIX] in starts and any(form.startswith(rest) for form in names):
                return at
        return len(text)

    @property
    def longest(self) -> int:
        return self._needles.longest


class Stream:
    """A text that comes in pieces; what may be the beginning of a secret is held back."""

    __slots__ = ("_held", "_redactor")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown after another piece; it may be empty."""
        if not self._redactor and not self._held:
            return piece
        text = self._redactor.hide(self._held + piece)
        at = self._redactor.possible_start(text)
        self._held = text[at:]
        return text[:at]

    def end(self) -> str:
        """What was held back, and became no secret."""
        text, self._held = self._redactor.hide(self._held), ""
        return text


class Scan:
    """Bytes that come in pieces, looked through for secrets as text of one byte a character."""

    __slots__ = ("_before", "_redactor")

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._before = b""

    def feed(self, piece: bytes) -> str:
        """The name of a secret that is in the bytes so far; empty if none is."""
        if not self._redactor:
            return ""
        data = self._before + piece
        self._before = data[-2 * self._redactor.longest :]
        return self._redactor.name_in(data.decode("utf-8", "replace").replace("\0", ""))


def _needles_of(values: Mapping[str, str]) -> _Needles:
    names: dict[str, str] = {}
    for value, name in values.items():
        for form in forms_of(value):
            names.setdefault(form, name)
    # One that has another one in it is found with that one.
    in_json = {orjson.dumps(form)[1:-1].decode() for form in names}
    return _Needles(
        names=dict(sorted(names.items(), key=lambda item: -len(item[0]))),
        in_json=tuple(sorted(in_json, key=len)),
        starts=frozenset(form[:length] for form in names for length in range(1, _PREFIX + 1)),
        longest=max(map(len, names)),
    )


def _replaced(text: str, line: str, names: Mapping[str, str]) -> str:
    """The text with each secret replaced, which were found in the text as one line."""
    breaks = [] if line == text else [found.span() for found in _BREAK.finditer(text)]
    shown: list[str] = []
    position = 0
    for start, end, name in _original(_merged(_spans(line, names)), breaks):
        shown += (text[position:start], f"[redacted:{name}]")
        position = end
    return "".join((*shown, text[position:]))


def _spans(line: str, names: Mapping[str, str]) -> Iterator[_Span]:
    for needle, name in names.items():
        at = line.find(needle)
        while at >= 0:
            yield _Span(at, at + len(needle), name)
            at = line.find(needle, at + len(needle))


def _merged(spans: Iterable[_Span]) -> Iterator[_Span]:
    """Those that overlap as one, so that nothing of a shorter one is left beside a longer one."""
    merged: _Span | None = None
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if merged is None or span.start >= merged.end:
            if merged is not None:
                yield merged
            merged = span
        elif span.end > merged.end:
            merged = merged._replace(end=span.end)
    if merged is not None:
        yield merged


def _original(spans: Iterable[_Span], breaks: Sequence[tuple[int, int]]) -> Iterator[_Span]:
    """The places in a text of places in the same text without its breaks."""
    at, removed = [0], [0]
    for start, end in breaks:
        at.append(start - removed[-1])
        removed.append(removed[-1] + end - start)

    def place(position: int) -> int:
        return position + removed[bisect_right(at, position) - 1]

    for start, end, name in spans:
        yield _Span(place(start), place(end - 1) + 1, name)
