"""Scripted models: they answer what a test wrote down, and nothing else."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from parallel_agents.core.message import Message, Role, ToolCall, assistant
from parallel_agents.core.model import Capabilities, Finish, Listener, ModelReply, ModelRequest

Answer: TypeAlias = ModelReply | str | ToolCall | Sequence[ToolCall] | Exception
Script: TypeAlias = Sequence[Answer | Callable[[ModelRequest], ModelReply]]


class ScriptedModel:
    """Answers each call by the next entry of its script.

    A string is the reply's text, a `ToolCall` a reply that makes it, a list of them a reply that
    makes several, an exception is raised, and a function is called with the request.

    Attributes:
        requests: what it was asked, in order.
    """

    def __init__(
        self,
        replies: Script,
        name: str = "scripted/model",
        *,
        latency_seconds: float = 0.0,
        capabilities: Capabilities = Capabilities(),
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self.requests: list[ModelRequest] = []
        self._script = deque(replies)
        self._length = len(replies)
        self._latency_seconds = latency_seconds

    async def start(self) -> None:
        """Nothing is to be made ready."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """The next reply of the script.

        Raises:
            AssertionError: the script is used up.
        """
        self.requests.append(request)
        if not self._script:
            raise AssertionError(f"{self.name} was called more than {self._length} times")
        entry = self._script.popleft()
        await asyncio.sleep(self._latency_seconds)
        reply = entry(request) if callable(entry) else to_reply(entry, self.name)
        show(reply, listener)
        return reply

    def assert_used_up(self) -> None:
        """Fail if an entry of the script was not asked for."""
        left = len(self._script)
        assert not left, f"{left} of {self._length} replies of {self.name} were not asked for"

    async def aclose(self) -> None:
        """Nothing is held."""


class RepliesWith:
    """Answers every call by a function of its request, for tests of many agents.

    Attributes:
        requests: what it was asked, in order.
    """

    def __init__(
        self,
        answer: Callable[[ModelRequest], Answer],
        name: str = "scripted/model",
        *,
        latency_seconds: float = 0.0,
        capabilities: Capabilities = Capabilities(),
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self.requests: list[ModelRequest] = []
        self._answer = answer
        self._latency_seconds = latency_seconds

    async def start(self) -> None:
        """Nothing is to be made ready."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        self.requests.append(request)
        await asyncio.sleep(self._latency_seconds)
        reply = to_reply(self._answer(request), self.name)
        show(reply, listener)
        return reply

    async def aclose(self) -> None:
        """Nothing is held."""


def to_reply(answer: Answer, model: str) -> ModelReply:
    """What `answer` is as a reply of `model`; an exception is raised."""
    match answer:
        case ModelReply():
            return answer
        case str():
            return ModelReply(message=assistant(answer), model=model)
        case ToolCall():
            message = Message(Role.ASSISTANT, (answer,))
            return ModelReply(message=message, model=model, finish=Finish.TOOLS)
        case Exception():
            raise answer
        case _:
            message = Message(Role.ASSISTANT, tuple(answer))
            return ModelReply(message=message, model=model, finish=Finish.TOOLS)


def show(reply: ModelReply, listener: Listener | None) -> None:
    """Let a listener that reads along have the reply's text, as from a stream."""
    if listener is not None and listener.wants_text and reply.message.text:
        listener.text(reply.message.text)
