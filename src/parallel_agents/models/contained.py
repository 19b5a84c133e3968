"""Contained: a model of the program's own; whatever it raises fails its call and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import replace
from typing import TypeVar

import orjson
from typing_extensions import override

from parallel_agents.containment.calls import caught, contained, describe, place_of, unpack
from parallel_agents.core.message import File, Message, Part, Text, Thinking, ToolCall, ToolResult
from parallel_agents.core.model import (
    Capabilities,
    Finish,
    Listener,
    Model,
    ModelReply,
    ModelRequest,
)
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.shown import shown
from parallel_agents.core.unicode import whole_text, whole_value
from parallel_agents.core.usage import Usage
from parallel_agents.errors import (
    HostError,
    LocalModelError,
    ModelCrashed,
    PagentsError,
    ReplyTooLarge,
)
from parallel_agents.models.bounds import MOST_CALLS, MOST_DOCUMENT_BYTES
from parallel_agents.models.wrapped import Wrapped

T = TypeVar("T")
_KINDS: Mapping[str, type] = {
    "message": Message,
    "model": str,
    "finish": Finish,
    "tries": int,
    "cached": bool,
    "is_estimated": bool,
}


class Contained(Wrapped):
    """Wraps a model that the program passed in.

    Errors that the protocol of models defines pass unchanged; any other becomes a `ModelCrashed`.
    """

    def __init__(self, model: Model) -> None:
        super().__init__(model)
        self._capabilities = model.capabilities  # now, where what it raises is caught

    @property
    @override
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @override
    async def start(self) -> None:
        await self._contained(self._model.start())

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask the model for the next message.

        Raises:
            ModelCrashed: it raised something unexpected, or returned no reply.
            PagentsError: as the model raises it.
        """
        return await self._contained(self._respond(request, listener))

    @override
    async def aclose(self) -> None:
        await self._contained(self._model.aclose())

    async def _respond(self, request: ModelRequest, listener: Listener | None) -> ModelReply:
        reply: object = await self._model.respond(request, listener)
        if not isinstance(reply, ModelReply):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise _crashed(self.name, f"returned {shown(reply, 80)}, which is not a ModelReply")
        usage: object = reply.usage
        if not isinstance(usage, Usage) or not usage.is_sound:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise _crashed(
                self.name, f"returned {shown(usage, 80)}, which is not the usage of a call"
            )
        try:
            return _storable(reply)
        except TypeError as error:
            raise _crashed(self.name, f"returned what cannot be stored: {error}") from error

    async def _contained(self, work: Coroutine[None, None, T]) -> T:
        try:
            return await contained(work, self.name)
        except Exception as error:
            raise _mapped(error, self.name, self._model.respond) from error


def make_contained(make: Callable[[str], Model]) -> Callable[[str], Model]:
    """A factory of models that makes contained ones, and raises only errors of this package."""

    def make_model(name: str) -> Model:
        outcome = caught(lambda: Contained(_model_of(make(name), name)))
        try:
            return unpack(outcome)
        except Exception as error:
            raise _mapped(error, name, make) from error

    return make_model


def _model_of(made: Model, name: str) -> Model:
    if lacking := [each for each in ("name", "capabilities", "respond") if not hasattr(made, each)]:
        raise _crashed(name, f"is {shown(made, 80)}, which is not a Model: it has no {lacking[0]}")
    return made


def _storable(reply: ModelReply) -> ModelReply:
    """The reply, with half characters made whole.

    Raises:
        TypeError: a field of it has another type than it says, or it contains a value that is not
            JSON, or an integer beyond 64 bits.
        ReplyTooLarge: it is larger than a reply that a server may send.
    """
    for name, kind in _KINDS.items():
        if type(value := getattr(reply, name)) is not kind:
            raise TypeError(
                f"its {name} is {shown(value, 80)}, which is not of type {kind.__name__}"
            )
    try:
        size = len(orjson.dumps(reply))
    except TypeError:
        parts = tuple(_whole(part) for part in reply.message.parts)
        reply = replace(reply, message=replace(reply.message, parts=parts))
        size = len(orjson.dumps(reply))
    if size > MOST_DOCUMENT_BYTES or len(reply.message.tool_calls) > MOST_CALLS:
        raise ReplyTooLarge(
            f"{reply.model} returned a reply that is too large",
            why=f"it has {size:,} bytes and {len(reply.message.tool_calls):,} calls",
            hint="correct the code of the model",
        )
    return reply


def _whole(part: Part) -> Part:
    match part:
        case Text() | Thinking():
            return replace(part, text=whole_text(part.text))
        case ToolCall():
            return replace(part, arguments=dict(_whole_pairs(part.arguments)))
        case ToolResult() | File():
            return part


def _whole_pairs(arguments: JsonObject) -> Iterator[tuple[str, Json]]:
    """The arguments of a call with half characters made whole."""
    for name, value in arguments.items():
        yield whole_text(name), whole_value(value)


def _mapped(error: Exception, name: str, code: Callable[..., object]) -> PagentsError:
    # A model's own trouble with some store, or with some run, is not that of the run that calls it.
    if isinstance(error, LocalModelError):
        return error
    if isinstance(error, PagentsError) and not isinstance(error, HostError):
        return error
    return _crashed(name, f"raised {describe(error)}", place_of(error, code))


def _crashed(name: str, what: str, place: str = "") -> ModelCrashed:
    why = "the program passed the model in, and its code did not work"
    return ModelCrashed(
        f"the model {name} {what}",
        why=f"{why}: {place}" if place else why,
        hint="correct the code of the model",
    )
