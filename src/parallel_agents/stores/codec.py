"""Codec: events and agents as JSON bytes; nothing is written that could not be read back.

Reading raises one error, `Undecodable`, whatever is wrong with what is stored.
"""

from __future__ import annotations

import hashlib
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeVar

import orjson
from pydantic import TypeAdapter, ValidationError

from parallel_agents.core.agent import Agent
from parallel_agents.core.attributes import Values, values_of
from parallel_agents.core.event import AnyBody, Body, Queued, StoredBody
from parallel_agents.core.json_value import MOST_DEPTH, as_list
from parallel_agents.core.model import ModelReply
from parallel_agents.core.problems import describe_problem
from parallel_agents.core.schema import Json
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.task import Task
from parallel_agents.core.throttle import Throttle
from parallel_agents.core.unicode import whole_value
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.errors import InvalidInput, PagentsError, RunCrashed
from parallel_agents.secrets.known import KNOWN
from parallel_agents.stores.soundness import is_sound

_T = TypeVar("_T")
_DEFAULT_OPTIONS = SessionOptions()
# The sessions of a team, and of most stores, share a few.
_MOST_OPTIONS = 1024
# What decoders raise, and what values raise when they are made of what is out of range.
_FAULTS = (ValidationError, PagentsError, ValueError, TypeError, RecursionError)


class Undecodable(ValueError):
    """What is stored cannot be read; the text says why.

    Attributes:
        is_unknown_kind: it is an intact event of a kind that this version does not know.
    """

    def __init__(self, why: str, *, is_unknown_kind: bool = False) -> None:
        super().__init__(why)
        self.is_unknown_kind = is_unknown_kind


class Encoded(NamedTuple):
    """An agent's definition as JSON, and the digest that names it."""

    digest: str
    body: bytes


@cache
def _body_adapter() -> TypeAdapter[StoredBody]:
    return TypeAdapter(AnyBody)


@cache
def _agent_adapter() -> TypeAdapter[Agent]:
    return TypeAdapter(Agent)


@cache
def _options_adapter() -> TypeAdapter[SessionOptions]:
    return TypeAdapter(SessionOptions)


@cache
def _reply_adapter() -> TypeAdapter[ModelReply]:
    return TypeAdapter(ModelReply)


@cache
def _throttle_adapter() -> TypeAdapter[Throttle]:
    return TypeAdapter(Throttle)


def _decode(adapter: TypeAdapter[_T], stored: object, *, strict: bool | None = None) -> _T:
    if not isinstance(stored, str | bytes):
        raise Undecodable(f"it is of type {type(stored).__name__}")
    try:
        return adapter.validate_json(stored, strict=strict)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)[0]
        where = "/".join(map(str, found["loc"]))
        why = f"{where}: {describe_problem(error)}" if where else describe_problem(error)
        is_unknown_kind = found["type"] == "union_tag_invalid" and not found["loc"]
        raise Undecodable(why, is_unknown_kind=is_unknown_kind) from error
    except _FAULTS as error:
        raise Undecodable(str(error)) from error


@lru_cache(maxsize=_MOST_OPTIONS)
def encode_options(options: SessionOptions) -> str:
    """Options as JSON.

    Raises:
        InvalidInput: they could not be read back.
    """
    if options == _DEFAULT_OPTIONS:
        return "{}"
    try:
        encoded = orjson.dumps(options)
        _decode(_options_adapter(), encoded, strict=True)
    except _FAULTS as error:
        raise InvalidInput(f"the session's options cannot be stored: {error}") from error
    return encoded.decode()


@lru_cache(maxsize=_MOST_OPTIONS)
def decode_options(stored: object) -> SessionOptions:
    return _DEFAULT_OPTIONS if stored == "{}" else _decode(_options_adapter(), stored)


