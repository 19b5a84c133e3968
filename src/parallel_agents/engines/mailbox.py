"""Mailbox: messages and answers for one run; a message in mode `now` interrupts its call."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from parallel_agents.core.call_decisions import Answered
from parallel_agents.core.event import (
    Entry,
    Event,
    Steered,
    SteerMode,
)


class Mailbox:
    """The RunInbox of a run; it is open before the run is claimed, so that no message is missed."""

    __slots__ = ("_answers", "_arrived", "_call", "_messages")

    def __init__(self) -> None:
        self._answers: dict[str, asyncio.Future[Answered]] = {}
        self._messages: list[Entry] = []
        self._call: Interruptible | None = None
        self._arrived: asyncio.Event | None = None

    def receive(self, event: Event) -> None:
        """Put a message or an answer into the mailbox; other events are ignored."""
        if isinstance(event.body, Answered):
            answer = self._answer_to(event.key)
            if not answer.done():
                answer.set_result(event.body)
        if not isinstance(event.body, Steered):
            return
        self._messages.append(Entry(event.key, event.body))
        if self._arrived is not None:
            self._arrived.set()
        if event.body.mode is SteerMode.NOW and self._call is not None:
            self._call.interrupt()

    def take_messages(self) -> Sequence[Entry]:
        if not self._messages:
            return ()
        taken, self._messages = self._messages, []
        return taken

    async def wait_message(self) -> None:
        if not self._messages:
            if self._arrived is None or self._arrived.is_set():
                self._arrived = asyncio.Event()
            await self._arrived.wait()

    async def wait_answer(self, key: str) -> Answered:
        return await asyncio.shield(self._answer_to(key))

    def _answer_to(self, key: str) -> asyncio.Future[Answered]:
        if key not in self._answers:
            self._answers[key] = asyncio.get_running_loop().create_future()
        return self._answers[key]

    def interruptible(self) -> Interruptible:
        return Interruptible(self)

    def watch(self, call: Interruptible | None) -> None:
        """The block to interrupt from now on."""
        self._call = call


class Interruptible:
    """A block that a message in mode `now` ends early, without an error.

    It cancels its task as `asyncio.Timeout` does, so that a cancellation from elsewhere passes.
    """

    __slots__ = ("_cancelling", "_is_interrupted", "_mailbox", "_task")

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._is_interrupted = False

    def interrupt(self) -> None:
        if self._task is not None and not self._is_interrupted:
            self._is_interrupted = True
            self._task.cancel()

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        self._cancelling = self._task.cancelling() if self._task else 0
        self._mailbox.watch(self)

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._mailbox.watch(None)
        if not self._is_interrupted or self._task is None:
            return False
        is_ours = self._task.uncancel() <= self._cancelling
        return is_ours and kind is asyncio.CancelledError
