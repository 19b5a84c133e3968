"""Connected sessions: the verbs of a distant gateway as a Python program uses them; nothing is executed here."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator, Sequence
from typing import Any

from parallel_agents.core.agent import T
from parallel_agents.core.annotations import Index, Name, Seconds
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.event import Event, SteerMode
from parallel_agents.core.question import Answer, OpenQuestion
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, TeamResult
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Filter, Killed
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import Sessions, Steer, Until, whole_history
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.sessions.typed import typed_all


@checked_methods
class ConnectedSessions:
    """The verbs of a distant gateway; a `name` is what it is for `OpenSessions`.

    Raises:
        NotFound, Ambiguous: from each verb that takes a name.
        GatewayUnreachable, GatewayMismatch, NotAuthorized: from each verb.
    """

    def __init__(self, service: Sessions) -> None:
        self._service = service

    async def spawn(
        self, task: Task[T], *, parent: SessionHandle[Any] | str | None = None
    ) -> SessionHandle[T]:
        """Start a session with its first run, which a worker at the gateway executes.

        Args:
            task: what an agent of the gateway's catalog is to do.
            parent: the session to spawn it under, as a handle or a name.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: the task cannot be accepted.
            NotAtDistance: it has what a gateway does not take, such as files or a workspace.
            Conflict: the key is already used for different work.
            SpawnRefused: the parent is not allowed to spawn it.
        """
        key = parent.key if isinstance(parent, SessionHandle) else None
        if isinstance(parent, str):
            key = (await self._service.find(parent)).session.key
        spawned = await self._service.spawn(task, parent=key)
        return SessionHandle(self._service, spawned, task.output_type)

    async def send(self, name: str, text: str, *, input: JsonObject | None = None) -> SessionHandle:
        """Start the session's next run, which sees the messages so far.

        Raises:
            InvalidInput: the text or input is not valid.
            RunIsOver: the session was killed.
        """
        return SessionHandle(self._service, await self._service.send(name, text, input=input))

    async def steer(self, name: str, text: str, *, mode: SteerMode = SteerMode.NEXT) -> Steer:
        """Send a message to a live run; see `SessionHandle.steer` for the modes.

        Raises:
            RunIsOver: the run has ended; `send` starts the next one.
        """
        return await self._service.steer(name, text, mode=mode)

    async def questions(self) -> builtins.list[OpenQuestion]:
        """What live runs ask people, and nobody has answered yet, the oldest first."""
        return await self._service.questions()

    async def answer(
        self,
        question: OpenQuestion | str,
        text: str = "",
        *,
        allow: bool = True,
        for_run: bool = False,
        arguments: JsonObject | None = None,
    ) -> OpenQuestion:
        """Answer a question of a run; see `OpenSessions.answer`."""
        answer = Answer(allow=allow, text=text, for_run=for_run, arguments=arguments)
        name = question if isinstance(question, str) else question.id
        return await self._service.answer(name, answer)

    async def kill(self, name: str, *, dry_run: bool = False) -> Killed:
        """End a session's live run and everything it spawned.

        Args:
            name: the session.
            dry_run: whether to return what would end, and end nothing.
        """
        return await self._service.kill(name, dry_run=dry_run)

    async def wait(
        self,
        handles: Sequence[SessionHandle[T]],
        *,
        timeout: Seconds | None = None,
        until: Until | str = Until.ALL,
    ) -> builtins.list[Result[T]]:
        """Wait for the runs of several handles; see `OpenSessions.wait`.

        Raises:
            TimeoutError: after `timeout` seconds; the runs continue.
        """
        kinds = {handle.run_id: handle.output_type for handle in handles}
        runs = [handle.run_id for handle in handles]
        results = await self._service.wait(runs, timeout=timeout, until=Until(until))
        return typed_all(results, kinds)

    async def team_result(self, name: Name) -> TeamResult:
        """A team's results so far: one for each task that has ended."""
        return await self._service.team_result(name)

    async def dead_letters(
        self, chosen: DeadLetterFilter | None = None
    ) -> builtins.list[DeadLetter]:
        """The tasks that failed after all their attempts, the newest first."""
        return await self._service.dead_letters(chosen)

    async def list(self, chosen: Filter | None = None) -> builtins.list[Row]:
        """Sessions with their latest run, newest first."""
        return await self._service.list(chosen)

    async def history(
        self, name: str, *, after: Index = 0, limit: Index | None = None
    ) -> builtins.list[Event]:
        """What happened in a session, oldest first.

        Args:
            name: the session.
            after: the number of the event after which to begin.
            limit: the most events to return, or None for all of them.
        """
        if limit is not None:
            return await self._service.history(name, after=after, limit=limit)
        return await whole_history(self._service, name, after=after)

    def follow(self, session: SessionHandle[Any] | str) -> AsyncIterator[Event]:
        """The events of a session and of everything that it spawned, until its latest run ends."""
        return self._service.follow(session if isinstance(session, str) else session.key)
