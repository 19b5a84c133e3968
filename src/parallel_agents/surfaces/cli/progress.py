"""Progress: a run's board on stderr: live on a terminal, a line for each change elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from typing import Protocol, Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from parallel_agents.core.run import RunStatus
from parallel_agents.surfaces.cli import render
from parallel_agents.views import format
from parallel_agents.views.board import Board, Lane

_SHOWN = 12
_HERTZ = 4
HEARTBEAT_SECONDS = 30.0


class Style(StrEnum):
    AUTO = "auto"
    LIVE = "live"
    TEXT = "text"
    NONE = "none"


class Progress(Protocol):
    def changed(self, lane: Lane, at: float) -> None:
        """A lane has changed; `at` is when, in seconds since the epoch."""
        ...

    def tick(self, now: float) -> float:
        """Print a sign of life if nothing was printed for long; seconds until the next tick."""
        ...

    def aside(self) -> AbstractContextManager[None]:
        """A block in which a result can be printed."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *error: object) -> None: ...


def choose(style: Style, board: Board) -> Progress:
    """The progress in a style; `auto` chooses by where stderr goes."""
    if style is Style.AUTO:
        style = Style.LIVE if render.err().is_terminal else Style.TEXT
    match style:
        case Style.LIVE:
            return LiveProgress(board, time.time)
        case Style.TEXT:
            return TextProgress(board)
        case Style.NONE:
            return NoProgress()


class NoProgress:
    def changed(self, lane: Lane, at: float) -> None: ...

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
            running, queued = board.count(RunStatus.RUNNING), board.count(RunStatus.QUEUED)
            counts = (*_finished(board), f"{running} running", f"{queued} queued")
            render.note(f"{format.clock(now)} {', '.join(counts)}")
            printed_at = now
        self._printed_at = printed_at
        return printed_at + HEARTBEAT_SECONDS - now

    def changed(self, lane: Lane, at: float) -> None:
        self._printed_at = at
        counts = f"{self._board.over}/{len(self._board.lanes)}"
        doing = f": {lane.doing}" if lane.doing else ""
        status = format.status(lane.status)
        render.note(f"{format.clock(at)} {counts} {lane.label} {status}{doing}")

    def aside(self) -> AbstractContextManager[None]:
        return nullcontext()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None: ...


class LiveProgress:
    """At most twelve live lanes and a line of totals, four times a second."""

    def __init__(self, board: Board, now: Callable[[], float]) -> None:
        self._board = board
        self._now = now
        self._began_at = now()
        self._live = self._make()

    def _make(self) -> Live:
        return Live(
            console=render.err(),
            get_renderable=self._draw,
            refresh_per_second=_HERTZ,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start(refresh=True)
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def changed(self, lane: Lane, at: float) -> None: ...

    def tick(self, now: float) -> float:
        return HEARTBEAT_SECONDS  # it draws itself

    @contextmanager
    def aside(self) -> Generator[None]:
        self._live.stop()
        try:
            yield
        finally:
            sys.stdout.flush()
            # A stopped display that is started again first erases as many lines as it drew last: the result.
            self._live = self._make()
            self._live.start(refresh=True)

    def _draw(self) -> RenderableType:
        waiting = [lane for lane in self._board.lanes.values() if not lane.status.is_over]
        # Those that run go before those that wait; within both the order of the team stays.
        waiting.sort(key=lambda lane: lane.status is RunStatus.QUEUED)
        table = Table.grid(padding=(0, 2))
        for lane in waiting[:_SHOWN]:
            table.add_row(*self._cells(lane))
        parts: list[RenderableType] = [table]
        if len(waiting) > _SHOWN:
            parts.append(Text(f"  … {len(waiting) - _SHOWN} more", style="dim"))
        parts.append(self._line())
        return Group(*parts)

    def _cells(self, lane: Lane) -> tuple[Text, Text, Text, Text]:
        since = "" if lane.began_at is None else format.seconds(self._now() - lane.began_at)
        return (
            Text(f"  {format.glyph(lane.status)}", style=format.style(lane.status)),
            Text(format.one_line(lane.label), no_wrap=True, overflow="ellipsis"),
            Text(since, justify="right"),
            Text(format.one_line(lane.doing), style="dim", no_wrap=True, overflow="ellipsis"),
        )

    def _line(self) -> Text:
        board = self._board
        failed = board.count(RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.KILLED)
        parts = [
            *_finished(board),
            f"{board.count(RunStatus.RUNNING)} running",
            f"{board.count(RunStatus.QUEUED)} queued",
            *([f"{failed} failed"] if failed else []),
            format.seconds(self._now() - self._began_at),
            format.tokens(board.spend),
            format.money(board.spend),
        ]
        return Text("  " + "   ".join(parts), style="bold")


def _finished(board: Board) -> tuple[str, ...]:
    """How many have finished; nothing before it is known how many there are."""
    return (f"{board.over}/{len(board.lanes)} finished",) if board.lanes else ()
