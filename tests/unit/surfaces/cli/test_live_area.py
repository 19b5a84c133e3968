"""A live area leaves no trace, even if the terminal became narrower since it was drawn."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from parallel_agents.surfaces.cli.live_area import LiveArea
from tests.support.terminal import Screen


class Drawn:
    """A console on a screen, with an area that draws some lines."""

    def __init__(self, width: int) -> None:
        self._stream = io.StringIO()
        self.screen = Screen(width)
        self.console = Console(
            file=self._stream, force_terminal=True, width=width, height=24, soft_wrap=True
        )
        self.lines = ["x" * 60, "y" * 30, "totals"]
        self.area = LiveArea(self.console, lambda width, _: [Text(x[:width]) for x in self.lines])

    def show(self) -> str:
        self.screen.feed(self._stream.getvalue().replace("\n", "\r\n"))
        self._stream.seek(0)
        self._stream.truncate()
        return self.screen.text

    def resize(self, width: int) -> None:
        self.show()
        self.screen.resize(width)
        self.console.width = width


@pytest.mark.parametrize("widths", [(50,), (25,), (120,), (25, 120), (20, 19, 80)])
def test_nothing_is_left_after_a_resize(widths: tuple[int, ...]) -> None:
    drawn = Drawn(80)
    drawn.console.print("before")
    drawn.area.start()

    for width in widths:
        drawn.resize(width)
        drawn.area.refresh()
    lines = drawn.show().rstrip().split("\n")
    drawn.area.stop()

    assert lines == ["before", *(line[: widths[-1] - 1] for line in drawn.lines)]
    assert drawn.show().rstrip() == "before"
    assert drawn.screen.is_cursor_shown


def test_what_is_printed_meanwhile_stands_above() -> None:
    drawn = Drawn(80)
    drawn.area.start()

    drawn.console.print("a note")
    text = drawn.show()
    drawn.area.stop()
    drawn.console.print("after")

    assert text.split("\n")[0] == "a note"
    assert text.count("totals") == 1
    assert drawn.show().rstrip() == "a note\nafter"
