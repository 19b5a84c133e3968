"""Verbs: what can be done with sessions, the same here and at a distance."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

from parallel_agents.core.event import Event, SteerMode
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Result
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Filter, Killed, Row, Unsubscribe
from parallel_agents.core.task import Task, TeamTask


class Spawned(NamedTuple):
    """A session and one run of it; `is_new` is False where the key was there already."""

    session_key: SessionKey
    run_id: RunId
    is_new: bool = True


class Steer(NamedTuple):
    """A receipt: the word is in the store, under this key, for this run.

    A word in mode `after` is for the run that it is the task of.
    """

    run_id: RunId
    key: str


class Until(StrEnum):
    """What `wait` waits for: the end of all, of any, of the first that is done, or nothing at all."""

    ALL = "all"
    ANY = "any"
    FIRST_DONE = "first_done"
    NOW = "now"


class Sessions(Protocol):
    """The seven verbs.

    A `name` is a session key, a run id, a label, a task name, or the start of a key or id that
    fits only one session;
    `@last` is the newest; `RUN/LABEL` is a session of a team's run.

    Raises:
        NotFound, Ambiguous: from each verb that takes a name.
    """

    async def spawn(self, task: Task, *, parent: SessionKey | None = None) -> Spawned:
        """Make a session and its first run.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: before anything is kept.
            Conflict: the key stands for other work.
            SpawnRefused: the tree has as many sessions as the parent's policy allows.
        """
        ...

    async def spawn_team(self, team: TeamTask, *, key: str | None = None) -> Spawned:
        """Make a run of a team; the same key again goes on where it was."""
        ...

    async def send(self, name: str, text: str, *, input: JsonObject | None = None) -> Spawned:
        """Start the next run of a session, once those before it are over.

        Raises:
            RunIsOver: the session was killed.
        """
        ...

    async def steer(self, name: str, text: str, *, mode: SteerMode = SteerMode.NEXT) -> Steer:
        """Give a live run a word; in mode `after` the word is the session's next run.

        Raises:
            RunIsOver: it has ended; `send` starts the next. In mode `after`: the session was killed.
        """
        ...

    async def kill(self, name: str, *, dry_run: bool = False) -> Killed:
        """End a session's live run and all that it spawned."""
        ...

    async def wait(
        self, runs: Sequence[RunId], *, timeout: float | None = None, until: Until = Until.ALL
    ) -> list[Result]:
        """The results of those runs that are over, in order, once all, any or a good one is.

        With FIRST_DONE and none that ended in done it waits for all; NOW gives what there is.

        Raises:
            TimeoutError: after `timeout` seconds; the runs go on.
        """
        ...

    async def list(self, chosen: Filter | None = None) -> list[Row]:
        """Sessions with their latest run, the newest first."""
        ...

    async def history(self, name: str) -> list[Event]:
        """All that happened in a session, oldest first."""
        ...

    def follow(self, name: str, *, after: int = 0) -> AsyncIterator[Event]:
        """What happens in a session and in all that it spawned, until its latest run is over."""
        ...

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        """Hear the text of a run of this process as its model writes it; it is not kept.

        Models are asked to stream from the next call on, and only as long as somebody listens.
        """
        ...

    async def find(self, name: str) -> Row:
        """The one session that a name stands for."""
        ...
