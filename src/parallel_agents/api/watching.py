"""Watching: what the bar of a flow or a map shows while a program waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from typing import TypeAlias

from parallel_agents.api.progress import Bar
from parallel_agents.app.client import App
from parallel_agents.core.event import Finished, Queued, Replied
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import Spawned

# Shows work that has been started on a bar, until it has ended.
Watch: TypeAlias = Callable[[App, Spawned, Bar], Coroutine[None, None, None]]
_LOOK_SECONDS = 0.25


async def watch_flow(app: App, spawned: Spawned, bar: Bar) -> None:
    """Show how many of the sessions of a flow that there are so far have ended.

    Raises:
        StoreError: the store failed, so that no more will come.
    """
    statuses: dict[SessionKey, RunStatus] = {}
    spend = Spend()
    async with aclosing(app.sessions.follow(spawned.session_key)) as events:
        async for event in events:
            match event.body:
                case Replied() as reply:
                    spend += reply.spend
                case Queued() if event.session != spawned.session_key:
                    statuses[event.session] = RunStatus.QUEUED
                case Finished(outcome=outcome) if event.session != spawned.session_key:
                    statuses[event.session] = outcome.status
                case _:
                    continue
            over = [status for status in statuses.values() if status.is_over]
            not_done = len(over) - over.count(RunStatus.DONE)
            bar.show(len(over), len(statuses) or None, not_done=not_done, spend=spend)


async def watch_map(app: App, spawned: Spawned, bar: Bar) -> None:
    """Show how many rows of a map have ended, as long as this process executes it.

    Raises:
        StoreError: the store failed, so that the map will not end here.
    """
    waiting = asyncio.create_task(app.sessions.wait([spawned.run_id]))
    try:
        is_over = False
        while not is_over:
            is_over = bool((await asyncio.wait({waiting}, timeout=_LOOK_SECONDS))[0])
            if (now := app.maps.progress.get(spawned.session_key)) is not None:
                bar.show(now.ended, now.rows, not_done=now.failed + now.killed, spend=now.spent)
        await waiting
    finally:
        waiting.cancel()
