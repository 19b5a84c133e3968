"""Handles: a session in the hands of a program, with the verbs as methods."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable

from parallel_agents.core.event import Event, SteerMode
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.message import Message
from parallel_agents.core.run import Result
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Killed, Unsubscribe
from parallel_agents.core.transcript import fold
from parallel_agents.core.verbs import Sessions, Spawned, Steer


class SessionHandle:
    """One session; its verbs go to its latest run that this handle knows of.

    Attributes:
        key: the session's key.
        run_id: the run that `wait` waits for.
        is_new: False where spawn found the key in the store.
    """

    def __init__(self, sessions: Sessions, spawned: Spawned) -> None:
        self._sessions = sessions
        self.key: SessionKey = spawned.session_key
        self.run_id: RunId = spawned.run_id
        self.is_new: bool = spawned.is_new

    async def wait(self, timeout: float | None = None) -> Result:
        """The run's result.

        Raises:
            TimeoutError: after `timeout` seconds; the run goes on.
        """
        return (await self._sessions.wait([self.run_id], timeout=timeout))[0]

    async def send(self, text: str, *, input: JsonObject | None = None) -> None:
        """Start the session's next run; `wait` waits for it from now on."""
        self.run_id = (await self._sessions.send(self.key, text, input=input)).run_id

    async def steer(self, text: str, *, mode: SteerMode = SteerMode.NEXT) -> Steer:
        """Give the live run a word, before its next model call or, with NOW, by breaking into this.

        With AFTER the word is the session's next run, which the receipt names; `wait` still waits
        for the run that is at work.
        """
        return await self._sessions.steer(self.key, text, mode=mode)

    async def kill(self) -> Killed:
        """End the session's live run and all that it spawned."""
        return await self._sessions.kill(self.key)

    async def history(self) -> list[Message]:
        """The transcript, oldest first."""
        return fold(await self._sessions.history(self.key)).messages

    def listen(self, on_text: Callable[[str], None]) -> Unsubscribe:
        """Hear the latest run's text as its model writes it, until the function returned is called.

        Only while this process carries the run out, and from its next model call on.
        """
        return self._sessions.listen(self.run_id, on_text)

    def follow(self) -> AsyncIterator[Event]:
        """What happens from the beginning until the latest run is over."""
        return self._sessions.follow(self.key)
