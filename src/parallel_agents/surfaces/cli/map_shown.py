"""Maps as they are shown: one line of progress with an estimate, and a summary in the end."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from rich.text import Text

from parallel_agents.app.client import App
from parallel_agents.core.ids import RunId, SessionKey, function_of
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import GatewayUnreachable
from parallel_agents.interrupts import to_its_end
from parallel_agents.maps.progress import MapProgress
from parallel_agents.maps.request import MAP
from parallel_agents.maps.source import Source, left_out
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.foreground import Display, Show, Shown, Work, ended_before
from parallel_agents.surfaces.cli.live_area import LiveArea
from parallel_agents.surfaces.cli.question_prompt import QuestionPrompt
from parallel_agents.views import cells, format
from parallel_agents.views.documents import result_json
from parallel_agents.views.last_tries import last_tries

_LIVE_SECONDS, _TEXT_SECONDS, _ECHO_SECONDS = 0.25, 10.0, 0.25
_QUESTION_SECONDS = 0.5
_END_SECONDS = 2.0
_ECHOED_BYTES = 1_000_000
_NONE: Mapping[str, Json] = {}


def is_map(session: SessionKey) -> bool:
    """Whether a session is a map's."""
    return function_of(session) == MAP


def announce_map(row: Row, *, is_json: bool, of: str = "") -> Work:
    """Print which map was started.

    Args:
        row: the map.
        is_json: whether it is announced as JSON.
        of: its rows and their model.
    """
    name = format.name(row)
    if is_json:
        render.launched(name, row.session.key, agents=None)
    told = f"   {of}" if of else ""
    render.note(f"▶ {row.session.label} {name}{told}{ended_before(row.run)}")
    return Work(name, row.session.key, row.run.id, {})


def tell_note(text: str) -> None:
    """Say what is to be known about a map."""
    render.note(f"Note: {text}.")


def note_left_out(source: Source) -> None:
    """Say which files are no rows."""
    if told := left_out(source):
        render.note(told)


def show_map(display: Display, echoed: Path | None = None) -> Show:
    """Shows maps by their progress, and copies the file of results to stdout if it is `echoed`."""

    def show(app: App, work: Work, usual: Shown) -> Shown:
        return _ShownMap(app, work, display, echoed) if is_map(work.session) else usual

    return show


class _ShownMap:
    """A map that was started, and its progress."""

    def __init__(self, app: App, work: Work, display: Display, echoed: Path | None) -> None:
        self.work = work
        self.is_over = False
        self._app = app
        self._style = display.style
        self._echoed = echoed
        self._echo = self._new_echo()

    async def watch(self) -> None:
        await self._watch_run()
        while (then := self.work.then) is not None:
            begin = await then()
            self.work = await to_its_end(begin())
            self._echo = self._new_echo()
            await self._watch_run()

    async def _watch_run(self) -> None:
        style = self._style
        if style is progress.Style.AUTO:
            is_live = render.err().is_terminal and self._echo is None
            style = progress.Style.LIVE if is_live else progress.Style.TEXT
        sessions = self._app.sessions
        line = LiveLine(self._told) if style is progress.Style.LIVE else None
        waiting = asyncio.create_task(sessions.wait([self.work.run]))
        try:
            async with (
                QuestionPrompt(sessions, line.aside if line else nullcontext, 0.0) as prompt,
                asking(sessions, self.work.session, prompt),
            ):
                if line is not None:
                    await line.watch(waiting)
                else:
                    await self._watch_text(waiting, is_told=style is progress.Style.TEXT)
                await waiting
        finally:
            waiting.cancel()
        if self._echo is not None and self._progress is None:
            self._echo.open()
        self._copy()

    async def catch_up(self) -> None:
        sessions, journal = self._app.sessions, self._app.journal
        (row,) = await sessions.rows_of([self.work.run])
        rows = (await last_tries(sessions, journal, row)).rows
        if rows is not None and rows.ended == rows.total:
            with suppress(TimeoutError):  # it ends as soon as it has heard of its last row
                await sessions.wait([self.work.run], timeout=_END_SECONDS)
            (row,) = await sessions.rows_of([self.work.run])
        self.is_over = row.run.status.is_over and self.work.then is None
        self._copy()
        if (now := self._progress) is not None and not self.is_over:
            render.note(describe(now))

    def _new_echo(self) -> _Echo | None:
        """What copies the results of the run; those of another's are not asked for."""
        return None if self._echoed is None or self.work.then else _Echo(self._echoed)

    @property
    def _progress(self) -> MapProgress | None:
        return self._app.maps.progress.get(self.work.session)

    def _told(self) -> str:
        now = self._progress
        if now is None:
            return "waiting for its end" if self.work.then else "reading the rows"
        return describe(now)

    async def _watch_text(self, waiting: asyncio.Task[list[Result]], *, is_told: bool) -> None:
        told_at = time.monotonic()
        while not waiting.done():
            seconds = _TEXT_SECONDS if self._echo is None else _ECHO_SECONDS
            await asyncio.wait({waiting}, timeout=seconds)
            self._copy()
            now = self._progress
            if is_told and now is not None and time.monotonic() - told_at >= _TEXT_SECONDS:
                told_at = time.monotonic()
                render.note(f"{format.clock(time.time())} {describe(now)}")

    def _copy(self) -> None:
        if self._echo is not None:
            self._echo.copy()


