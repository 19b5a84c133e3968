"""Worker: a process in the background that carries out what commands leave behind."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from parallel_agents.app.app import App, open_client
from parallel_agents.core.engine import Scope
from parallel_agents.core.event import Event, Finished, Started
from parallel_agents.core.ids import OwnerId, RunId, SessionKey, is_team_key
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter, Owner, OwnerState, Role, Row, Store
from parallel_agents.engines.ownership import find_workers, this_process
from parallel_agents.engines.team_bounds import kept_team
from parallel_agents.settings import Environment, Settings

LOG_NAME = "worker.log"
_CLAIM_SECONDS = 1.0


async def ensure_worker(
    client: App, environment: Environment, session: SessionKey, run: RunId
) -> bool:
    """See to it that somebody carries a run out; whether a worker was started for it.

    The run must be in the store already: a worker that is about to leave looks there once more
    after it has said so. One that is alive may lack what the run needs, such as a key that was
    set later. So where it has room and has not claimed the run in about a second, another starts.
    """
    watch = _Watch(client.store, run)
    try:
        workers = await find_workers(client.store, this_process(Role.SCRIPT), time.time)
        if workers and await _is_in_hands(client, session, run, workers, watch):
            return False
    finally:
        watch.close()
    await asyncio.to_thread(_start, environment.home)
    return True


async def _is_in_hands(
    client: App, session: SessionKey, run: RunId, workers: Sequence[Owner], watch: _Watch
) -> bool:
    """Whether the run is claimed, or its turn comes once something else is over."""
    of_session = await client.store.rows(Filter(session=session, is_live=True, every_run=True))
    if any(row.owner_state is OwnerState.LIVE for row in of_session):
        return True
    if all(row.run.id != run for row in of_session) or await watch.is_claimed_soon():
        return True
    asked = next(row for row in of_session if row.run.id == run)
    live = await client.store.rows(Filter(is_live=True, every_run=True))
    bounds = await _bounds_of(client, asked)
    return not any(_has_room(client, worker, bounds, live) for worker in workers)


async def _bounds_of(client: App, asked: Row) -> Mapping[Scope, int | None]:
    """The scopes that a run takes a place in, with their bounds, that of its team too."""
    bounds = dict(client.rules.scopes_of(asked))
    team = Scope("team", asked.session.root)
    if team in bounds and is_team_key(asked.session.root):
        bounds[team] = (await kept_team(client.store, asked.session.root)).max_parallel
    return bounds


def _has_room(
    client: App, worker: Owner, bounds: Mapping[Scope, int | None], live: Sequence[Row]
) -> bool:
    """Whether a worker has a place in each scope beside the runs that it carries out."""
    used: Counter[Scope] = Counter()
    for row in live:
        if row.run.owner == worker.id and row.run.status is RunStatus.RUNNING:
            used.update(client.rules.scopes_of(row).keys())
    return all(bound is None or used[scope] < bound for scope, bound in bounds.items())


async def hand_over(environment: Environment, settings: Settings, owner: OwnerId) -> int:
    """Have a worker go on with what a process left that has ended in good order; how many runs.

    Without this they would wait for whoever asks for them by name.
    """
    async with open_client(environment, settings) as client:
        left = await client.store.rows(Filter(owner=owner))
        await client.store.release(owner, [row.run.id for row in left])
        if left:
            await ensure_worker(client, environment, left[0].session.key, left[0].run.id)
    return len(left)


class _Watch:
    """Hears from the store when a run is claimed, from the beginning of a look at it on."""

    def __init__(self, store: Store, run: RunId) -> None:
        self._run = run
        self._claimed = asyncio.Event()
        self.close = store.subscribe(self._hear)

    def _hear(self, events: Sequence[Event]) -> None:
        if any(e.run == self._run and isinstance(e.body, Started | Finished) for e in events):
            self._claimed.set()

    async def is_claimed_soon(self) -> bool:
        try:
            async with asyncio.timeout(_CLAIM_SECONDS):
                await self._claimed.wait()
        except TimeoutError:
            return False
        return True


def _start(home: Path) -> None:
    command = [sys.executable, "-m", "parallel_agents", "work", "--home", str(home)]
    with (home / LOG_NAME).open("ab") as log:
        subprocess.Popen(  # noqa: S603 - our own command, in a session of its own to outlive us
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
