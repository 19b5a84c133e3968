"""ChatScreen: an answer that arrives above a line that is typed, on a terminal.

Finished lines are printed once and stay. Below them is a region that is drawn anew at each change:
the line of the answer that is being written, and what was typed. Everything is cleaned of control
characters before it is printed, so no answer controls the terminal.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from textwrap import TextWrapper

from rich.cells import cell_len, chop_cells

from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.cli.line_editor import LineEditor
from parallel_agents.views import format

_PROMPT, _MORE = "> ", "  "
_STYLES = {"": "", "dim": "\x1b[2m", "bold": "\x1b[1m", "yellow": "\x1b[33m", "red": "\x1b[31m"}
_RESET = "\x1b[0m"


class ChatScreen:
    """The screen of a chat.

    Args:
        write: writes text to the terminal, at once.
        size: the terminal's columns and lines.
        has_styles: whether to print in colours.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        editor: LineEditor,
        *,
        size: Callable[[], os.terminal_size] = shutil.get_terminal_size,
        has_styles: bool = True,
    ) -> None:
        self._write = write
        self._editor = editor
        self._size = size
        self._has_styles = has_styles
        self._partial = ""
        self._status = ""
        self._rows: list[int] = []  # the cells of each row of the region
        self._cursor_row = 0

    def line(self, text: str, style: str = "") -> None:
        """Print lines above the region, in which the answer's line so far stays."""
        self._draw([*self._wrapped(text)], style)

    def text(self, piece: str) -> None:
        """Show a piece of the answer."""
        self._partial += piece
        *lines, self._partial = self._partial.split("\n")
        rows = [row for line in lines for row in self._wrapped(line)]
        *full, rest = self._wrapped(self._partial)
        if full:
            rows += full
            self._partial = rest + self._partial[len(self._partial.rstrip(" ")) :]
        self._draw(rows)

    def end_text(self) -> None:
        """Print the line of the answer so far as a finished one."""
        partial, self._partial = self._partial, ""
        if partial:
            self._draw(self._wrapped(partial))

    def status(self, text: str) -> None:
        """Say in the region what is done now; empty for nothing."""
        if text != self._status:
            self._status = text
            self._draw([])

    def refresh(self) -> None:
        """Draw the region anew, after an edit or a change of the terminal's size."""
        self._draw([])

    def clear(self) -> None:
        """Leave the region, so that something else can be printed."""
        self._write(self._erase())
        self._rows, self._cursor_row = [], 0

    def _wrapped(self, text: str) -> list[str]:
        """Lines of whole words within the terminal's width, each indented as it is."""
        width = max(2, self._size().columns - 1)
        rows: list[str] = []
        for line in KNOWN.hide(format.clean(text)).split("\n"):
            indent = min(len(line) - len(line.lstrip(" ")), width // 2)
            wrapper = TextWrapper(
                width=width,
                subsequent_indent=" " * indent,
                break_long_words=False,
                break_on_hyphens=False,
                replace_whitespace=False,
                expand_tabs=False,
            )
            rows += wrapper.wrap(line) or [""]
        return rows

    def _draw(self, rows: list[str], style: str = "") -> None:
        begin = _STYLES.get(style, "") if self._has_styles else ""
        styled = [f"{begin}{row}{_RESET}" if begin and row else row for row in rows]
        region, cursor = self._region()
        text = self._erase() + "".join(f"{row}\r\n" for row in styled) + "\r\n".join(region)
        self._rows = [cell_len(row) for row in region]
        self._cursor_row, column = cursor
        up = len(region) - 1 - self._cursor_row
        text += (f"\x1b[{up}A" if up else "") + "\r" + (f"\x1b[{column}C" if column else "")
        self._write(text)

    def _erase(self) -> str:
        """Go to the beginning of the region, whose rows a narrower terminal has wrapped, and erase it."""
        if not self._rows:
            return ""
        width = max(1, self._size().columns)
        above = sum(max(1, -(-cells // width)) for cells in self._rows[: self._cursor_row])
        return (f"\x1b[{above}A" if above else "") + "\r\x1b[J"

    def _region(self) -> tuple[list[str], tuple[int, int]]:
        """The rows of the region, and the row and the column of the cursor."""
        size = self._size()
        width = max(4, size.columns - 1)
        above = [format.clean(self._partial)] if self._partial else []
        if self._status:
            above.append(format.cut(self._status, width))
        rows, cursor = _typed_rows(self._editor, width)
        most = max(1, size.lines - len(above) - 1)
        first = min(max(0, cursor[0] - most + 1), max(0, len(rows) - most))
        shown = rows[first : first + most]
        return [*above, *shown], (len(above) + cursor[0] - first, cursor[1])


def _typed_rows(editor: LineEditor, width: int) -> tuple[list[str], tuple[int, int]]:
    """What was typed as rows of at most `width` cells, and where the cursor is in them."""
    rows: list[str] = []
    cursor, done = (0, cell_len(_PROMPT)), 0
    for number, line in enumerate(editor.text.split("\n")):
        prompt = _MORE if number else _PROMPT
        for part in chop_cells(_shown(line), width - cell_len(prompt)) or [""]:
            if done <= editor.cursor:
                before = part[: editor.cursor - done]
                cursor = (len(rows), cell_len(prompt) + cell_len(before))
            rows.append(prompt + part)
            prompt = _MORE
            done += len(part)
        done += 1
    return rows, cursor


def _shown(line: str) -> str:
    """A typed line with one character for each of its own, none of which controls the terminal."""
    return "".join(each if each.isprintable() else "?" for each in line)
