"""Handle: a session in a program, with the verbs as methods."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any, Generic

from typing_extensions import override

from parallel_agents.core.agent import T, T_co
from parallel_agents.core.annotations import Count, Index, Name, Seconds
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.async_use import Followed
from parallel_agents.core.converted import GivenObject, as_object
from parallel_agents.core.event import Event, SteerMode
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.fork import Fork
from parallel_agents.core.ids import RunId, SessionKey, is_group_key
from parallel_agents.core.message import File, Message
from parallel_agents.core.output_type import OutputType
from parallel_agents.core.pause import Paused
from parallel_agents.core.run import Result
from parallel_agents.core.store import Killed
from parallel_agents.core.transcript import fold
from parallel_agents.core.verb_words import NamesVerbs
from parallel_agents.core.verbs import Sessions, Spawned, Steer, SteerModeName, whole_history
from parallel_agents.errors import InvalidInput
from parallel_agents.sessions.typed import typed


@checked_methods
class SessionHandle(NamesVerbs, Generic[T_co]):
    """A session and the latest of its runs that this handle started.

    Attributes:
        key: the session's key; every verb accepts it as a name.
        run_id: the run that `wait` waits for.
        is_new: False if spawn found its key in the store.
        kept: the options that were asked for otherwise before, and stay as they were.
        output_type: what its answers are instances of; None for JSON or text.
    """

    def __init__(
        self, sessions: Sessions, spawned: Spawned, output_type: OutputType[T_co] | None = None
    ) -> None:
        self._sessions = sessions
        self.output_type = output_type
        self.key: SessionKey = spawned.session_key
        self.run_id: RunId = spawned.run_id
        self.is_new: bool = spawned.is_new
        self.kept: tuple[str, ...] = spawned.kept

    @override
    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.key!r}, run={self.run_id!r})"

    async def wait(self, timeout: Seconds | None = None) -> Result[T_co]:
        """Wait until the run has ended, and return its result, even if the run failed.

        Raises:
            TimeoutError: after `timeout` seconds; the run continues.
        """
        (result,) = await self._sessions.wait([self.run_id], timeout=timeout)
        return typed(result, self.output_type)

    async def send(
        self,
        text: str,
        *,
        input: GivenObject | None = None,
        files: Iterable[File] = (),
        on_text: Callable[[str], None] | None = None,
    ) -> SessionHandle[T_co]:
        """Start the session's next run, which sees the messages so far; `wait` then waits for it.

        `on_text` receives the text of the run as its model writes it.

        Returns:
            This handle.

        Raises:
            InvalidInput: the text or input is not valid.
            RunIsOver: the session was killed.
        """
        spawned = await self._sessions.send(
            self.key, text, input=as_object(input), files=tuple(files), on_text=on_text
        )
        self.run_id = spawned.run_id
        return self

    async def fork(
        self,
        *,
        at: Index | None = None,
        text: str | None = None,
        result: str | None = None,
        call: Count | None = None,
        model: Name | None = None,
        key: Name | None = None,
    ) -> SessionHandle[T_co]:
        """Take up the conversation at one of its turns, in a session of its own.

        See `OpenSessions.fork`, which has further arguments.

        Raises:
            ForkRefused: the conversation is not whole there; the error names the turns that work.
            InvalidInput, UnknownModel, MissingKey: the fork cannot be accepted.
            Conflict: the key is already used for different work.
        """
        fork = Fork(at=at, text=text, result=result, call=call, model=model, key=key)
        return SessionHandle(
            self._sessions, await self._sessions.fork(self.key, fork), self.output_type
        )

    async def steer(self, text: str, *, mode: SteerModeName = SteerMode.NEXT) -> Steer:
        """Send a message to the live run.

        The run reads it before its next model call. With NOW the current model call is broken off
        for it. With AFTER it becomes the task of the session's next run, which the receipt names;
        `wait` still waits for the run that is live now.

        Raises:
            RunIsOver: the run has ended; `send` starts the next one.
        """
        return await self._sessions.steer(self.key, text, mode=SteerMode(mode))

    async def kill(self) -> Killed:
        """End the session's live run and everything it spawned; if all has ended, change nothing."""
        return await self._sessions.kill(self.key)

    async def pause(self) -> Paused:
        """Let the session and all below it start no call and no child; calls in flight end and are kept.

        The pause outlives this process. Meanwhile messages wait, time limits stand still, and `wait`
        waits on. If all has ended, nothing changes.
        """
        return await self._sessions.pause(self.key)

    async def unpause(self) -> Paused:
        """Let the session and all below it go on, whoever paused them."""
        return await self._sessions.unpause(self.key)

    async def history(self) -> list[Message]:
        """The messages of the session, oldest first."""
        return fold(await whole_history(self._sessions, self.key)).messages

    def listen(self, on_text: Callable[[str], None]) -> Unsubscribe:
        """Call `on_text` with the run's text as its model writes it, until unsubscribed.

        It takes effect with the next model call, or with the next piece of a call that is streamed
        anyway, and only while this process executes the run. With `connect` the gateway's worker
        does; a call that has begun already is heard at its end, so pass `on_text` to `spawn` or
        `send` to hear the first.

        Returns:
            A function that unsubscribes.

        Raises:
            InvalidInput: it is a team or a flow, which write no text of their own.
        """
        check_writes(self.key)
        return self._sessions.listen(self.run_id, on_text)

    def follow(self) -> AsyncIterator[Event]:
        """Yield all events of the session and its descendants until its latest run ends."""
        return Followed(self._sessions.follow(self.key), "follow()")


def name_of(session: SessionHandle[Any] | str) -> str:
    """What every verb finds a session by."""
    return session if isinstance(session, str) else session.key


def output_type_of(session: SessionHandle[T] | str) -> OutputType[T] | None:
    """What the answers of a session are instances of, as far as the program has said so."""
    return None if isinstance(session, str) else session.output_type


def check_writes(session: SessionKey) -> None:
    """Refuse to listen to what has no model.

    Raises:
        InvalidInput: it is the session of a team or a flow.
    """
    if is_group_key(session):
        raise InvalidInput(
            f"{session} writes no text itself",
            why="its tasks do",
            hint="listen to one of them by its name, `await sessions.listen('RUN/LABEL', on_text)`, or in a"
            " flow by `flow.task(..., on_text=...)`",
        )
