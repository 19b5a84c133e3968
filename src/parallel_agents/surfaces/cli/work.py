"""`pagents work`: carry out what is queued and what dead processes left, until nothing is left."""

from __future__ import annotations

import asyncio

from parallel_agents.app import Parts, open_app, open_client
from parallel_agents.core.store import Filter, Role
from parallel_agents.engines.local import LocalEngine
from parallel_agents.interrupts import unless
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.fetching import FetchBar
from parallel_agents.surfaces.cli.place import Home, Place, carry_out, find_place

_LINGER_SECONDS = 3.0


def work(home: Home = None) -> None:
    """Carry out what is queued and what dead processes left, until nothing is left.

    `pagents spawn` starts one in the background; in a terminal it shows what it does.
    """
    place = find_place(home)
    carry_out(lambda stop: _work(place, stop))


async def _work(place: Place, stop: asyncio.Event) -> None:
    while not stop.is_set():
        parts = Parts(on_fetch=FetchBar(), role=Role.WORKER)
        async with open_app(place.environment, place.settings, parts) as app:
            if app.engine is not None:
                await unless(stop, _until_idle(app.engine))
        async with open_client(place.environment, place.settings) as client:
            # Whoever queued a run while this worker was leaving still saw it alive.
            if not await client.store.rows(Filter(orphaned=True, limit=1)):
                return
    render.note("Stopped; what is left stays queued.")


async def _until_idle(engine: LocalEngine) -> None:
    """Return once nothing has been there to do for a few seconds."""
    while True:
        await engine.wait_idle()
        try:
            async with asyncio.timeout(_LINGER_SECONDS):
                await engine.wait_busy()
        except TimeoutError:
            return
