"""A command at a terminal of its own, and the screen that it draws."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
from collections.abc import Callable

from tests.acceptance.support.command import Pagents

_CODES = re.compile(r"\x1b\[(\??[\d;]*)([A-Za-z])|([\r\n])|([^\x1b\r\n])")


class Screen:
    """As much of a terminal as the live view needs: lines that wrap, and a cursor that moves."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._lines: list[list[str]] = [[]]
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
        elif letter == "J":
            del self._lines[self._row + 1 :]
            del self._lines[self._row][self._column :]
        elif letter == "C":
            self._column += int(code or 1)
        elif letter in "hl" and code == "?25":
            self.is_cursor_shown = letter == "h"
        elif letter in "hl" and code == "?2004":
            self.marks_pastes = letter == "h"
        else:
            assert letter == "m", f"the screen does not know {code}{letter}"

    def _put(self, character: str) -> None:
        if self._column == self._width:
            self._column = 0
            self._down()
        line = self._lines[self._row]
        line.extend(" " * (self._column + 1 - len(line)))
        line[self._column] = character
        self._column += 1

    def _down(self) -> None:
        self._row += 1
        if self._row == len(self._lines):
            self._lines.append([])

    @property
    def text(self) -> str:
        return "\n".join("".join(line).rstrip() for line in self._lines)


class Terminal:
    """A command at a terminal of its own."""

    def __init__(self, pagents: Pagents, *arguments: str, width: int, **variables: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
        self._process = subprocess.Popen(
            ["setsid", "--ctty", pagents.path, *arguments],
            env=pagents.environment | variables,
            cwd=pagents.folder,
            stdin=slave,
            stdout=slave,
            stderr=slave,
        )
        os.close(slave)
        self._pagents = pagents
        self._width = width
        self._printed = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

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
        screen = Screen(self._width)
        screen.feed(self.raw)
        return screen

    def wait_for(self, words: str) -> None:
        """Return once the screen shows these words, whether or not they wrap."""
        self._pagents.wait_until(lambda: words in self.screen.text.replace("\n", ""))

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

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


Open = Callable[..., Terminal]
