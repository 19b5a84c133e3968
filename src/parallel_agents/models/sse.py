"""Server-sent events: finds the data of each event in a stream of bytes that may be cut anywhere.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html, except that a lone carriage
return, which no model server sends, does not end a line.
"""

from __future__ import annotations


class EventReader:
    """Collects the bytes of the next event; they are decoded only once the event is complete."""

    __slots__ = ("_data", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that `chunk` completes, without comments and other fields."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        events: list[bytes] = []
        for line in lines:
            stripped = line.removesuffix(b"\r")
            if stripped.startswith(b"data:"):
                self._data.append(stripped[5:].removeprefix(b" "))
            elif not stripped and self._data:
                events.append(b"\n".join(self._data))
                self._data.clear()
        return events

    def close(self) -> list[bytes]:
        """The last event of the stream, if its blank line is missing."""
        return self.feed(b"\n\n")
