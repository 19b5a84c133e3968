"""LineEditor: what a person types and edits at a terminal without its line mode, as pure state.

Enter sends what was typed. Alt-Enter and Ctrl-J begin a new line, and what is pasted is taken as it
is, line ends included (bracketed paste).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

MOST_CHARACTERS = 1_000_000
_PASTE, _PASTE_END = "\x1b[200~", "\x1b[201~"
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O[A-Za-z]|[\r\n]|[^\[O])")
_BEGUN = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|O)?")
_WORD = re.compile(r"\S+\s*$")


@dataclass(frozen=True, slots=True)
class Sent:
    """Enter was pressed."""

    text: str


@dataclass(frozen=True, slots=True)
class Interrupted:
    """Ctrl-C was pressed."""


@dataclass(frozen=True, slots=True)
class Suspended:
    """Ctrl-Z was pressed."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Ctrl-D was pressed on an empty line."""


Typed: TypeAlias = Sent | Interrupted | Suspended | Ended


class LineEditor:
    """One input of several lines, with the inputs before it to go back to.

    Attributes:
        text: what was typed so far.
        cursor: the place in it where the next character goes.
    """

    def __init__(self) -> None:
        self.text: str = ""
        self.cursor: int = 0
        self._earlier: list[str] = []
        self._at: int = 0  # the place in the earlier inputs; their end is what is being typed
        self._pasted: str | None = None
        self._undone: str = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._typed: list[Typed] = []

    def feed(self, data: bytes) -> Sequence[Typed]:
        """Take what the terminal sent; returns what it amounts to besides edits."""
        self._undone += self._decoder.decode(data)
        self._typed = []
        while self._undone and self._take():
            pass
        return self._typed

    def _take(self) -> bool:
        """Take the first key of what was sent; False if its rest has not arrived."""
        if self._pasted is not None:
            return self._take_pasted(self._pasted)
        if self._undone[0] != "\x1b":
            key, self._undone = self._undone[0], self._undone[1:]
            self._press(key)
            return True
        found = _SEQUENCE.match(self._undone)
        if found is None:
            if _BEGUN.fullmatch(self._undone) is None:
                self._undone = self._undone[1:]  # no key of ours
                return True
            return False
        self._undone = self._undone[found.end() :]
        if found[0] == _PASTE:
            self._pasted = ""
        elif (act := _KEYS.get(found[0])) is not None:
            act(self)
        return True

    def _take_pasted(self, pasted: str) -> bool:
        whole = pasted + self._undone
        content, end, rest = whole.partition(_PASTE_END)
        if not end:
            self._pasted, self._undone = whole, ""
            return False
        self._pasted, self._undone = None, rest
        self._insert(content.replace("\r\n", "\n").replace("\r", "\n"))
        return True

    def _press(self, key: str) -> None:
        if (act := _KEYS.get(key)) is not None:
            act(self)
        elif key.isprintable() or key == "\t":
            self._insert("    " if key == "\t" else key)

    def _insert(self, text: str) -> None:
        text = text[: max(0, MOST_CHARACTERS - len(self.text))]
        self.text = self.text[: self.cursor] + text + self.text[self.cursor :]
        self.cursor += len(text)

    def send(self) -> None:
        sent, self.text, self.cursor = self.text, "", 0
        if sent.strip() and sent not in self._earlier[-1:]:
            self._earlier.append(sent)
        self._at = len(self._earlier)
        self._typed.append(Sent(sent))

    def set_aside(self) -> None:
        """Empty the input, so that what was typed is the one before it."""
        if self.text.strip():
            self._earlier.append(self.text)
        self.text, self.cursor, self._at = "", 0, len(self._earlier)

    def new_line(self) -> None:
        self._insert("\n")

    def interrupt(self) -> None:
        """Drop what was typed; on an empty line it is an interrupt of whatever runs."""
        if self.text:
            self.text, self.cursor = "", 0
        else:
            self._typed.append(Interrupted())

    def suspend(self) -> None:
        self._typed.append(Suspended())

    def end(self) -> None:
        if self.text:
            self.delete()
        else:
            self._typed.append(Ended())

    def backspace(self) -> None:
        if self.cursor:
            self.cursor -= 1
            self.delete()

    def delete(self) -> None:
        self.text = self.text[: self.cursor] + self.text[self.cursor + 1 :]

    def delete_word(self) -> None:
        before = self.text[: self.cursor]
        kept = _WORD.sub("", before)
        self.text, self.cursor = kept + self.text[self.cursor :], len(kept)

    def delete_to_begin(self) -> None:
        begin = self._line_begin()
        self.text, self.cursor = self.text[:begin] + self.text[self.cursor :], begin

    def delete_to_end(self) -> None:
        self.text = self.text[: self.cursor] + self.text[self._line_end() :]

    def left(self) -> None:
        self.cursor = max(0, self.cursor - 1)

    def right(self) -> None:
        self.cursor = min(len(self.text), self.cursor + 1)

    def word_left(self) -> None:
        self.cursor = len(_WORD.sub("", self.text[: self.cursor]))

    def word_right(self) -> None:
        rest = self.text[self.cursor :]
        self.cursor += len(rest) - len(re.sub(r"^\s*\S+", "", rest))

    def to_begin(self) -> None:
        self.cursor = self._line_begin()

    def to_end(self) -> None:
        self.cursor = self._line_end()

    def up(self) -> None:
        """Go to the line above, or to the input before."""
        begin = self._line_begin()
        if not begin:
            self._recall(self._at - 1)
            return
        above = self.text.rfind("\n", 0, begin - 1) + 1
        self.cursor = min(above + self.cursor - begin, begin - 1)

    def down(self) -> None:
        """Go to the line below, or to the input after."""
        begin, end = self._line_begin(), self._line_end()
        if end == len(self.text):
            self._recall(self._at + 1)
            return
        below = self.text.find("\n", end + 1)
        last = len(self.text) if below < 0 else below
        self.cursor = min(end + 1 + self.cursor - begin, last)

    def _recall(self, at: int) -> None:
        if 0 <= at <= len(self._earlier) and at != self._at:
            self._at = at
            self.text = self._earlier[at] if at < len(self._earlier) else ""
            self.cursor = len(self.text)

    def _line_begin(self) -> int:
        return self.text.rfind("\n", 0, self.cursor) + 1

    def _line_end(self) -> int:
        end = self.text.find("\n", self.cursor)
        return len(self.text) if end < 0 else end


