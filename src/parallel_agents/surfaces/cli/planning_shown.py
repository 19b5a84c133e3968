"""Planning shown: who plans a goal and for how long, until the plan itself can be shown."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Self

from parallel_agents.app.client import App
from parallel_agents.core.event import Event, Finished, Queued
from parallel_agents.surfaces.cli import progress
from parallel_agents.surfaces.cli.own_work import own_work
from parallel_agents.surfaces.cli.progress import ticking
from parallel_agents.views.board import Board


class PlanningShown:
    """Shows the runs that plan, as progress does; it is closed before anything else is printed."""

    def __init__(self, app: App, style: progress.Style) -> None:
        self._app = app
        self._board = Board.of({})
        self._progress = progress.choose(style, self._board)
        self._stack = AsyncExitStack()
        self._is_open = False

    async def __aenter__(self) -> Self:
        self._stack.enter_context(self._progress)
        await self._stack.enter_async_context(ticking(self._progress))
        self._is_open = True
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Show nothing more."""
        self._is_open = False
        await self._stack.aclose()

    async def take(self, event: Event) -> None:
        """Show what an event changes."""
        if not self._is_open:
            return
        if isinstance(event.body, Queued):
            rows = await self._app.sessions.rows_of([event.run])
            self._board.add(own_work(row for row in rows if not row.run.status.is_over))
        if (lane := self._board.take(event)) is not None:
            self._progress.changed(lane, event.at)
        if isinstance(event.body, Finished):
            self._board.remove(event.run)
