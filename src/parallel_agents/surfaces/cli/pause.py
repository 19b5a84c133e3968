"""`pagents pause` and `pagents unpause`: runs start nothing for a while, and then go on."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from parallel_agents.app.acting import Acting, open_acting
from parallel_agents.core.pause import PAUSE, UNPAUSE, Paused, left_alone
from parallel_agents.core.spelling import counted
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_context, find_store

_Names = Annotated[
    list[str], typer.Argument(help="Sessions, as in pagents show.", metavar="NAME...")
]


def pause(names: _Names, json: AsJson = False, home: Home = None) -> None:
    """Let runs and all below them start no call and no child, until unpause.

    Calls in flight end, and what they brought is kept. Messages wait, time limits stand still, and
    the pause outlives every process. `pagents kill` ends paused runs at once.
    """
    context = find_store(home)

    async def stop() -> list[Paused]:
        async with open_acting(context.environment, context.settings) as client:
            return [await client.sessions.pause(name) for name in names]

    done = run_cancellable(stop())
    if json:
        render.envelope("pause", time.time(), _items(names, done))
    else:
        _tell(PAUSE, names, done)


def unpause(names: _Names, json: AsJson = False, home: Home = None) -> None:
    """Let paused runs and all below them go on, whoever paused them."""
    context = find_context(home)

    async def go_on() -> list[Paused]:
        async with open_acting(context.environment, context.settings) as client:
            return [await unpaused(client, name) for name in names]

    done = run_cancellable(go_on())
    if json:
        render.envelope("unpause", time.time(), _items(names, done))
    else:
        _tell(UNPAUSE, names, done)


async def unpaused(client: Acting, name: str) -> Paused:
    """Let a session go on, and have a worker take up what no process has."""
    paused = await client.sessions.unpause(name)
    rows = await client.sessions.rows_of([run.id for run in paused.runs])
    if (row := left_alone(rows)) is not None:
        await client.ensure_worker(row.session.key, row.run.id)
    return paused


def told(verb: str, name: str, paused: Paused) -> str:
    """What a pause did, or its end."""
    runs = counted(len(paused.runs), "live run")
    if paused.runs:
        return f"‖ {name}: paused {runs}" if verb == PAUSE else f"▶ {name}: {runs} may go on"
    if not paused.unchanged:
        return f"{name}: nothing is live"
    return f"{name}: is paused already" if verb == PAUSE else f"{name}: is not paused"


def _tell(verb: str, names: Sequence[str], done: Sequence[Paused]) -> None:
    for name, each in zip(names, done, strict=True):
        render.line(told(verb, name, each))
    if verb == PAUSE and any(each.runs or each.unchanged for each in done):
        render.note(f"Next: pagents unpause {shlex.join(names)}")


def _items(names: Sequence[str], done: Sequence[Paused]) -> list[dict[str, object]]:
    return [
        {"name": name, "runs": [run.id for run in each.runs], "unchanged": each.unchanged}
        for name, each in zip(names, done, strict=True)
    ]