_KEYS: Final[dict[str, Callable[[LineEditor], None]]] = {
    "\r": LineEditor.send,
    "\n": LineEditor.new_line,
    "\x1b\r": LineEditor.new_line,
    "\x1b\n": LineEditor.new_line,
    "\x03": LineEditor.interrupt,
    "\x1a": LineEditor.suspend,
    "\x04": LineEditor.end,
    "\x7f": LineEditor.backspace,
    "\x08": LineEditor.backspace,
    "\x1b[3~": LineEditor.delete,
    "\x17": LineEditor.delete_word,
    "\x1b\x7f": LineEditor.delete_word,
    "\x15": LineEditor.delete_to_begin,
    "\x0b": LineEditor.delete_to_end,
    "\x01": LineEditor.to_begin,
    "\x05": LineEditor.to_end,
    "\x1b[H": LineEditor.to_begin,
    "\x1b[F": LineEditor.to_end,
    "\x1b[1~": LineEditor.to_begin,
    "\x1b[4~": LineEditor.to_end,
    "\x1bOH": LineEditor.to_begin,
    "\x1bOF": LineEditor.to_end,
    "\x02": LineEditor.left,
    "\x06": LineEditor.right,
    "\x1b[D": LineEditor.left,
    "\x1b[C": LineEditor.right,
    "\x1bOD": LineEditor.left,
    "\x1bOC": LineEditor.right,
    "\x1bb": LineEditor.word_left,
    "\x1bf": LineEditor.word_right,
    "\x1b[1;5D": LineEditor.word_left,
    "\x1b[1;5C": LineEditor.word_right,
    "\x10": LineEditor.up,
    "\x0e": LineEditor.down,
    "\x1b[A": LineEditor.up,
    "\x1b[B": LineEditor.down,
    "\x1bOA": LineEditor.up,
    "\x1bOB": LineEditor.down,
}