def encode_body(body: Body) -> bytes:
    """An event's body as JSON.

    Raises:
        RunCrashed: it could not be read back, because a value does not have the type that its class
            declares; it may come from a model, tool or gate of the caller.
    """
    try:
        encoded = _encode_body(body)
        is_flat = encoded.count(b"[") + encoded.count(b"{") <= MOST_DEPTH
        if is_flat and is_sound(body) and not isinstance(body, Unreadable):
            return encoded
        decoded = _decode(_body_adapter(), encoded, strict=True)
        if type(decoded) is type(body):
            return encoded
        raise Undecodable(f"it would be read as {decoded.kind}")
    except (*_FAULTS, AttributeError) as error:  # the last is of a value that is not text
        raise RunCrashed(
            f"the event {body.kind!r} cannot be stored: {error}",
            why="a value in it has the wrong type, so that no process could read it again",
            hint="correct the model, tool or gate that returned it",
        ) from error


def hidden_body(encoded: bytes) -> Body:
    """The body that an event has without the secrets that are known."""
    found = _decode(_body_adapter(), KNOWN.hide_json(encoded), strict=True)
    assert not isinstance(found, Unreadable)  # it was made of one that can be read
    return found


def _encode_body(body: Body) -> bytes:
    try:
        if isinstance(body, Queued) and body.team is not None:
            return orjson.dumps(body, default=_sparsely, option=orjson.OPT_PASSTHROUGH_DATACLASS)
        return orjson.dumps(body, default=as_list)
    except TypeError:
        # Half a character, from whatever text found its way here: the store holds Unicode only.
        plain: Json = _body_adapter().dump_python(body, mode="python", warnings=False)  # pyright: ignore[reportArgumentType] - an unreadable body is refused by its kind
        return orjson.dumps(whole_value(plain))


def _sparsely(value: object) -> dict[str, object] | list[object]:
    """What a team's request holds as JSON, its tasks without what they leave at its default.

    A team may have thousands of tasks, and each says little.
    """
    if not is_dataclass(value):
        return as_list(value)
    names, values, defaults = _attributes_of(type(value))
    found = zip(names, values(value), defaults, strict=True)
    if isinstance(value, Task):
        return {name: given for name, given, default in found if given != default}
    return {name: given for name, given, _ in found}


class _Attributes(NamedTuple):
    """The fields of a dataclass: their names, what gets their values, and their defaults."""

    names: tuple[str, ...]
    values: Values
    defaults: tuple[object, ...]


@cache
def _attributes_of(kind: type[Any]) -> _Attributes:
    found = fields(kind)
    names = tuple(field.name for field in found)
    defaults = tuple(
        field.default if field.default_factory is MISSING else field.default_factory()
        for field in found
    )
    return _Attributes(names, values_of(names), defaults)


def decode_body(stored: object) -> StoredBody:
    return _decode(_body_adapter(), stored)


def unreadable_body(stored: object, fault: Undecodable) -> Unreadable:
    """The body of an event that cannot be read, with the kind that it names, if it names one."""
    try:
        value: Json = orjson.loads(stored if isinstance(stored, str | bytes) else b"")
    except ValueError:
        value = None
    found = value.get("kind", "") if isinstance(value, dict) else ""
    is_unknown = fault.is_unknown_kind and isinstance(found, str)
    return Unreadable(found=str(found)[:80], why=str(fault), is_unknown=is_unknown)


def encode_agent(agent: Agent) -> Encoded:
    """An agent's definition as JSON.

    Raises:
        InvalidInput: it could not be read back.
    """
    try:
        body = orjson.dumps(agent)
        _decode(_agent_adapter(), body, strict=True)
    except _FAULTS as error:
        raise InvalidInput(
            f"agent {agent.name!r} cannot be stored: {error}",
            why="a value in its definition has the wrong type",
            hint="correct the definition",
        ) from error
    return Encoded(hashlib.sha256(body).hexdigest()[:32], body)


def decode_agent(stored: object) -> Agent:
    return _decode(_agent_adapter(), stored)


def decode_reply(stored: object) -> ModelReply:
    return _decode(_reply_adapter(), stored)


def decode_throttle(stored: object) -> Throttle:
    return _decode(_throttle_adapter(), stored)
