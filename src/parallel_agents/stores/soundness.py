"""Soundness: whether a value certainly has the types that its class says, at a tenth of a decoding's cost.

Every event is looked at before it is written. What is not certain is decoded to find out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache, partial
from types import NoneType, UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    TypeGuard,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

from parallel_agents.core.attributes import Values, values_of
from parallel_agents.core.checked import Checked

_Look = Callable[[object], bool]


class _Kind(NamedTuple):
    """Types whose values are sound as they are, and a look at the others."""

    exact: frozenset[type]
    look: _Look


def is_sound(value: object) -> bool:
    """Whether each field of a dataclass has its type, and so on within; False if in doubt."""
    values, kinds = _fields_of(type(value))
    for found, (exact, look) in zip(values(value), kinds, strict=True):
        if type(found) not in exact and not look(found):
            return False
    return True


@cache
def _fields_of(kind: type[Any]) -> tuple[Values, tuple[_Kind, ...]]:
    """What gets the values of all fields at once, and the kind of each."""
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in fields(kind)]
    return values_of(names), tuple(_kind(hints[name]) for name in names)


def _kind(annotation: object) -> _Kind:
    hint: Any = getattr(annotation, "__supertype__", annotation)  # what a NewType stands for
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _kind(inside[0])
    if origin in (Union, UnionType):
        return _union([_kind(option) for option in inside])
    if origin is Literal:
        return _Kind(frozenset(), partial(_is_one_of, inside))
    if origin is tuple:
        return _items(_kind(inside[0]))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _Kind(frozenset({dict}), _never)
    if hint is Any:
        return _Kind(frozenset(), _always)  # the encoder takes JSON only
    if hint is float:
        return _Kind(frozenset({int}), _is_finite)
    if hint in (str, int, bool, NoneType) or issubclass(hint, Enum | Checked):
        return _Kind(frozenset({hint}), _never)
    return _Kind(
        frozenset(), partial(_is_sound_as, frozenset({hint})) if is_dataclass(hint) else _never
    )


def _is_one_of(values: tuple[object, ...], value: object) -> bool:
    return type(value) is str and value in values


def _is_finite(value: object) -> bool:
    return type(value) is float and math.isfinite(value)


def _is_sound_as(kinds: frozenset[object], value: object) -> bool:
    return type(value) in kinds and is_sound(value)


def _always(value: object) -> bool:
    del value
    return True


def _union(options: list[_Kind]) -> _Kind:
    exact = frozenset[type]().union(*(option.exact for option in options))
    looks = [option.look for option in options if option.look is not _never]

    def look_at_each(value: object) -> bool:
        return any(look(value) for look in looks)

    return _Kind(exact, look_at_each)


def _items(item: _Kind) -> _Kind:
    exact, look = item

    def all_sound(value: object) -> bool:
        return _is_tuple(value) and all(type(one) in exact or look(one) for one in value)

    return _Kind(frozenset(), all_sound)


def _is_tuple(value: object) -> TypeGuard[tuple[object, ...]]:
    return type(value) is tuple


def _never(value: object) -> bool:
    del value
    return False