@asynccontextmanager
async def asking(
    sessions: Sessions, map: SessionKey, prompt: QuestionPrompt
) -> AsyncGenerator[None]:
    """Show what the rows of a map ask a person until the block exits.

    All events of a map would be too many to look at for these.
    """
    task = asyncio.create_task(_ask(sessions, map, prompt))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait({task})
        if not task.cancelled():
            task.result()  # raises what it failed of


async def _ask(sessions: Sessions, map: SessionKey, prompt: QuestionPrompt) -> None:
    is_own: dict[RunId, bool] = {}
    while True:
        with suppress(GatewayUnreachable):  # whoever fetches the results tries again, and says so
            waiting = await sessions.questions()
            unknown = [each.run for each in waiting if each.run not in is_own]
            for row in await sessions.rows_of(unknown) if unknown else ():
                is_own[row.run.id] = row.session.root == map
            prompt.hear([each for each in waiting if is_own.get(each.run)])
        await asyncio.sleep(_QUESTION_SECONDS)


class LiveLine:
    """One line at a terminal that is drawn anew until a map has ended.

    Args:
        told: what it says.
    """

    def __init__(self, told: Callable[[], str]) -> None:
        self._told = told
        self._area = LiveArea(render.err(), self._drawn)
        self._is_watched = False

    def _drawn(self, width: int, _: int) -> list[Text]:
        return [Text(line, "bold") for line in cells.wrapped(f"  {self._told()}", width)]

    async def watch(self, waiting: asyncio.Task[Any]) -> None:
        """Draw the line until the task has ended."""
        self._is_watched = True
        self._area.start()
        try:
            while not waiting.done():
                self._area.refresh()
                await asyncio.wait({waiting}, timeout=_LIVE_SECONDS)
        finally:
            self._is_watched = False
            self._area.stop()

    @contextmanager
    def aside(self) -> Generator[None]:
        """A block in which something else can be printed."""
        self._area.stop()
        try:
            yield
        finally:
            if self._is_watched:
                self._area.start()


