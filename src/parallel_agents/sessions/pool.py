"""Pool: persistent sessions of one agent that take tasks in turn and remember earlier ones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import RunId
from parallel_agents.core.run import Result
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import Sessions
from parallel_agents.errors import InvalidInput, NotFound


class Pool:
    """Sessions called `NAME-1`, `NAME-2` and so on; each is made when it is first needed.

    A task goes to the session that has been idle longest; further tasks wait in order. A pool of
    the same name, even in another process, continues with the same sessions.

    Args:
        sessions: the verbs.
        agent: works in all of them.
        name: letters, digits and dashes.
        size: the number of sessions, at least 1.
        model: `provider/model`, or None to use the model from the agent or the settings.

    Raises:
        InvalidInput: `size` is below 1.
    """

    def __init__(
        self, sessions: Sessions, agent: str | Agent, *, name: str, size: int, model: str | None
    ) -> None:
        if size < 1:
            raise InvalidInput(
                f"a pool cannot have {size} sessions", hint="pass a size of at least 1"
            )
        self._sessions = sessions
        self._agent = agent
        self._model = model
        self._idle: asyncio.Queue[str] = asyncio.Queue()
        for number in range(1, size + 1):
            self._idle.put_nowait(f"{name}-{number}")

    async def run(self, text: str, *, input: JsonObject | None = None) -> Result:
        """Run one task in the next idle session, and return its result.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: the task cannot be accepted.
            RunIsOver: the session was killed.
        """
        async with self._idle_session() as label:
            run = await self._start(label, text, input or {})
            return (await self._sessions.wait([run]))[0]

    @asynccontextmanager
    async def _idle_session(self) -> AsyncGenerator[str]:
        label = await self._idle.get()
        try:
            yield label
        finally:
            self._idle.put_nowait(label)

    async def _start(self, label: str, text: str, values: JsonObject) -> RunId:
        try:
            row = await self._sessions.find(label)
        except NotFound:
            options = SessionOptions(mode=Mode.SESSION)
            task = Task(
                self._agent, text, input=values, model=self._model, label=label, options=options
            )
            return (await self._sessions.spawn(task)).run_id
        return (await self._sessions.send(row.session.key, text, input=values)).run_id
