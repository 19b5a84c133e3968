"""Open sessions: the verbs with handles, as a program uses them."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Sequence

from parallel_agents.core.agent import Agent
from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter, Edits
from parallel_agents.core.event import Event, SteerMode
from parallel_agents.core.ids import make_name
from parallel_agents.core.run import Result, TeamResult
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Filter, Killed, Row
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.verbs import SessionVerbs, Steer, Until
from parallel_agents.sessions.batch import Batch, BatchResult
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.sessions.pool import Pool


class OpenSessions:
    """What `open` gives; see `core.verbs.Sessions` for the names that it takes and its errors."""

    def __init__(self, service: SessionVerbs) -> None:
        self._service = service

    async def spawn(
        self, task: Task, *, parent: SessionHandle | str | None = None
    ) -> SessionHandle:
        """Make a session and its first run; a key that is there already gives that session.

        Args:
            task: what to do, and by whom.
            parent: the session above it, as a handle, a key or any other name.
        """
        above = parent.key if isinstance(parent, SessionHandle) else None
        if isinstance(parent, str):
            above = (await self._service.find(parent)).session.key
        return SessionHandle(self._service, await self._service.spawn(task, parent=above))

    async def spawn_team(self, team: TeamTask, *, key: str | None = None) -> SessionHandle:
        """Start several tasks side by side, all or none of them."""
        return SessionHandle(self._service, await self._service.spawn_team(team, key=key))

    async def team_result(self, handle: SessionHandle) -> TeamResult:
        """Wait for a team, and give each task's result."""
        await handle.wait()
        return await self._service.team_result(handle.key)

    async def send(self, name: str, text: str, *, input: JsonObject | None = None) -> SessionHandle:
        """Start the next run of a session."""
        return SessionHandle(self._service, await self._service.send(name, text, input=input))

    async def steer(self, name: str, text: str, *, mode: SteerMode = SteerMode.NEXT) -> Steer:
        """Give a live run a word."""
        return await self._service.steer(name, text, mode=mode)

    async def kill(self, name: str, *, dry_run: bool = False) -> Killed:
        """End a session's live run and all that it spawned."""
        return await self._service.kill(name, dry_run=dry_run)

    async def wait(
        self,
        handles: Sequence[SessionHandle],
        *,
        timeout: float | None = None,
        until: Until | str = Until.ALL,
    ) -> builtins.list[Result]:
        """The results of those sessions that are over, in order.

        Args:
            handles: the sessions, each with the run that its handle knows of.
            timeout: seconds; None waits as long as it takes.
            until: `all` are over, `any` is, the `first_done` ended in done, or `now`: no wait.

        Raises:
            TimeoutError: after `timeout` seconds; the runs go on.
        """
        runs = [handle.run_id for handle in handles]
        return await self._service.wait(runs, timeout=timeout, until=Until(until))

    async def dead_letters(
        self, chosen: DeadLetterFilter | None = None
    ) -> builtins.list[DeadLetter]:
        """Tasks that failed after all their attempts, the newest first."""
        return await self._service.dead_letters(chosen)

    async def retry(
        self,
        letter: DeadLetter,
        *,
        text: str | None = None,
        model: str | None = None,
        input: JsonObject | None = None,
        current: bool = False,
    ) -> SessionHandle:
        """Start the task of a dead letter again; a second retry of it finds the first.

        Args:
            letter: one of those that `dead_letters` gives.
            text: what to do, instead of the words of the task.
            model: `provider/model` instead of the one that failed.
            input: values that are laid over those of the task.
            current: with its agent as that is defined now, and not as it was when it failed.

        Raises:
            InvalidInput, UnknownAgent, UnknownModel, MissingKey: before anything is kept.
            Conflict: the first retry goes on with other words or another input.
            RunIsOver: the letter's team was killed.
        """
        edits = Edits(text=text, model=model, input=input or {}, current=current)
        return SessionHandle(self._service, await self._service.retry(letter, edits))

    async def drop(self, letters: Sequence[DeadLetter]) -> int:
        """Let go of dead letters; how many there were."""
        return await self._service.drop(letters)

    async def batch(
        self,
        agent: str | Agent,
        items: Sequence[str],
        *,
        size: int = 10,
        key: str | None = None,
        model: str | None = None,
    ) -> BatchResult:
        """An answer of the agent for each item, several items in a call.

        Each answer is held to the agent's schema by itself; an item without one that fits is asked
        for again in a session of its own.

        Args:
            agent: one that takes words alone.
            items: what to do, each by itself.
            size: items in a call, at least 1.
            key: a name for the whole; the same again goes on where it was.
            model: `provider/model`; without it the agent's or the settings' choice.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: it cannot be accepted.
        """
        made = Batch(self._service, agent, key=key or make_name(), model=model)
        return await made.run(items, size=size)

    def pool(
        self, agent: str | Agent, *, name: str, size: int = 3, model: str | None = None
    ) -> Pool:
        """Persistent sessions of one agent that take tasks in turn: `await pool.run("...")`."""
        return Pool(self._service, agent, name=name, size=size, model=model)

    async def list(self, chosen: Filter | None = None) -> builtins.list[Row]:
        """Sessions with their latest run, the newest first."""
        return await self._service.list(chosen)

    async def history(self, name: str) -> builtins.list[Event]:
        """All that happened in a session, oldest first."""
        return await self._service.history(name)

    def follow(self, session: SessionHandle | str) -> AsyncIterator[Event]:
        """What happens in a session and in all that it spawned, until its latest run is over."""
        return self._service.follow(session if isinstance(session, str) else session.key)
