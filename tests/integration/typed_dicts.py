"""Checking a JSON value against the types of a vendor's SDK, which are `TypedDict`s and their unions.

Pydantic reads these types too, but it ignores unknown keys and does not look into an `Iterable`.
"""

from __future__ import annotations

import types
from collections.abc import Iterable, Mapping, Sequence
from typing import (
    Annotated,
    Any,
    Literal,
    Required,
    Union,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

import typing_extensions

from parallel_agents.core.schema import Json

_REQUIRED = (Required, typing_extensions.Required)
_LITERAL = (Literal, typing_extensions.Literal)
_PLAIN: Mapping[object, type | tuple[type, ...]] = {
    str: str,
    int: int,
    float: (int, float),
    bool: bool,
    object: object,
    Any: object,
    type(None): type(None),
}


def find_problem(value: Json, expected: Any, where: str = "") -> str | None:
    """Why `value` is not of the type `expected`; None if it is."""
    origin = get_origin(expected)
    if is_typeddict(expected) or typing_extensions.is_typeddict(expected):
        return _find_in_table(value, expected, where)
    if origin in {Annotated, *_REQUIRED}:
        return find_problem(value, get_args(expected)[0], where)
    if origin in {Union, types.UnionType}:
        problems = [find_problem(value, member, where) for member in get_args(expected)]
        told = [problem for problem in problems if problem]
        return _deepest(told) if len(told) == len(problems) else None
    if origin in _LITERAL:
        fits = value in get_args(expected)
        return None if fits else f"{where}: {value!r} is none of {get_args(expected)}"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return None if isinstance(value, Mapping) else f"{where}: {value!r} is not an object"
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return _find_in_list(value, get_args(expected)[0], where)
    kind = _PLAIN.get(expected)
    if kind is None:
        return f"{where}: cannot be read as {expected}"
    fits = isinstance(value, kind) and (kind is not int or not isinstance(value, bool))
    return None if fits else f"{where}: {value!r} is not a {expected}"


def _find_in_table(value: Json, expected: Any, where: str) -> str | None:
    if not isinstance(value, Mapping):
        return f"{where}: {value!r} is not an object"
    hints = get_type_hints(expected, include_extras=True)
    needed = {name for name, hint in hints.items() if get_origin(hint) in _REQUIRED}
    needed |= expected.__required_keys__
    for name in sorted(needed - value.keys()):
        return f"{where}: {name} is missing"
    for name, member in value.items():
        if name not in hints:
            return f"{where}.{name}: is not a field"
        if problem := find_problem(member, hints[name], f"{where}.{name}"):
            return problem
    return None


def _find_in_list(value: Json, expected: Any, where: str) -> str | None:
    if isinstance(value, str) or not isinstance(value, Sequence):
        return f"{where}: {value!r} is not a list"
    problems = (find_problem(item, expected, f"{where}[{n}]") for n, item in enumerate(value))
    return next(filter(None, problems), None)


def _deepest(problems: Sequence[str]) -> str:
    """The problem of the member of a union that fits best."""
    return max(problems, key=lambda problem: len(problem.partition(":")[0]))
