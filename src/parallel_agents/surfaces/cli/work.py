"""`pagents work`: execute what is queued and what dead processes left, until nothing is left or for good."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.app.opening import open_app, open_client
from parallel_agents.app.parts import Parts
from parallel_agents.core.owner import Role
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_interruptible, unless
from parallel_agents.surfaces.cli import render, staying
from parallel_agents.surfaces.cli.context import CliContext, Home, Notified, find_context
from parallel_agents.surfaces.cli.download_bar import DownloadBar
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.surfaces.cli.staying import StayOptions, orphans_of, report_left
from parallel_agents.surfaces.cli.traced import traced
from parallel_agents.surfaces.cli.waited_for import waited_for
from parallel_agents.surfaces.cli.worker_health import HEALTH_NAME

_LINGER_SECONDS = 3.0


_GRACE_SECONDS = 30.0
_MOST_GRACE_SECONDS = 3600.0

_Linger = Annotated[float, typer.Option(hidden=True, min=0.0)]
_Lock = Annotated[int | None, typer.Option(hidden=True)]
_Stay = Annotated[bool, typer.Option("--stay", help="Stay as a service until SIGTERM or a Ctrl-C.")]
_HealthFile = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="What --stay renews every 5 s; by default worker-health.json in the home.",
    ),
]
_Grace = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="How long calls in flight may take once --stay is stopped; 30 by default.",
    ),
]


@executes_work
def work(
    stay: _Stay = False,
    health_file: _HealthFile = None,
    grace: _Grace = None,
    notify: Notified = None,
    home: Home = None,
    linger: _Linger = _LINGER_SECONDS,
    lock: _Lock = None,
) -> None:
    """Execute queued runs, and those that dead processes left, until none is left.

    --notify covers what this worker executes, unless something else is notified of it.

    `pagents spawn` starts such a worker in the background. The first Ctrl-C lets model calls in
    flight end, the second stops at once; unfinished runs stay queued. With --stay the worker waits
    for more work, and the first Ctrl-C or SIGTERM ends it with exit code 0.
    """
    _check(stay, health_file, grace)
    context = find_context(home, notify=notify)
    told = None if notify is None else context.settings.notification
    with DownloadBar() as bar, traced(context.environment) as on_events:
        parts = Parts(on_fetch=bar, role=Role.WORKER, tell_unasked=told, on_events=on_events)
        if stay:
            options = StayOptions(
                health_file=health_file or context.environment.home / HEALTH_NAME,
                grace_seconds=_GRACE_SECONDS if grace is None else grace,
            )
            run_interruptible(partial(staying.stay, context, parts, options))
            return
        is_done = run_interruptible(lambda stop: _work(context, parts, stop, linger, lock))
    if not is_done:
        render.note("Stopped; unfinished runs stay queued.")
        raise typer.Exit(Exit.INTERRUPTED)


def _check(is_staying: bool, health_file: Path | None, grace: float | None) -> None:
    for option, value in (("--health-file", health_file), ("--grace", grace)):
        if value is not None and not is_staying:
            raise InvalidInput(
                f"{option} requires --stay",
                why="a worker without it ends once no work is left",
                hint="add --stay, or leave it out",
            )
    if grace is not None and not 0 <= grace <= _MOST_GRACE_SECONDS:
        raise InvalidInput(
            f"--grace is {grace:g}",
            why=f"it must be between 0 and {_MOST_GRACE_SECONDS:g} seconds",
            hint="correct --grace, or leave it out",
        )


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
            async with waited_for(f"Works on what is queued; ends after {linger:g} s without any…"):
                await unless(stop, app.wait_quiet(linger))
            left_alone = await orphans_of(app)
        async with open_client(context.environment, context.settings) as client:
            # A process that queued a run while this worker was leaving still saw it alive.
            orphans = await orphans_of(client)
            if orphans.keys() <= left_alone.keys():
                if not stop.is_set():
                    report_left(client, orphans.values())
                return not stop.is_set()
    return False
