"""Foreground: work that this process executes while somebody watches and can stop it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import typer

from parallel_agents.app.client import App
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.event import Finished
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.errors import OutputLost
from parallel_agents.interrupts import run_interruptible, to_its_end, unless
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.download_bar import DownloadBar
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.result_files import results_folder, write_result
from parallel_agents.views.board import Board

T = TypeVar("T")


class Work(NamedTuple):
    """Work that was started.

    Attributes:
        name: the name by which to find it later.
        session: the top of its tree.
        run: the run whose end marks the end of the work.
        labels: the label of each agent's run, in order.
    """

    name: str
    session: SessionKey
    run: RunId
    labels: Mapping[RunId, str]


class Display(NamedTuple):
    """How work is shown: the style of progress, and whether the result is one JSON document."""

    style: progress.Style
    is_json: bool


Begin: TypeAlias = Callable[[], Coroutine[None, None, Work]]


def run_in_foreground(
    context: CliContext,
    prepare: Callable[[App], Coroutine[None, None, Begin]],
    conclude: Callable[[App, Work], Coroutine[None, None, T]],
    display: Display,
) -> T:
    """Start work, show it until it ends, and return what `conclude` makes of it.

    `prepare` may take long, such as for a download, and stores nothing. The function that it returns
    starts the work, and is never interrupted: accepted work is always named.

    The first Ctrl-C starts nothing new and lets model calls in flight end; the second stops at once.
    Both print how to continue, and exit with 130. If the output is lost, the work stops as well: what
    nobody reads should cost no more.

    Raises:
        OutputLost: nobody reads stdout any more, or its disk is full.
    """
    started: list[Work] = []

    async def execute(stop: asyncio.Event, bar: DownloadBar) -> T | None:
        async with open_app(context.environment, context.settings, Parts(on_fetch=bar)) as app:

            async def start(begin: Begin) -> Work:
                started.append(await begin())
                return started[-1]

            async def run_to_the_end() -> T:
                begin = await prepare(app)
                bar.close()
                work = await to_its_end(start(begin))
                await _watch(
                    app, work, display, results_folder(context.environment.home, work.name)
                )
                return await conclude(app, work)

            concluded = await unless(stop, run_to_the_end())
            if concluded is None:
                render.note("Stopping: nothing new starts; calls in flight can finish.")
                render.note("Ctrl-C again stops at once.")
        return concluded

    bar = DownloadBar()
    try:
        with bar:
            concluded = run_interruptible(lambda stop: execute(stop, bar))
    except KeyboardInterrupt:
        concluded = None
    except OutputLost:
        _print_how_to_continue(started)
        raise
    if concluded is None:
        if bar.is_under_way:
            render.note("The part that was fetched is kept; the same command continues from there.")
        _print_how_to_continue(started)
        raise typer.Exit(Exit.INTERRUPTED)
    return concluded


def _print_how_to_continue(started: Sequence[Work]) -> None:
    for work in started:
        render.note(
            f"Stopped; everything so far is stored. Continue with: pagents resume {work.name}"
        )


async def _watch(app: App, work: Work, display: Display, folder: Path) -> None:
    """Show progress, and print and write each result as it comes, until all runs have ended."""
    board = Board.of(work.labels)
    with progress.choose(display.style, board) as shown:
        async with _ticking(shown), aclosing(app.sessions.follow(work.session)) as events:
            async for event in events:
                lane = board.take(event)
                if lane is None:
                    continue
                shown.changed(lane, event.at)
                if isinstance(event.body, Finished):
                    (result,) = await app.sessions.wait([event.run])
                    await asyncio.to_thread(write_result, result, folder)
                    if not display.is_json:
                        with shown.aside():
                            render.result(result)
                if board.is_over:
                    break
        await app.sessions.wait([work.run])


@asynccontextmanager
async def _ticking(shown: progress.Progress) -> AsyncGenerator[None]:
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
