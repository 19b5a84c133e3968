"""Live area: the last lines of a terminal, drawn again and again without leaving a trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import RLock

from rich.console import Console, ConsoleRenderable, RenderHook
from rich.control import Control
from rich.segment import ControlType
from rich.text import Text
from typing_extensions import override

Draw = Callable[[int, int], Sequence[Text]]


class LiveArea(RenderHook):
    """Lines below all that is printed.

    A terminal that became narrower has wrapped the lines that were drawn before, each for itself, so
    that they are erased by the cells that they took and not by their number.

    Args:
        console: where they are drawn; what is printed by it appears above them.
        draw: the lines for a width and a height; each is drawn on one line.
    """

    def __init__(self, console: Console, draw: Draw) -> None:
        self._console = console
        self._draw = draw
        self._lock = RLock()  # guards what is drawn against prints of other threads
        self._cells: list[int] = []
        self._is_drawn = False

    def start(self) -> None:
        """Draw the lines from now on."""
        with self._lock:
            self._is_drawn = self._console.is_terminal and not self._console.is_dumb_terminal
            if self._is_drawn:
                self._console.show_cursor(show=False)
                self._console.push_render_hook(self)
                self.refresh()

    def stop(self) -> None:
        """Erase the lines, and draw none until the next start."""
        with self._lock:
            if self._is_drawn:
                self._is_drawn = False
                self._console.pop_render_hook()
                self._console.print(self._erasing(), end="")
                self._cells = []
                self._console.show_cursor(show=True)

    def refresh(self) -> None:
        """Draw the lines as they are now."""
        with self._lock:
            if self._is_drawn:
                self._console.print(Control())

    @override
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        with self._lock:
            erasing = self._erasing()
            # The last column stays free: a cursor behind it is on one line or on the next.
            width, height = max(self._console.width - 1, 1), max(self._console.height - 1, 1)
            lines = list(self._draw(width, height))[:height]
            for line in lines:
                line.truncate(width)
            self._cells = [line.cell_len for line in lines]
            drawn = Text("\n", end="").join(lines)
            drawn.end = ""
            drawn.no_wrap = True
            return [erasing, *renderables, drawn]

    def _erasing(self) -> Control:
        if not self._cells:
            return Control()
        width = max(self._console.width, 1)
        rows = sum(max(-(-cells // width), 1) for cells in self._cells)
        line = (ControlType.ERASE_IN_LINE, 2)
        up = ((ControlType.CURSOR_UP, 1), line)
        return Control(ControlType.CARRIAGE_RETURN, line, *(up * (rows - 1)))
