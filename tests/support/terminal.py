"""A terminal for the tests: a command with a terminal of its own, and what its screen shows."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from rich.cells import cell_len

_CODES = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n])")
COLOURS = re.compile(r"\x1b\[[\d;]*m")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*(?:3[0-8]|9[0-7])(?:;\d+)*m")


class Screen:
    """As much of a terminal as the live view needs: lines that wrap, and a cursor that moves."""

    def __init__(self, width: int) -> None:
        self.width = width
        self._lines: list[list[str]] = [[]]
        self._wrapped: set[int] = set()  # the lines that continue the one above
        self._row = self._column = 0
        self.is_cursor_shown = True
        self.marks_pastes = False

    def feed(self, text: str) -> None:
        for code, letter, control, character in _CODES.findall(text):
            if letter:
                self._obey(code, letter)
            elif control == "\r":
                self._column = 0
            elif control == "\n":
                self._down()
            else:
                self._put(character)

    def _obey(self, code: str, letter: str) -> None:
        if letter == "A":
            self._row = max(0, self._row - int(code or 1))
        elif letter == "K":
            del self._lines[self._row][0 if code == "2" else self._column :]
            self._wrapped.discard(self._row)
        elif letter == "J":
            del self._lines[self._row + 1 :]
            del self._lines[self._row][self._column :]
            self._wrapped = {row for row in self._wrapped if row <= self._row}
        elif letter == "C":
            self._column += int(code or 1)
        elif letter in "hl" and code == "?2004":
            self.marks_pastes = letter == "h"
        elif letter in "hl" and code == "?25":
            self.is_cursor_shown = letter == "h"
        else:
            assert letter == "m", f"the screen does not know {code}{letter}"

    def resize(self, width: int) -> None:
        """Another width: what is wider is wrapped, each line for itself, and the cursor moves with it."""
        whole: list[list[str]] = []
        cursor = (0, 0)
        for number, line in enumerate(self._lines):
            if number not in self._wrapped:
                whole.append([])
            if number == self._row:
                at = len(whole[-1]) + self._column
                cursor = (len(whole) - 1, at)
            whole[-1] += line
        self._lines, self._wrapped, self.width = [], set(), width
        for number, line in enumerate(whole):
            for start in range(0, max(len(line), 1), width):
                if start:
                    self._wrapped.add(len(self._lines))
                self._lines.append(line[start : start + width])
            if number == cursor[0]:
                last = max(len(line) - 1, 0) // width
                behind = min(cursor[1] // width, last)
                self._row = len(self._lines) - 1 - last + behind
                self._column = cursor[1] - behind * width

    def _put(self, character: str) -> None:
        cells = cell_len(character)
        if not cells:  # it is part of the character before
            return
        if self._column + cells > self.width:
            self._column = 0
            self._down()
            self._wrapped.add(self._row)
        line = self._lines[self._row]
        line.extend(" " * (self._column + cells - len(line)))
        line[self._column] = character
        if cells == 2:
            line[self._column + 1] = ""
        self._column += cells

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append([])

    @property
    def text(self) -> str:
        return "\n".join("".join(line).rstrip() for line in self._lines)


class Terminal:
    """A command at a terminal of its own."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        wait_until: Callable[[Callable[[], bool]], None],
        *,
        width: int,
        height: int = 24,
    ) -> None:
        self._master, slave = pty.openpty()
        self._set_size(width, height)
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self._wait_until = wait_until
        self._height = height
        self._widths = [(0, width)]  # from which byte on
        self._printed = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _set_size(self, width: int, height: int) -> None:
        size = struct.pack("HHHH", height, width, 0, 0)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, size)

    def resize(self, width: int) -> None:
        """Another width, of which the command is told; what is printed from now on has it."""
        self._widths.append((len(self._printed), width))
        self._set_size(width, self._height)

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._master, 65536)
            except OSError:  # on Linux the end of a terminal is an error
                return
            if not piece:
                return
            self._printed += piece

    @property
    def raw(self) -> str:
        return self._printed.decode(errors="ignore")

    @property
    def screen(self) -> Screen:
        screen = Screen(self._widths[0][1])
        printed = self._printed
        ends = [start for start, _ in self._widths[1:]]
        for (start, width), end in zip(self._widths, [*ends, len(printed)], strict=True):
            if width != screen.width:
                screen.resize(width)
            screen.feed(printed[start:end].decode(errors="ignore"))
        return screen

    def wait_for(self, words: str) -> None:
        """Return once the screen shows these words, whether or not they wrap."""
        self._wait_until(lambda: words in self.screen.text.replace("\n", ""))

    def wait_printed(self, words: str) -> None:
        """Return once the command has printed these words, wherever its screen has them."""
        self._wait_until(lambda: words in self.raw)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode(errors="surrogateescape"))

    def end(self) -> int:
        """Wait for the end of the command; its exit code."""
        code = self._process.wait(20)
        self._reader.join()
        return code

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self.end()
        os.close(self._master)
