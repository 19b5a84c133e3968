"""Pause: a session and all below it start nothing until somebody ends the pause; what is done is kept.

A run that is paused leaves its process as one does that stops: a call in flight ends and is stored.
No process can claim it before the pause ends, and then it continues from its last event.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol, TypeGuard

from parallel_agents.core.event import Body, Noticed
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run

PAUSE, UNPAUSE = "pause", "unpause"


class Paused(NamedTuple):
    """What a pause did, or its end.

    Attributes:
        runs: the live runs that it has paused, or that may go on.
        unchanged: how many live runs of the tree were paused before, or were not.
    """

    runs: list[Run]
    unchanged: int


class PauseStore(Protocol):
    """Keeps who paused which sessions."""

    async def pause(self, session: SessionKey, *, by: str) -> Paused:
        """Let no run of the tree under `session` be claimed, nor of children that are spawned later.

        If no run is live, nothing changes.

        Raises:
            NotFound: there is no such session.
        """
        ...

    async def unpause(self, session: SessionKey, *, by: str) -> Paused:
        """Let the runs of the tree under `session` be claimed again, whoever paused them.

        Raises:
            NotFound: there is no such session.
        """
        ...


class Pausing(Protocol):
    """The two verbs; a `name` is as in `core.verbs.SessionReads`."""

    async def pause(self, name: str) -> Paused:
        """Let a session and all below it start no call and no child until `unpause`.

        Calls in flight end, and their results are kept. Messages wait; time limits stand still; `kill`
        ends the runs at once. If all has ended, nothing changes.
        """
        ...

    async def unpause(self, name: str) -> Paused:
        """Let a session and all below it go on, whoever paused them."""
        ...


def left_alone(rows: Iterable[Row]) -> Row | None:
    """The first of these live runs that no living process has, so that a worker must take it up."""
    return next((row for row in rows if row.owner_state is not OwnerState.LIVE), None)


def is_pause(body: Body) -> TypeGuard[Noticed]:
    """Whether the event says that its session was paused."""
    return isinstance(body, Noticed) and body.what == PAUSE


def is_unpause(body: Body) -> TypeGuard[Noticed]:
    """Whether the event says that the pause of its session ended."""
    return isinstance(body, Noticed) and body.what == UNPAUSE
