"""Shapes: reads fields of JSON from outside, and names the field that is malformed.

A field that is absent or null reads as empty; one of the wrong type is a `ShapeError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import orjson

from parallel_agents.core.schema import Json, JsonObject

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
    return [to_object(item, f"an item of {key}") for item in value]


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
    if isinstance(value, int | float):
        return max(0, int(value))
    raise ShapeError(f"{key} is not a number")


def dump(value: Json | Mapping[str, Json | orjson.Fragment]) -> bytes:
    """The value as compact JSON."""
    return orjson.dumps(value, default=_plain)


def dump_body(value: Body) -> bytes:
    """A request's body as compact JSON; it stays in memory until the reply has arrived."""
    return bytes(memoryview(dump(value)))  # bytes from orjson occupy its whole buffer


def array_of(items: Iterable[bytes]) -> orjson.Fragment:
    """An array of items that are JSON already; an item may be a comma-separated list, or empty."""
    return orjson.Fragment(b"[" + b",".join(filter(None, items)) + b"]")


def _plain(value: JsonObject) -> JsonObject:
    """A mapping that is not a dict, which orjson does not know by itself."""
    return dict(value)
