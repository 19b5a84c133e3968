"""Typed lines: what a person types at the terminal, without what was begun before it was asked for.

A terminal keeps what is typed until somebody reads it, and gives lines only as a whole. So what was
typed too early is read and thrown away, and with it the rest of a line that was begun then.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable

_MOST_BYTES = 65_536
_LOCAL_MODES, _SPECIAL = 3, 6  # the places in what `tcgetattr` returns


class TypedLines:
    """The lines of stdin, if it is a terminal.

    Args:
        take: called with each line that was begun after `begin`; it is blank after a line that was
            begun before, whose rest was thrown away, and None once stdin has ended.
    """

    def __init__(self, take: Callable[[str | None], None]) -> None:
        self._take = take
        self._typed = b""
        self._reads = False
        self._is_fresh = False  # nothing that was typed too early is left to be read
        self._is_begun = False  # the terminal's line was begun too early

    @property
    def is_terminal(self) -> bool:
        if sys.platform == "win32":
            return False
        return bool(sys.stdin) and not sys.stdin.closed and sys.stdin.isatty()

    @property
    def is_begun(self) -> bool:
        """Whether the next line is thrown away, since it was begun too early."""
        return self._is_begun

    def begin(self) -> bool:
        """Take lines that are begun from now on; return whether something was thrown away."""
        if not self._reads:
            asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._read)
            self._reads = True
        return self.discard()

    def end(self) -> None:
        """Take no more lines."""
        self._is_fresh = False
        if self._reads:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
            self._reads = False

    def discard(self) -> bool:
        """Throw away what was typed, and the rest of a line that was begun; return whether it was."""
        if not self.is_terminal or not _is_in_foreground():
            self._is_fresh = False  # once it is, before the first line is taken
            return False
        found = self._typed + _drained(sys.stdin.fileno())
        *lines, begun = found.split(b"\n")
        is_continued = self._is_begun and not lines
        self._typed = b""
        self._is_begun = bool(begun) or is_continued
        self._is_fresh = True
        return bool(found.strip())

    def _read(self) -> None:
        descriptor = sys.stdin.fileno()
        if not _is_in_foreground():
            return  # in the background a read would stop the process
        if not self._is_fresh:
            self.discard()
            self._take("")
            return
        try:
            piece = os.read(descriptor, _MOST_BYTES)
        except OSError:  # the terminal is gone
            piece = b""
        if not piece:
            self.end()
            self._take(None)
            return
        *lines, self._typed = (self._typed + piece)[-_MOST_BYTES:].split(b"\n")
        for line in lines:
            if not self._reads:
                return
            is_begun_before, self._is_begun = self._is_begun, False
            self._take("" if is_begun_before else line.decode(errors="replace").strip())


if sys.platform == "win32":

    def _is_in_foreground() -> bool:
        return False

    def _drained(descriptor: int) -> bytes:
        return b""

else:
    import termios

    def _is_in_foreground() -> bool:
        """Whether this process may read its terminal, and set its modes, without being stopped."""
        return os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp()

    def _drained(descriptor: int) -> bytes:
        """What was typed and not read, a line that has no end yet included."""
        kept, bare = termios.tcgetattr(descriptor), termios.tcgetattr(descriptor)
        bare[_LOCAL_MODES] &= ~termios.ICANON
        bare[_SPECIAL][termios.VMIN] = bare[_SPECIAL][termios.VTIME] = 0
        pieces: list[bytes] = []
        termios.tcsetattr(descriptor, termios.TCSANOW, bare)
        try:
            while piece := os.read(descriptor, _MOST_BYTES):
                pieces.append(piece)
        finally:
            termios.tcsetattr(descriptor, termios.TCSANOW, kept)
        return b"".join(pieces)
