"""Progress: a run's board on stderr: live on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from enum import StrEnum
from typing import Annotated, Protocol, Self

import typer
from rich.text import Text

from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.live_area import LiveArea
from parallel_agents.surfaces.cli.live_lines import Size, counted, drawn, finished
from parallel_agents.views import format
from parallel_agents.views.board import Board, Lane

_HERTZ = 4
_MOST_WRITTEN = 4000
HEARTBEAT_SECONDS = 30.0


class Style(StrEnum):
    AUTO = "auto"
    LIVE = "live"
    TEXT = "text"
    NONE = "none"


ProgressStyle = Annotated[Style, typer.Option("--progress", help="How to show progress.")]


class Progress(Protocol):
    """How work is shown."""

    def changed(self, lane: Lane, at: float) -> None:
        """A lane has changed; `at` is when, in seconds since the epoch."""
        ...

    def wrote(self, text: str) -> None:
        """The only agent's model has written a further piece of its reply."""
        ...

    def tick(self, now: float) -> float:
        """Draw, or print a sign of life if nothing was printed for long; seconds until the next tick."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """A block in which a result can be printed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


def is_live(style: Style) -> bool:
    """Whether a style draws on the terminal, and so shows what a model writes."""
    console = render.err()
    can_draw = console.is_terminal and not console.is_dumb_terminal
    return style is Style.LIVE or (style is Style.AUTO and can_draw)


def choose(style: Style, board: Board, began_at: float | None = None) -> Progress:
    """The progress in a style; `auto` chooses by where stderr goes.

    `began_at` is when the work began, in seconds since the epoch, moved on by the time while no
    process executed it; None for now.
    """
    if style is Style.AUTO:
        style = Style.LIVE if is_live(style) else Style.TEXT
    match style:
        case Style.LIVE:
            return LiveProgress(board, time.time, began_at)
        case Style.TEXT:
            return TextProgress(board)
        case Style.NONE:
            return NoProgress()


class NoProgress:
    def changed(self, lane: Lane, at: float) -> None: ...

    def wrote(self, text: str) -> None: ...

    def tick(self, now: float) -> float:
        return HEARTBEAT_SECONDS

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...


class TextProgress:
    """A line for each change, and one if nothing has changed for 30 s."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._printed_at: float | None = None

    def tick(self, now: float) -> float:
        printed_at = now if self._printed_at is None else self._printed_at
        if now - printed_at >= HEARTBEAT_SECONDS:
            board = self._board
            counts = (*finished(board), *board.counts)
            render.note(f"{format.clock(now)} {', '.join(counts)}")
            printed_at = now
        self._printed_at = printed_at
        return printed_at + HEARTBEAT_SECONDS - now

    def changed(self, lane: Lane, at: float) -> None:
        self._printed_at = at
        counts = "".join(counted(self._board))
        doing = f": {lane.doing}" if lane.doing else ""
        render.note(f"{format.clock(at)} {counts} {lane.label} {lane.state}{doing}")

    def wrote(self, text: str) -> None: ...

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...


class LiveProgress:
    """The lanes that are live and a line of totals, four times a second, and what one agent writes."""

    def __init__(
        self, board: Board, now: Callable[[], float], began_at: float | None = None
    ) -> None:
        self._board = board
        self._now = now
        self._began_at = now() if began_at is None else began_at
        self._written = ""
        self._area = LiveArea(render.err(), self._draw)

    def __enter__(self) -> Self:
        self._area.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._area.stop()

    def changed(self, lane: Lane, at: float) -> None:
        self._written = ""  # what was written is a reply now, or is written anew

    def wrote(self, text: str) -> None:
        self._written = f"{self._written}{text}"[-_MOST_WRITTEN:]

    def tick(self, now: float) -> float:
        self._area.refresh()
        return 1 / _HERTZ

    @contextmanager
    def aside(self) -> Generator[None]:
        self._area.stop()
        try:
            yield
        finally:
            sys.stdout.flush()
            self._area.start()

    def _draw(self, width: int, height: int) -> list[Text]:
        written = KNOWN.hide(self._written) if self._written else ""
        return drawn(self._board, self._now(), self._began_at, Size(width, height), written)


@asynccontextmanager
async def ticking(shown: Progress) -> AsyncGenerator[None]:
    """Tick the progress for as long as the block lasts."""

    async def tick() -> None:
        while True:  # noqa: ASYNC110 - it waits for time to pass
            await asyncio.sleep(shown.tick(time.time()))

    ticking = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticking.cancel()
        await asyncio.wait({ticking})
