"""JSON values: their types, as a parser returns them, and how deep they may be."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
    JsonObject: TypeAlias = Mapping[str, Json]
else:
    # Parsed JSON is valid JSON: decoders need not walk it again.
    Json = Any
    JsonObject = Mapping[str, Any]

# Parsers differ in what they take: orjson 254 levels, the store's 198, a validator 255.
MOST_DEPTH = 128
# Most of a value, and looked at without a call.
_LEAVES = frozenset({str, int, float, bool, type(None)})


def depth_of(value: Json) -> int:
    """How many objects and arrays a value has inside of each other."""
    depth, level = 0, [value]
    while True:
        level = [child for parent in level for child in children_of(parent)]
        if not level:
            return depth
        depth += 1


def is_too_deep(value: Json, encoded: bytes) -> bool:
    """Whether a value has more levels than every process can read; `encoded` is the value as JSON."""
    return encoded.count(b"[") + encoded.count(b"{") > MOST_DEPTH and depth_of(value) > MOST_DEPTH


def with_own_containers(value: Json, most: int = MOST_DEPTH) -> Json:
    """A value that nobody else can change: its objects and arrays are copies, its texts are shared.

    Raises:
        ValueError: it has more levels than that.
    """
    match value:
        case dict():
            copied = {
                name: each if type(each) in _LEAVES else with_own_containers(each, most - 1)
                for name, each in value.items()
            }
        case list() | tuple():
            items = cast("Sequence[Json]", value)
            parts = [
                each if type(each) in _LEAVES else with_own_containers(each, most - 1)
                for each in items
            ]
            copied = parts if isinstance(value, list) else tuple(parts)
        case _:
            return value
    if copied and most < 1:
        raise ValueError("it has too many levels")
    return copied


class KeepsCopy:
    """The base of frozen values that give away a copy of a JSON value; it does not affect equality."""

    __slots__ = ("_copy",)

    _copy: Json

    def copy_of(self, value: Json) -> Json:
        """A copy that shares no object or array with the value, and is the same one each time."""
        try:
            return self._copy
        except AttributeError:
            own = with_own_containers(value)
            object.__setattr__(self, "_copy", own)  # its holder is frozen
            return own


def all_finite(value: Json) -> bool:
    """Whether each number in a value is one that JSON can write."""
    level = [value]
    while level:
        if any(isinstance(each, float) and not math.isfinite(each) for each in level):
            return False
        level = [child for parent in level for child in children_of(parent)]
    return True


def children_of(value: Json) -> Sequence[Json]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, Sequence) and not isinstance(value, str) else ()


def with_texts(value: Json, change: Callable[[str], str]) -> Json:
    """A JSON value with each of its texts and names changed."""
    return with_leaves(value, change, None)


def with_leaves(
    value: Json, change: Callable[[str], str], change_number: Callable[[float], Json] | None
) -> Json:
    """A JSON value with each of its texts and names changed, and its numbers too if there is a way to."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {
            change(name): with_leaves(member, change, change_number)
            for name, member in value.items()
        }
    if isinstance(value, Sequence):
        return [with_leaves(item, change, change_number) for item in value]
    if change_number is not None and isinstance(value, int | float) and not isinstance(value, bool):
        return change_number(value)
    return value


def as_list(value: object) -> list[object]:
    """A named tuple as JSON, for `orjson.dumps(..., default=as_list)`.

    Raises:
        TypeError: it is something else that JSON has no form for.
    """
    if isinstance(value, tuple):
        return [*cast("tuple[object, ...]", value)]
    raise TypeError(f"{type(value).__name__} is not JSON")
