"""Taken over: what a process that stays only for its own work took from dead ones goes to a worker at its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager

from parallel_agents.app.client import App
from parallel_agents.app.opening import open_app, open_client
from parallel_agents.app.parts import Parts
from parallel_agents.core.ids import short
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row
from parallel_agents.engines.adoption import sort_orphans
from parallel_agents.errors import PagentsError
from parallel_agents.setting_sources import load
from parallel_agents.settings import Environment, Settings

_SHOWN = 5


@asynccontextmanager
async def open_for_own_work(
    environment: Environment,
    settings: Settings,
    parts: Parts | None = None,
    *,
    say: Callable[[str], None],
) -> AsyncGenerator[App]:
    """Like `open_app`, but the block's end waits for no run that nobody asked this process for.

    Such runs are left to a worker, and `say` is told so.
    """
    given_up: Sequence[Row] = ()
    try:
        async with open_app(environment, settings, parts) as app:
            try:
                yield app
            finally:
                given_up = app.engine.give_up_adopted()
    finally:
        if given_up:
            await _leave_to_workers(environment, given_up, say)


async def _leave_to_workers(
    environment: Environment, given_up: Sequence[Row], say: Callable[[str], None]
) -> None:
    """Have workers continue these runs; the process that took them over has left the store.

    What only a program like this one can execute stays in the store, for the next that takes it over.
    """
    names = ""
    try:
        # A worker has the settings of the files and the environment, not those of a program.
        async with open_client(environment, load(environment).settings) as client:
            rows = await client.sessions.rows_of([row.run.id for row in given_up])
            live = [row for row in rows if not row.run.status.is_over]
            free = [row for row in live if row.owner_state is not OwnerState.LIVE]
            left = sort_orphans(free, client.readiness.lacks).able
            if not left:
                return
            roots = {row.session.key: row.session.name for row in left}
            trees = [roots.get(row.session.root, short(row.session.root)) for row in left]
            names = _names(list(dict.fromkeys(trees)))
            await client.workers.ensure(left[0].session.key, left[0].run.id)
    except (OSError, PagentsError) as error:
        what = f", {names}" if names else ""
        say(
            f"No worker could be started for what a dead process had left{what} ({error}); "
            "`pagents work` executes it."
        )
        return
    say(f"A dead process had left {names}; a background worker continues it now.")


def _names(trees: Sequence[str]) -> str:
    more = len(trees) - _SHOWN
    return ", ".join(trees[:_SHOWN]) + (f" and {more} others" if more > 0 else "")
