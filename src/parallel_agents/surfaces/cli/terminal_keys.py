"""TerminalKeys: a terminal that hands over each key, and marks what is pasted."""

from __future__ import annotations

import sys
from collections.abc import Callable

_LOCAL_MODES, _INPUT_MODES, _SPECIAL = 3, 0, 6  # the places in what `tcgetattr` returns
_PASTES, _NO_PASTES = "\x1b[?2004h", "\x1b[?2004l"
CAN_TAKE_KEYS = sys.platform != "win32"


class TerminalKeys:
    """The mode of the terminal behind stdin: `take` begins it, and `give_back` ends it.

    Args:
        write: writes to the terminal.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._restore: Callable[[], None] | None = None

    def take(self) -> None:
        self._restore = _take()
        self._write(_PASTES)

    def give_back(self) -> None:
        if self._restore is not None:
            self._write(_NO_PASTES)
            self._restore()
            self._restore = None


if sys.platform == "win32":

    def _take() -> Callable[[], None]:
        return lambda: None

else:
    import termios

    def _take() -> Callable[[], None]:
        """Begin the mode; returns what restores the mode before it."""
        descriptor = sys.stdin.fileno()
        kept, bare = termios.tcgetattr(descriptor), termios.tcgetattr(descriptor)
        bare[_LOCAL_MODES] &= ~(termios.ICANON | termios.ECHO | termios.ISIG | termios.IEXTEN)
        bare[_INPUT_MODES] &= ~(termios.ICRNL | termios.IXON)
        bare[_SPECIAL][termios.VMIN], bare[_SPECIAL][termios.VTIME] = 1, 0
        termios.tcsetattr(descriptor, termios.TCSADRAIN, bare)
        return lambda: termios.tcsetattr(descriptor, termios.TCSADRAIN, kept)
