"""`pagents work`: execute what is queued and what dead processes left, until nothing is left."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Annotated

import typer

from parallel_agents.app.client import Client
from parallel_agents.app.opening import open_app, open_client
from parallel_agents.app.parts import Parts
from parallel_agents.core.ids import RunId
from parallel_agents.core.owner import Role
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter
from parallel_agents.interrupts import run_interruptible, unless
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext, Home, Notified, find_context
from parallel_agents.surfaces.cli.download_bar import DownloadBar
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.traced import traced
from parallel_agents.views import format

_LINGER_SECONDS = 3.0


_Linger = Annotated[float, typer.Option(hidden=True, min=0.0)]
_Lock = Annotated[int | None, typer.Option(hidden=True)]


def work(
    notify: Notified = None,
    home: Home = None,
    linger: _Linger = _LINGER_SECONDS,
    lock: _Lock = None,
) -> None:
    """Execute queued runs, and those that dead processes left, until none is left.

    --notify covers what this worker executes, unless something else is notified of it.

    `pagents spawn` starts such a worker in the background. The first Ctrl-C lets model calls in
    flight end, the second stops at once; unfinished runs stay queued.
    """
    context = find_context(home, notify=notify)
    told = None if notify is None else context.settings.notification
    with DownloadBar() as bar, traced(context.environment) as on_events:
        parts = Parts(on_fetch=bar, role=Role.WORKER, tell_unasked=told, on_events=on_events)
        is_done = run_interruptible(lambda stop: _work(context, parts, stop, linger, lock))
    if not is_done:
        render.note("Stopped; unfinished runs stay queued.")
        raise typer.Exit(Exit.INTERRUPTED)


async def _work(
    context: CliContext, parts: Parts, stop: asyncio.Event, linger: float, lock: int | None
) -> bool:
    """Work until done or stopped; return whether everything was executed before `stop` was set.

    It is done once there was nothing to do for `linger` seconds.

    Whoever started this worker locked the descriptor `lock`, so that nobody starts another one
    before this one is seen in the store.
    """
    while not stop.is_set():
        async with open_app(context.environment, context.settings, parts) as app:
            if lock is not None:
                with suppress(OSError):  # of a person who passed it
                    os.close(lock)
                lock = None
            await unless(stop, app.wait_quiet(linger))
            left_alone = await _orphans(app)
        async with open_client(context.environment, context.settings) as client:
            # A process that queued a run while this worker was leaving still saw it alive.
            orphans = await _orphans(client)
            if orphans.keys() <= left_alone.keys():
                if not stop.is_set():
                    _report_left(client, orphans.values())
                return not stop.is_set()
    return False


async def _orphans(client: Client) -> dict[RunId, Row]:
    """Runs that no process has; those left while this worker is idle need something it lacks."""
    return {row.run.id: row for row in await client.sessions.list(Filter(orphaned=True))}


def _report_left(client: Client, rows: Iterable[Row]) -> None:
    """Say which runs stay in the store, and what this process lacks for them."""
    for row in rows:
        what = f"{format.name(row)} ({row.session.label})"
        why = client.readiness.lacks(row) or "a newer version of pagents wrote it"
        render.note(f"{format.clock(time.time())} left {what}: {why}")