class _Echo:
    """Copies what a file of results gets to stdout."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._began = path.stat().st_ino if path.exists() else 0
        self._file: BinaryIO | None = None

    def open(self) -> None:
        """Take the file as that of the run, which another process may have begun before it was looked at."""
        if self._file is None and self._path.exists():
            self._file = self._path.open("rb")

    def copy(self) -> None:
        """Copy what is new."""
        if self._path.exists() and self._path.stat().st_ino != self._began:
            self.open()  # else it is that of an earlier run
        if self._file is None:
            return
        while data := self._file.read(_ECHOED_BYTES):
            sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


def describe(now: MapProgress) -> str:
    """How far a map is, on one line."""
    left, forecast = now.seconds_left(time.monotonic()), now.forecast_usd()
    cost = "cost unknown" if now.spent.cost_usd is None else format.money(now.spent)
    parts = [
        f"{now.ended:,}/{now.rows:,} rows",
        *([f"{now.reused:,} done before"] if now.reused else []),
        *([f"{now.failed:,} failed"] if now.failed else []),
        *([f"{now.killed:,} killed"] if now.killed else []),
        *([f"about {format.seconds(left)} left"] if left else []),
        *([f"{cost} so far"] if now.spent.calls else []),
        *([f"about ${forecast:.2f} in all"] if forecast else []),
    ]
    return "   ".join(parts)


async def concluded_map(
    app: App, work: Work, display: Display, *, is_echoed: bool = False
) -> Callable[[], RunStatus]:
    """Print how a map ended; the function that this returns does it, and returns the status."""
    (result,) = await app.sessions.wait([work.run])
    now = app.maps.progress.get(work.session)
    return partial(print_map, work, result, now, display, is_quiet=is_echoed)


def print_map(
    work: Work,
    result: Result,
    now: MapProgress | None,
    display: Display,
    *,
    is_quiet: bool,
    out: str | None = None,
) -> RunStatus:
    """Print what a map came to, and return its status.

    Args:
        work: the map.
        result: of its run.
        now: its progress as far as this process knows it; None for not at all.
        display: how it is shown.
        is_quiet: whether stdout has the results.
        out: the file of results, if it is another one than its run wrote; empty for none.
    """
    counts: Mapping[str, Json] = _NONE
    if isinstance(result.output_json, Mapping):
        counts = result.output_json
    if display.is_json and not is_quiet:
        item: dict[str, object] = {
            **result_json(result),
            "reused": now.reused if now else None,
            **({"out": out} if out else {}),
        }
        render.envelope("mapped", time.time(), [item], id=work.name, status=result.status.value)
        return result.status
    if (reduced := counts.get("reduced")) is not None:
        for part in format.output(reduced).splitlines():
            (render.note if is_quiet else render.line)(part)
    render.note(_summary(result, counts, now), format.style(result.status))
    if result.error is not None:
        render.error(result.error)
    if written := counts.get("out") if out is None else out:
        render.note(f"The results are in {written}")
    letters = "" if result.is_done else " · pagents dlq list"
    render.note(f"Next: pagents show {work.name} · pagents cost{letters}")
    return result.status


def _summary(result: Result, counts: Mapping[str, Json], now: MapProgress | None) -> str:
    done = f"{counts.get('done', 0):,}/{counts.get('rows', 0):,} rows done" if counts else ""
    reused = 0 if now is None else now.reused
    is_old = bool(counts) and reused == counts.get("rows") and "reduced" not in counts
    before = f"{reused:,} done before" if reused and not is_old else ""
    took = " before, nothing ran" if is_old else f" in {format.seconds(result.seconds)}"
    parts = [
        f"{format.glyph(result.status)} {format.status(result.status)}{took}",
        done,
        before,
        *_spent(result.total_spend, now),
    ]
    return "   ".join(filter(None, parts))


def _spent(total: Spend, now: MapProgress | None) -> Sequence[str]:
    """The tokens and the cost; of a map that was continued, those of now, if they are known, and the cost of all its runs."""
    if now is None or not (now.before.calls or now.reused):
        return format.tokens(total), format.money(total)
    if not now.before.calls:
        return (f"{format.money(total)} in all runs",)
    spent = total.since(now.before)
    here = (format.tokens(spent), format.money(spent)) if spent.calls else ("$0",)
    return *here, f"{format.money(total)} in all runs"
