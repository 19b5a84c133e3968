"""Server-sent events: finds the data of each event in a stream of bytes that may be cut anywhere.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re

import orjson

from parallel_agents.models.bounds import MOST_EVENT_BYTES, TooLarge

_LINE_END = re.compile(rb"\r\n|\n|\r")
# Also in upper case, indented, and with a blank before the colon.
_FIELD = re.compile(rb"[ \t]*(data|event)[ \t]*:", re.IGNORECASE)
_BOM = b"\xef\xbb\xbf"


class EventReader:
    """Collects the bytes of the next event; they are decoded only once the event is complete."""

    __slots__ = ("_data", "_is_error", "_is_first", "_pieces", "_rest", "_size")

    def __init__(self) -> None:
        self._rest = b""
        self._pieces: list[bytes] = []  # of a line that has not ended; joined once it has
        self._data: list[bytes] = []
        self._is_first = True
        self._is_error = False
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that `chunk` completes, without comments, other fields and blanks.

        Raises:
            TooLarge: an event is larger than 16 MiB.
        """
        if (
            self._rest
            and not self._rest.endswith(b"\r")
            and b"\n" not in chunk
            and b"\r" not in chunk
        ):
            self._pieces.append(chunk)
            self._size += len(chunk)
            self._check_size()
            return []
        if self._pieces:
            chunk = b"".join((*self._pieces, chunk))
            self._pieces.clear()
            self._size = sum(map(len, self._data))
        text = self._rest + chunk
        if self._is_first and text:
            self._is_first, text = False, text.removeprefix(_BOM)
        lines = self._lines(text)
        events: list[bytes] = []
        for line in lines:
            if line.startswith(b"data:"):
                self._data.append(line[5:].removeprefix(b" "))
                self._size += len(line)
            elif not line:
                if data := b"\n".join(self._data).strip():
                    events.append(_error(data) if self._is_error else data)
                self._data.clear()
                self._size = 0
                self._is_error = False
            elif (field := _FIELD.match(line)) is not None:
                self._take_odd(field[1].lower(), line[field.end() :])
        self._check_size()
        return events

    def _take_odd(self, field: bytes, value: bytes) -> None:
        """Take a line with a field in another form than `data:`, which gateways write."""
        if field == b"event":
            self._is_error = value.strip().lower() == b"error"
        else:
            self._data.append(value.strip())
            self._size += len(value)

    def _check_size(self) -> None:
        if self._size + len(self._rest) > MOST_EVENT_BYTES:
            raise TooLarge(f"an event is larger than {MOST_EVENT_BYTES >> 20} MiB")

    def _lines(self, text: bytes) -> list[bytes]:
        """The complete lines of `text`; a carriage return at its end may be half of a line's end."""
        if b"\r" not in text:
            *lines, self._rest = text.split(b"\n")
            return lines
        held = b"\r" if text.endswith(b"\r") else b""
        *lines, rest = _LINE_END.split(text[: len(text) - len(held)])
        self._rest = rest + held
        return lines

    @property
    def has_data(self) -> bool:
        """Whether an event has begun that has not ended."""
        return bool(self._data) or self._rest.startswith(b"data:")

    def close(self) -> list[bytes]:
        """The last event of the stream, if its blank line is missing."""
        return self.feed(b"\n\n")


def _error(data: bytes) -> bytes:
    """The data of an event named `error`; words become an error object."""
    if data.startswith(b"{"):
        return data
    return orjson.dumps({"error": {"message": data.decode(errors="replace")}})
