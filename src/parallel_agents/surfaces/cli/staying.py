"""Staying: a worker as a service, which waits for work until it is asked to stop."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from parallel_agents.app import farewell
from parallel_agents.app.client import App, Client
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.ids import RunId
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import unless
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.service_manager import ServiceManager
from parallel_agents.surfaces.cli.worker_health import (
    HealthFile,
    WorkerHealth,
    WorkerState,
    kept_health_file,
)
from parallel_agents.views import format

_RENEW_SECONDS = 5.0


class StayOptions(NamedTuple):
    """How a worker stays.

    Attributes:
        health_file: the file that it renews every five seconds.
        grace_seconds: how long calls in flight may take once it is asked to stop.
    """

    health_file: Path
    grace_seconds: float


async def stay(
    context: CliContext, parts: Parts, options: StayOptions, stop: asyncio.Event
) -> None:
    """Execute what is queued and what dead processes left, until `stop` is set.

    Then nothing new starts, and the calls in flight may end within the grace. What is left of them is
    cancelled; every run continues from its last event in another worker.

    Raises:
        StoreError: the store has failed; a service manager starts the worker again.
        HealthFileTaken: another worker keeps the health file.
    """
    with kept_health_file(options.health_file, context.environment.home) as file:
        async with open_app(context.environment, context.settings, parts) as app:
            signs = _Signs(app, file, ServiceManager(context.environment.variables))
            await signs.renew()
            render.note(
                f"{_now()} worker {os.getpid()} stays at work in {context.environment.home}"
            )
            await unless(stop, signs.keep())
            await _leave(app, signs, options.grace_seconds)
    render.note(f"{_now()} stopped; unfinished runs stay queued")


def report_left(client: Client, rows: Iterable[Row]) -> None:
    """Say which runs stay in the store, and what this process lacks for them."""
    left = {row.session.key: row for row in rows}
    lacks = {key: client.readiness.lacks(row) for key, row in left.items()}
    # A group is left whole: what one of it lacks keeps the others, too.
    of_groups = {row.session.parent: lacks[key] for key, row in left.items() if lacks[key]}
    for key, row in left.items():
        what = f"{format.name(row)} ({row.session.label})"
        of_group = lacks.get(row.session.parent or key) or of_groups.get(row.session.parent or key)
        why = lacks[key] or of_groups.get(key) or of_group or "a newer version of pagents wrote it"
        render.note(f"{_now()} left {what}: {why}")


async def orphans_of(client: Client) -> dict[RunId, Row]:
    """Runs that no process has; those left while this worker is idle need something it lacks."""
    return {row.run.id: row for row in await client.sessions.list(Filter(orphaned=True))}


async def _leave(app: App, signs: _Signs, grace_seconds: float) -> None:
    """Let the calls in flight end within the grace, and cancel the others."""
    signs.state = WorkerState.STOPPING
    signs.manager.stopping()
    keeping = asyncio.create_task(signs.keep())
    try:
        async with asyncio.timeout(grace_seconds):
            await signs.renew()  # the state has changed
            await app.let_calls_end(_note_stopping)
    except TimeoutError:
        render.note(
            f"{_now()} the grace of {grace_seconds:g}s is over; calls in flight are cut off"
        )
        app.cancel_all()
    finally:
        keeping.cancel()
        await asyncio.wait({keeping})
    if not keeping.cancelled():
        keeping.result()


def _note_stopping(calls: int) -> None:
    render.note(f"{_now()} {farewell.stopping(calls)}")


def _now() -> str:
    return format.clock(time.time())


class _Signs:
    """The signs of life of this worker: its health file, and what its service manager hears.

    Attributes:
        state: whether it still takes work.
    """

    def __init__(self, app: App, file: HealthFile, manager: ServiceManager) -> None:
        self.manager = manager
        self.state = WorkerState.WORKING
        self._app = app
        self._file = file
        self._orphans: Mapping[RunId, Row] = {}
        self._told: set[RunId] = set()
        self._is_ready = False
        self._file_error = ""

    async def keep(self) -> None:
        """Give a sign of life every five seconds, until the store fails.

        Raises:
            StoreError: the store has failed.
        """
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_RENEW_SECONDS):
                    await self._app.until_failed()
            await self.renew()

    async def renew(self) -> None:
        """Give a sign of life, which needs answers of the store, and name the runs that are left."""
        left = await self._find_left()
        live = Filter(is_live=True, every_run=True)
        health = WorkerHealth(
            state=self.state,
            calls=self._app.calls_in_flight,
            unfinished=await self._app.journal.count_rows(live),
            left=len(left),
        )
        await self._write(health)
        if not self._is_ready:
            self.manager.ready()
            self._is_ready = True
        self.manager.alive(health.brief())

    async def _write(self, health: WorkerHealth) -> None:
        """Renew the file; once the worker is at work, a file that cannot be written only ages."""
        try:
            await self._file.write(health)
        except InvalidInput as error:
            if not self._is_ready:
                raise
            if self._file_error != str(error):
                self._file_error = str(error)
                render.note(f"{_now()} {error.message}: {error.why}")

    async def _find_left(self) -> Mapping[RunId, Row]:
        """The runs that nobody took between two signs of life."""
        found = await orphans_of(self._app)
        left = {run: row for run, row in found.items() if run in self._orphans}
        self._orphans = found
        if self.state is WorkerState.WORKING:
            report_left(self._app, [row for run, row in left.items() if run not in self._told])
            self._told |= left.keys()
        return left
