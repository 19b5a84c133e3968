"""Farewell: what a person is told when a Ctrl-C stops work: what happens, what is kept, how to continue."""

from __future__ import annotations

import sys
from contextlib import suppress

from typing_extensions import override

from parallel_agents.app.client import App
from parallel_agents.core.ids import short
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import Spawned

AGAIN = "Ctrl-C again stops at once."


def stopping(calls: int) -> str:
    """What the first Ctrl-C does, with this number of calls in flight."""
    waits = f"; waiting for {calls} {'call' if calls == 1 else 'calls'} in flight" if calls else ""
    return f"Stopping: nothing new starts{waits}."


def stopped(way_on: str) -> str:
    """What is kept of work that has not ended, and the way on."""
    return f"Stopped; everything so far is stored. {way_on}"


def ended(way_on: str) -> str:
    """What to say of work that had ended when it was stopped."""
    return f"Everything had ended when it stopped. {way_on}"


def say(message: str) -> None:
    """Print a line for the person at the terminal, if there is one: a program may have no stderr."""
    if sys.stderr is None or sys.stderr.closed:
        return
    with suppress(OSError):
        sys.stderr.write(f"pagents: {message}\n")
        sys.stderr.flush()


class Farewell:
    """What is said at the end of a block with an open store, unless nothing was running."""

    def __init__(self) -> None:
        self._was_idle = True

    async def let_calls_end(self, app: App) -> None:
        """Say what happens, and return once the calls in flight have ended and are stored."""
        self._was_idle = app.is_idle
        if not self._was_idle:
            await app.let_calls_end(_say_stopping)

    def say(self) -> None:
        """Say what is kept, and how to continue it."""
        if not self._was_idle:
            say(stopped("Spawn the same keys again to continue."))


class FlowFarewell(Farewell):
    """What is said at the end of a flow.

    Args:
        function: the name of its function.
    """

    def __init__(self, function: str) -> None:
        super().__init__()
        self._function = function
        self._flow: Spawned | None = None

    def started(self, flow: Spawned) -> None:
        """The flow is in the store."""
        self._flow = flow

    @override
    def say(self) -> None:
        if self._flow is None:
            say("Stopped before anything was stored.")
            return
        key = short(self._flow.session_key)
        say(stopped(f"Run {self._function} with key={key!r} and the same input to continue."))


class TeamFarewell(Farewell):
    """What is said at the end of a team.

    Args:
        is_resumable: whether `pagents resume` has all that the work needs.
    """

    def __init__(self, *, is_resumable: bool) -> None:
        super().__init__()
        self._is_resumable = is_resumable
        self._team: Spawned | None = None
        self._is_over = False

    def started(self, team: Spawned) -> None:
        """The team is in the store."""
        self._team = team

    @override
    async def let_calls_end(self, app: App) -> None:
        await super().let_calls_end(app)
        if self._team is None:
            return
        live = Filter(tree=self._team.session_key, is_live=True, every_run=True)
        if all(row.run.kind is RunnerKind.TEAM for row in await app.sessions.list(live)):
            await app.sessions.wait([self._team.run_id])
            self._is_over = True

    @override
    def say(self) -> None:
        if self._team is None:
            say("Stopped before anything was stored.")
            return
        name = short(self._team.session_key)
        again = f"Run the same tasks with key={name!r}"
        if self._is_over:
            say(
                ended(
                    f"Show it with: pagents show {name}"
                    if self._is_resumable
                    else f"{again} for the results."
                )
            )
        elif self._is_resumable:
            say(stopped(f"Continue with: pagents resume {name}"))
            say(f"{again} to continue in a program.")
        else:
            say(stopped(f"{again} to continue."))


def _say_stopping(calls: int) -> None:
    say(stopping(calls))
    say(AGAIN)
