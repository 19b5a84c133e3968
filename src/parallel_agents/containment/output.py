"""Output: the beginning and the end of what a command writes; what must be hidden in it is hidden before the cut."""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Protocol

_HEAD_BYTES = 16_384
_TAIL_BYTES = 49_152
_DECODER = codecs.getincrementaldecoder("utf-8")


class Hiding(Protocol):
    """What a text that comes in pieces passes, such as a redactor."""

    def feed(self, piece: str, /) -> str:
        """What can be shown after another piece; the rest is held back."""
        ...

    def end(self) -> str:
        """What was held back."""
        ...


class Output:
    """What a command has written so far.

    Args:
        hiding: makes what the output passes; None for nothing.

    Attributes:
        received: how many bytes it has written.
        is_broken_off: whether it was ended, so that its last bytes may be the beginning of something that
            must be hidden; what may be one is left out.
    """

    def __init__(self, hiding: Callable[[], Hiding] | None = None) -> None:
        self._hiding = hiding() if hiding is not None else None
        self._decoder = _DECODER("surrogateescape")  # bytes that are not text stay as they are
        self._head = b""
        self._tail = b""
        self._total = 0
        self.received = 0
        self.is_broken_off = False

    @property
    def text(self) -> str:
        cut = self._total - len(self._head) - len(self._tail)
        if not cut:
            return (self._head + self._tail).decode(errors="replace")
        head, tail = (part.decode(errors="replace") for part in (self._head, self._tail))
        return f"{head}\n[{cut:,} bytes of output are left out here]\n{tail}"

    def add(self, chunk: bytes) -> None:
        self.received += len(chunk)
        if self._hiding is not None:
            shown = self._hiding.feed(self._decoder.decode(chunk))
            chunk = shown.encode(errors="surrogateescape")
        self._keep(chunk)

    def end(self) -> None:
        """The command no longer writes."""
        if self._hiding is not None and not self.is_broken_off:
            shown = self._hiding.feed(self._decoder.decode(b"", final=True)) + self._hiding.end()
            self._keep(shown.encode(errors="surrogateescape"))

    def _keep(self, chunk: bytes) -> None:
        self._total += len(chunk)
        room = _HEAD_BYTES - len(self._head)
        if room > 0:
            self._head += chunk[:room]
            chunk = chunk[room:]
        self._tail = (self._tail + chunk)[-_TAIL_BYTES:]
