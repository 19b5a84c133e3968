"""Shapes: reads fields of JSON from outside, and names the field that is malformed.

A field that is absent or null reads as empty; one of the wrong type is a `ShapeError`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import orjson

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.unicode import whole_text, whole_value

_EMPTY: JsonObject = {}

Body: TypeAlias = dict[str, Json | orjson.Fragment]


class ShapeError(ValueError):
    """A reply is malformed; the text names the field."""


def to_object(value: Json, where: str) -> JsonObject:
    if isinstance(value, dict):
        return value
    raise ShapeError(f"{where} is not an object")


def object_at(parent: JsonObject, key: str) -> JsonObject:
    value = parent.get(key)
    return _EMPTY if value is None else to_object(value, key)


def objects_at(parent: JsonObject, key: str) -> Sequence[JsonObject]:
    value = parent.get(key)
    if value is None:
        return ()
    if not isinstance(value, list):
        raise ShapeError(f"{key} is not a list")
    return [to_object(item, f"an item of {key}") for item in value if item is not None]


def text_at(parent: JsonObject, key: str) -> str:
    value = parent.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise ShapeError(f"{key} is not a string")


def count_at(parent: JsonObject, key: str) -> int:
    """A number of tokens or an index; never negative."""
    value = parent.get(key)
    if value is None:
        return 0
    if isinstance(value, int | float) and math.isfinite(value):
        return max(0, int(value))
    raise ShapeError(f"{key} is not a number")


def index_at(parent: JsonObject, key: str) -> int | None:
    """A position, also as text; None if there is none or it is something else."""
    value = parent.get(key)
    if isinstance(value, str) and value.isdecimal():
        return int(value[:9])
    return value if isinstance(value, int) and 0 <= value < 1 << 30 else None


def word_at(parent: JsonObject, key: str) -> str:
    """A name or an id, also as a number; empty if it is something else."""
    value = parent.get(key)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def dump(value: Json | Mapping[str, Json | orjson.Fragment]) -> bytes:
    """The value as compact JSON; half a character becomes U+FFFD."""
    try:
        return orjson.dumps(value, default=_plain)
    except TypeError:
        return orjson.dumps(_whole(value), default=_plain)


def dump_body(value: Body) -> bytes:
    """A request's body as compact JSON; it stays in memory until the reply has arrived."""
    return bytes(memoryview(dump(value)))  # bytes from orjson occupy its whole buffer


def array_of(items: Iterable[bytes]) -> orjson.Fragment:
    """An array of items that are JSON already; an item may be a comma-separated list, or empty."""
    return orjson.Fragment(b"[" + b",".join(filter(None, items)) + b"]")


def _whole(value: Json | Mapping[str, Json | orjson.Fragment]) -> object:
    if isinstance(value, Mapping):
        return {
            whole_text(name): part if isinstance(part, orjson.Fragment) else whole_value(part)
            for name, part in value.items()
        }
    return whole_value(value)


def _plain(value: JsonObject) -> JsonObject:
    """A mapping that is not a dict, which orjson does not know by itself."""
    return dict(value)
