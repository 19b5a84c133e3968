"""Attended: work that this process carries out while somebody looks on, and may stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import NamedTuple, TypeAlias, TypeVar

import typer

from parallel_agents.app.client import App
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.event import Finished
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.interrupts import run_interruptible, to_its_end, unless
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.download_bar import DownloadBar
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.result_files import results_folder, write_result
from parallel_agents.views.board import Board

T = TypeVar("T")


class Work(NamedTuple):
    """What was started.

    Attributes:
        name: by which it is found again.
        session: the tree in which it happens.
        run: its end is the end of the work.
        labels: what the agents' runs are called, in order.
    """

    name: str
    session: SessionKey
    run: RunId
    labels: Mapping[RunId, str]


class Display(NamedTuple):
    """How it is shown: the progress, and whether results wait for the one JSON document."""

    style: progress.Style
    is_json: bool


Begin: TypeAlias = Callable[[], Coroutine[None, None, Work]]


def run_in_foreground(
    context: CliContext,
    prepare: Callable[[App], Coroutine[None, None, Begin]],
    conclude: Callable[[App, Work], Coroutine[None, None, T]],
    look: Display,
) -> T:
    """Start work, show it until its end, and give what `conclude` makes of it.

    `prepare` may take long, as for a fetch, and keeps nothing; what it gives begins the work, and is
    not broken off: what was accepted is always named.

    Ctrl-C once starts nothing new and lets model calls in flight end; twice stops at once. Either
    says how to go on, and exits with 130.
    """
    started: list[Work] = []

    async def carry(stop: asyncio.Event, bar: DownloadBar) -> T | None:
        async with open_app(context.environment, context.settings, Parts(on_fetch=bar)) as app:

            async def begin_by(begin: Begin) -> Work:
                started.append(await begin())
                return started[-1]

            async def see_through() -> T:
                begin = await prepare(app)
                bar.close()
                work = await to_its_end(begin_by(begin))
                await _watch(app, work, look, results_folder(context.environment.home, work.name))
                return await conclude(app, work)

            concluded = await unless(stop, see_through())
            if concluded is None:
                render.note("Stopping: nothing new starts, calls in flight may end.")
                render.note("Ctrl-C again stops at once.")
        return concluded

    bar = DownloadBar()
    try:
        with bar:
            concluded = run_interruptible(lambda stop: carry(stop, bar))
    except KeyboardInterrupt:
        concluded = None
    if concluded is None:
        if bar.is_under_way:
            render.note("What is fetched is kept; the same command goes on from there.")
        for work in started:
            render.note(f"Stopped; all so far is kept. Go on with: pagents resume {work.name}")
        raise typer.Exit(Exit.INTERRUPTED)
    return concluded


async def _watch(app: App, work: Work, look: Display, folder: Path) -> None:
    """Show progress, show and keep each result as it comes, until all are over."""
    board = Board.of(work.labels)
    with progress.choose(look.style, board) as shown:
        async with _beating(shown), aclosing(app.sessions.follow(work.session)) as events:
            async for event in events:
                lane = board.take(event)
                if lane is None:
                    continue
                shown.changed(lane, event.at)
                if isinstance(event.body, Finished):
                    (given,) = await app.sessions.wait([event.run])
                    await asyncio.to_thread(write_result, given, folder)
                    if not look.is_json:
                        with shown.aside():
                            render.result(given)
                if board.is_over:
                    break
        await app.sessions.wait([work.run])


@asynccontextmanager
async def _beating(shown: progress.Progress) -> AsyncGenerator[None]:
    """One timer, for the whole, for as long as the block lasts."""

    async def tick() -> None:
        while True:  # noqa: ASYNC110 - it waits for time to pass, which no event tells
            await asyncio.sleep(shown.tick(time.time()))

    beating = asyncio.create_task(tick())
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.wait({beating})
