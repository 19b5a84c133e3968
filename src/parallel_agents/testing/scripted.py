"""Scripted models: they give exactly the answers that a test wrote down."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import TypeAlias

from parallel_agents.core.annotations import Name, Seconds
from parallel_agents.core.arguments import checked
from parallel_agents.core.message import Message, Role, ToolCall, assistant
from parallel_agents.core.model import Capabilities, Finish, Listener, ModelReply, ModelRequest
from parallel_agents.core.shown import shown
from parallel_agents.core.takers import is_list
from parallel_agents.core.usage import FREE
from parallel_agents.errors import InvalidInput

Answer: TypeAlias = ModelReply | str | ToolCall | Sequence[ToolCall] | Exception
FREE_OF_CHARGE = Capabilities(price=FREE)
Script: TypeAlias = Sequence[Answer | Callable[[ModelRequest], Answer]]


class ScriptedModel:
    """Answers each call with the next entry of its script.

    A string is the text of a reply. A `ToolCall`, or a list of them, is a reply that makes these
    calls. An exception is raised. A function is called with the request and returns one of these, or a
    `ModelReply`.

    It costs nothing, unless its `capabilities` have a `price`; a call then costs what the `usage` of its
    `ModelReply` does.

    Attributes:
        name: `provider/model`; `models=` makes it under the provider of this name.
        requests: the requests so far, in order.
    """

    @checked
    def __init__(
        self,
        replies: Script,
        name: Name = "scripted/model",
        *,
        latency_seconds: Seconds = 0.0,
        capabilities: Capabilities = FREE_OF_CHARGE,
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self.requests: list[ModelRequest] = []
        self._script = deque(replies)
        self._length = len(replies)
        self._latency_seconds = latency_seconds

    async def start(self) -> None:
        """Do nothing; the model is always ready."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Return the next reply of the script.

        Raises:
            AssertionError: the script is used up.
        """
        self.requests.append(request)
        if not self._script:
            raise AssertionError(f"{self.name} was called more than {self._length} times")
        entry = self._script.popleft()
        await asyncio.sleep(self._latency_seconds)
        reply = to_reply(entry(request) if callable(entry) else entry, self.name)
        show(reply, listener)
        return reply

    def assert_used_up(self) -> None:
        """Fail if the script has entries left."""
        left = len(self._script)
        assert not left, f"{left} of {self._length} replies of {self.name} were never used"

    async def aclose(self) -> None:
        """Do nothing; the model holds no resources."""


class RepliesWith:
    """Answers each call with a function of its request, for tests of many agents.

    Attributes:
        name: as for `ScriptedModel`.
        requests: the requests so far, in order.
    """

    @checked
    def __init__(
        self,
        answer: Callable[[ModelRequest], Answer],
        name: Name = "scripted/model",
        *,
        latency_seconds: Seconds = 0.0,
        capabilities: Capabilities = FREE_OF_CHARGE,
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self.requests: list[ModelRequest] = []
        self._answer = answer
        self._latency_seconds = latency_seconds

    async def start(self) -> None:
        """Do nothing; the model is always ready."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        self.requests.append(request)
        await asyncio.sleep(self._latency_seconds)
        reply = to_reply(self._answer(request), self.name)
        show(reply, listener)
        return reply

    async def aclose(self) -> None:
        """Do nothing; the model holds no resources."""


def to_reply(answer: object, model: str) -> ModelReply:
    """Turn `answer` into a reply of `model`; an exception is raised.

    Raises:
        InvalidInput: a function returned something else.
    """
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
        case _ if (calls := _calls_in(answer)) is not None:
            message = Message(Role.ASSISTANT, calls)
            return ModelReply(message=message, model=model, finish=Finish.TOOLS)
        case _:
            raise InvalidInput(
                f"a function answered {shown(answer)} ({type(answer).__name__}) for {model}",
                why="it is no reply of a model",
                hint="return a text, a ToolCall, a list of them, a ModelReply or an exception",
            )


def _calls_in(answer: object) -> tuple[ToolCall, ...] | None:
    """The calls of a list of nothing else."""
    if not is_list(answer):
        return None
    items = tuple(answer)
    calls = tuple(item for item in items if isinstance(item, ToolCall))
    return calls if len(calls) == len(items) else None


def show(reply: ModelReply, listener: Listener | None) -> None:
    """Send the reply's text to a listener that wants text, as a stream would."""
    if listener is not None and listener.wants_text and reply.message.text:
        listener.text(reply.message.text)
