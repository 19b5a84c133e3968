"""Server-sent events: find the data of each event in a stream of bytes that may be cut anywhere.

Format: https://html.spec.whatwg.org/multipage/server-sent-events.html, except that a lone carriage
return, which no model server sends, does not end a line.
"""

from __future__ import annotations


class EventReader:
    """ConditionGate what has come of the next event; bytes are decoded by nobody before they are whole."""

    __slots__ = ("_data", "_rest")

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The data of the events that `chunk` completes; comments and other fields are left out."""
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
        """What the stream ended in: the last event, where a server omits its blank line."""
        return self.feed(b"\n\n")
