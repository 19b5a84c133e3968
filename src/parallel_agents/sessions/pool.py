"""Pool: some persistent sessions of one agent that take tasks in turn, and remember what they did."""

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
    """Sessions by the names `NAME-1`, `NAME-2` ...; each is made when it is first needed.

    A task goes to the session that has rested longest; those beyond the size wait their turn, in
    order. The same name again, also in another process, goes on with the sessions that are there.

    Args:
        sessions: the verbs.
        agent: who works in all of them.
        name: letters, digits and dashes; how they are found again.
        size: how many sessions, at least 1.
        model: `provider/model`; without it the agent's or the settings' choice.

    Raises:
        InvalidInput: a size below 1.
    """

    def __init__(
        self, sessions: Sessions, agent: str | Agent, *, name: str, size: int, model: str | None
    ) -> None:
        if size < 1:
            raise InvalidInput(f"a pool of {size} sessions", hint="give it at least one")
        self._sessions = sessions
        self._agent = agent
        self._model = model
        self._resting: asyncio.Queue[str] = asyncio.Queue()
        for number in range(1, size + 1):
            self._resting.put_nowait(f"{name}-{number}")

    async def run(self, text: str, *, input: JsonObject | None = None) -> Result:
        """The result of one task, once a session was free for it and has done it.

        Raises:
            UnknownAgent, InvalidInput, UnknownModel, MissingKey: it cannot be accepted.
            RunIsOver: the session whose turn it is was killed.
        """
        async with self._one() as label:
            run = await self._begin(label, text, input or {})
            return (await self._sessions.wait([run]))[0]

    @asynccontextmanager
    async def _one(self) -> AsyncGenerator[str]:
        label = await self._resting.get()
        try:
            yield label
        finally:
            self._resting.put_nowait(label)

    async def _begin(self, label: str, text: str, values: JsonObject) -> RunId:
        try:
            row = await self._sessions.find(label)
        except NotFound:
            options = SessionOptions(mode=Mode.SESSION)
            task = Task(
                self._agent, text, input=values, model=self._model, label=label, options=options
            )
            return (await self._sessions.spawn(task)).run_id
        return (await self._sessions.send(row.session.key, text, input=values)).run_id
