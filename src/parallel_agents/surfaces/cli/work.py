"""`pagents work`: carry out what is queued and what dead processes left, until nothing is left."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable

import typer

from parallel_agents.app.app import App, open_app, open_client
from parallel_agents.app.parts import Parts
from parallel_agents.core.ids import RunId
from parallel_agents.core.store import Filter, Role, Row
from parallel_agents.engines.local import LocalEngine
from parallel_agents.interrupts import unless
from parallel_agents.surfaces.cli import format, render
from parallel_agents.surfaces.cli.context import CliContext, Home, find_context
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.fetching import FetchBar
from parallel_agents.surfaces.cli.stopping import carry_out

_LINGER_SECONDS = 3.0


def work(home: Home = None) -> None:
    """Carry out what is queued and what dead processes left, until nothing is left.

    `pagents spawn` starts one in the background. Ctrl-C once lets model calls in flight end, twice
    stops at once; what is left stays queued.
    """
    context = find_context(home)
    with FetchBar() as bar:
        is_done = carry_out(lambda stop: _work(context, bar, stop))
    if not is_done:
        render.note("Stopped; what is left stays queued.")
        raise typer.Exit(Exit.INTERRUPTED)


async def _work(context: CliContext, bar: FetchBar, stop: asyncio.Event) -> bool:
    """Whether all was carried out, and not stopped before."""
    while not stop.is_set():
        parts = Parts(on_fetch=bar, role=Role.WORKER)
        async with open_app(context.environment, context.settings, parts) as app:
            if app.engine is not None:
                await unless(stop, _until_idle(app.engine))
            left_alone = await _orphans(app)
        async with open_client(context.environment, context.settings) as client:
            # Whoever queued a run while this worker was leaving still saw it alive.
            orphans = await _orphans(client)
            if orphans.keys() <= left_alone.keys():
                if not stop.is_set():
                    _tell_left(client, orphans.values())
                return not stop.is_set()
    return False


async def _orphans(app: App) -> dict[RunId, Row]:
    """Runs that nobody has; those that lie here while this worker idles need what it has not."""
    return {row.run.id: row for row in await app.store.rows(Filter(orphaned=True))}


def _tell_left(app: App, rows: Iterable[Row]) -> None:
    """Say which runs stay where they are, and what this process had not for them."""
    for row in rows:
        what = f"{format.name(row)} ({row.session.label})"
        render.note(f"{format.clock(time.time())} left {what}: {app.rules.lacks(row)}")


async def _until_idle(engine: LocalEngine) -> None:
    """Return once nothing has been there to do for a few seconds."""
    while True:
        await engine.wait_idle()
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                await engine.wait_busy()
        except TimeoutError:
            return
