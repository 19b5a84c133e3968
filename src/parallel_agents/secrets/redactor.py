"""Redactor: knows the secrets of a process, and hides them in texts, JSON, bytes and streams.

A secret is found in every form of `forms`, even if it is broken into lines. Until one is known,
nothing is looked at. What is found becomes `[redacted:NAME]`.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping, Sequence

import orjson

from parallel_agents.core.json_value import Json, with_leaves
from parallel_agents.secrets.finding import (
    NONE,
    START_CHARACTERS,
    Needles,
    json_line,
    needles_of,
    original_place,
    replaced,
    spans_in,
    with_numbers_hidden,
)
from parallel_agents.secrets.forms import (
    ANY_BREAK,
    ESCAPED_BREAK,
    LEAST_CHARACTERS,
    readings,
    why_ordinary,
    without_breaks,
)

_log = logging.getLogger(__name__)
MOST_SECRETS = 1_000
MOST_NAME_CHARACTERS = 80
_MOST_HELD_BACK = 16_384
_NOT_OF_NAMES = re.compile(r"[^A-Za-z0-9_.-]+")


class Redactor:
    """The secrets that a process knows."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._made: Needles | None = NONE
        self._lock = threading.Lock()  # guards `_values`, and that `_made` belongs to them

    def __bool__(self) -> bool:
        return bool(self._values)

    @property
    def _needles(self) -> Needles:
        """What is looked for, made when it is needed first: many values are mostly added at once."""
        if (made := self._made) is not None:
            return made
        with self._lock:
            if self._made is None:
                self._made = needles_of(self._values)
            return self._made

    @property
    def names(self) -> frozenset[str]:
        """The names of the secrets."""
        return frozenset(self._values.values())

    @property
    def values(self) -> Sequence[str]:
        """The secrets, for whoever has to find what was kept before they were known."""
        with self._lock:
            return tuple(self._values)

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
        forgotten = ""
        with self._lock:
            if len(self._values) >= MOST_SECRETS:
                forgotten = self._values.pop(next(iter(self._values)))
            self._values[value] = _NOT_OF_NAMES.sub("-", name)[:MOST_NAME_CHARACTERS] or "secret"
            self._made = None
        if forgotten:  # without the lock, which whoever hides secrets in the log takes
            _log.warning("more than %d secrets: %s is no longer hidden", MOST_SECRETS, forgotten)
        return ""

    def clear(self) -> None:
        """Know none."""
        with self._lock:
            self._values.clear()
            self._made = NONE

    def hide(self, text: str) -> str:
        """The text without secrets."""
        names = self._needles.names
        if not names or len(text) < LEAST_CHARACTERS:
            return text
        text = _hidden(text, without_breaks(text), names, ANY_BREAK)
        if "\\n" in text or "\\r" in text:
            text = _hidden(text, ESCAPED_BREAK.sub("", text), names, ESCAPED_BREAK)
        return text

    def name_in(self, text: str) -> str:
        """The name of a secret that is in a text; empty if none is."""
        names = self._needles.names
        if not names:
            return ""
        lines = [line for line, _ in readings(text)]
        found = (name for line in lines for needle, name in names.items() if needle in line)
        return next(found, "")

    def hide_value(self, value: Json) -> Json:
        """The same for each text, name and number in a JSON value; a number becomes a text."""
        if not self._needles.names:
            return value
        return with_leaves(
            value, self.hide, self._hide_number if self._needles.is_numeric else None
        )

    def _hide_number(self, number: float) -> Json:
        text = str(number)
        hidden = self.hide(text)
        return number if hidden is text else hidden

    def is_in_json(self, *encoded: bytes) -> bool:
        """Whether JSON may have a secret in it; several are looked through together, which is faster."""
        needles = self._needles.in_json
        if not needles:
            return False
        line = json_line(encoded)
        for needle in needles:  # noqa: SIM110 - a generator takes longer than the search
            if needle in line:
                return True
        return False

    def is_in(self, *texts: str) -> bool:
        """Whether one of the texts has a secret in it."""
        return _is_one_in(self._needles.shortest, texts)

    def is_unescaped_in(self, *texts: str) -> bool:
        """Whether texts that only look like JSON have a secret in them that JSON would escape."""
        return _is_one_in(self._needles.escaped, texts)

    def hide_json(self, encoded: bytes) -> bytes:
        """JSON without secrets; the same object if it has none."""
        if not self.is_in_json(encoded):
            return encoded
        return orjson.dumps(self.hide_value(orjson.loads(self.hide_numbers(encoded))))

    def hide_numbers(self, encoded: bytes) -> bytes:
        """JSON in which a number that has a secret is a text: readers round large numbers."""
        return with_numbers_hidden(encoded, self.hide) if self._needles.is_numeric else encoded

    def hide_cut(self, text: str) -> str:
        """A text that was cut at its end, without secrets and without what may begin one there."""
        return self.hide(text[: self.open_end(text)])

    def stream(self) -> Stream:
        """Hides secrets in a text that comes in pieces."""
        return Stream(self)

    def scan(self) -> Scan:
        """Looks for secrets in bytes that come in pieces."""
        return Scan(self)

    def possible_start(self, text: str) -> int:
        """Where a text ends in what may become a secret; its length if it does not."""
        needles = self._needles
        tail = text[max(0, len(text) - 2 * needles.longest) :]
        line = without_breaks(tail)
        for at in range(len(line)):
            start = line[at : at + START_CHARACTERS]
            forms = needles.starts.get(start)
            if forms is None:
                continue
            rest = line[at:]
            if len(start) < START_CHARACTERS or any(form.startswith(rest) for form in forms):
                return len(text) - len(tail) + original_place(tail, at)
        return len(text)

    def open_end(self, text: str) -> int:
        """Where a text ends in what may become a secret, with one that this overlaps; else its length.

        A secret may be the beginning of another one: nothing is hidden of what is still open.
        """
        at = self.possible_start(text)
        if at == len(text):
            return at
        most = max(2 * self.longest, _MOST_HELD_BACK)
        for start, end, _ in spans_in(text, without_breaks(text), self._needles.names):
            if start < at < end:
                return start if len(text) - start <= most else end
        return at

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
        text = self._held + piece
        at = self._redactor.open_end(text)
        self._held = text[at:]
        return self._redactor.hide(text[:at])

    def end(self) -> str:
        """What was held back, and became no secret."""
        text, self._held = self._redactor.hide(self._held), ""
        return text

    def cut(self) -> None:
        """The text breaks off here: what was held back may be the beginning of a secret, and is dropped."""
        self._held = ""


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


def _hidden(text: str, line: str, names: Mapping[str, str], breaks: re.Pattern[str]) -> str:
    for needle in names:
        if needle in line:
            return replaced(text, line, names, breaks)
    return text


def _is_one_in(needles: Sequence[str], texts: Sequence[str]) -> bool:
    if not needles or not texts:
        return False
    line = "\0".join(line for text in texts for line, _ in readings(text))  # no form has a NUL
    return any(needle in line for needle in needles)
