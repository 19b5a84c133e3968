"""Checked: values that are right from the moment they are made, since what is stored must be readable.

The checks of a class are built once, from its annotations. Python does not enforce annotations, and
callers may not use a type checker: a value of another type would be refused only when it is read
back from the store, by every process and for good.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import MISSING, fields
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import (
    Any,
    Literal,
    NamedTuple,
    TypeGuard,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

import orjson

from parallel_agents.core.json_value import MOST_DEPTH, Json, is_too_deep
from parallel_agents.core.shown import shown
from parallel_agents.errors import InvalidInput

_MOST_HINTED = 60
# What both a JSON encoder and a column of the store can hold.
_LEAST, _MOST = -(2**63), 2**63 - 1


class Checked:
    """The base of frozen dataclasses that callers make.

    A list is taken for a tuple, a member's value for a member of an enum, and a whole number for a
    number; anything else must have the annotated type.

    Raises:
        InvalidInput: from the constructor; it names the argument, its value and what it takes.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        for field in _fields_of(type(self)):
            name, default, exact, take, _ = field
            value = getattr(self, name)
            if value is default or type(value) in exact:
                continue
            try:
                right = take(value)
            except _Wrong as wrong:
                raise wrong.refusal(field, type(self)) from None
            if right is not value:
                object.__setattr__(self, name, right)  # the value is frozen from here on
        self._check()

    @classmethod
    def written(cls) -> str:
        """How a value is written, for the hint of a refusal."""
        return f"{cls.__name__}(...)"

    def _check(self) -> None:
        """Refuse what the types allow and the class does not, such as a number out of range."""


class _Wrong(Exception):
    """A value is not what `takes` says; `where` is its place within the argument, such as `item 2`."""

    def __init__(self, value: object, takes: str, *, where: str = "", hint: str = "") -> None:
        super().__init__()
        self.value = value
        self.takes = takes
        self.where = where
        self.hint = hint

    def at(self, step: str) -> _Wrong:
        where = f"{self.where} of {step}" if self.where else step
        return _Wrong(self.value, self.takes, where=where, hint=self.hint)

    def refusal(self, field: _Field, made: type) -> InvalidInput:
        name = field.name
        argument = f"{self.where} of {name}" if self.where else name
        return InvalidInput(
            f"{argument} of {made.__name__} is {shown(self.value)} ({type(self.value).__name__})",
            why=f"it takes {self.takes}",
            hint=self.hint or f"correct {name}" + ("" if field.is_needed else ", or leave it out"),
        )


class _Taker(NamedTuple):
    """How values of one annotation are taken.

    Attributes:
        exact: types whose values need no further look.
        take: returns the value as it is kept.
        takes: what the annotation allows, in words.
    """

    exact: frozenset[type]
    take: Callable[[object], object]
    takes: str


class _Field(NamedTuple):
    name: str
    default: object
    exact: frozenset[type]
    take: Callable[[object], object]
    is_needed: bool


@cache
def _fields_of(made: type[Any]) -> tuple[_Field, ...]:
    hints = get_type_hints(made)
    found: list[_Field] = []
    for field in fields(made):
        exact, take, _ = _taker(hints[field.name])
        is_needed = field.default is MISSING and field.default_factory is MISSING
        # A default is right by construction; a factory's is new each time, and cheap to check.
        found.append(_Field(field.name, field.default, exact, take, is_needed))
    return tuple(found)


def _taker(annotation: object) -> _Taker:
    hint: Any = getattr(annotation, "__supertype__", annotation)  # what a NewType stands for
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return _union(tuple(map(_taker, get_args(hint))))
    if origin is Literal:
        return _literal(get_args(hint))
    if origin is tuple:
        return _items(_taker(get_args(hint)[0]))
    if hint is Any or isinstance(origin, type):
        is_object = isinstance(origin, type) and issubclass(origin, Mapping)
        return _JSON_OBJECT if is_object else _JSON
    if hint in _PLAIN:
        return _PLAIN[hint]
    return _enum(hint) if issubclass(hint, Enum) else _instance(hint)


def _union(options: tuple[_Taker, ...]) -> _Taker:
    takes = " or ".join(option.takes for option in options)
    others = [option for option in options if option is not _NONE]

    def take(value: object) -> object:
        wrong: _Wrong | None = None
        for option in others:
            if type(value) in option.exact:
                return value
            try:
                return option.take(value)
            except _Wrong as found:
                wrong = found
        if wrong is None or len(others) > 1:
            raise _Wrong(value, takes)
        is_of_type = (
            wrong.takes != others[0].takes
        )  # then None is no help: the value is out of range
        raise wrong if is_of_type else _Wrong(value, takes, hint=wrong.hint)

    exact = frozenset[type]().union(*(option.exact for option in options))
    return _Taker(exact, take, takes)


def _literal(values: tuple[object, ...]) -> _Taker:
    takes = " or ".join(map(repr, values))

    def take(value: object) -> object:
        if type(value) is str and value in values:
            return value
        raise _Wrong(value, takes)

    return _Taker(frozenset(), take, takes)


def _items(item: _Taker) -> _Taker:
    takes = f"a tuple or list, each item {item.takes}"

    def take(value: object) -> object:
        if not _is_list(value):
            hint = (
                f"write [{value!r}]"
                if isinstance(value, str) and len(value) <= _MOST_HINTED
                else ""
            )
            raise _Wrong(value, takes, hint=hint)
        return tuple([one(number, part) for number, part in enumerate(value, start=1)])

    def one(number: int, part: object) -> object:
        if type(part) in item.exact:
            return part
        try:
            return item.take(part)
        except _Wrong as wrong:
            raise wrong.at(f"item {number}") from None

    return _Taker(frozenset(), take, takes)


def _enum(members: type[Enum]) -> _Taker:
    *first, last = [str(member.value) for member in members]
    takes = f"{', '.join(first)} or {last}" if first else last

    def take(value: object) -> object:
        if isinstance(value, str):  # the lookup of another value would show it, whatever it does
            with suppress(ValueError):
                return members(value)
        raise _Wrong(value, takes)

    return _Taker(frozenset({members}), take, takes)


def _instance(kind: type[object]) -> _Taker:
    written = kind.written() if issubclass(kind, Checked) else f"{kind.__name__}(...)"

    def take(value: object) -> object:
        if isinstance(value, kind):
            return value
        raise _Wrong(value, kind.__name__, hint=f"write {written}")

    return _Taker(frozenset[type]((kind,)), take, kind.__name__)


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise _Wrong(value, "text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise _Wrong(value, "Unicode text", hint="read files and arguments as UTF-8") from None
    return value if type(value) is str else str.__str__(value)


def _whole(value: object) -> object:
    if isinstance(value, bool):
        raise _Wrong(value, "a whole number")
    try:
        number = operator.index(value)  # pyright: ignore[reportArgumentType] - it may be anything
    except TypeError:
        raise _Wrong(value, "a whole number") from None
    if not _LEAST <= number <= _MOST:
        raise _Wrong(value, "a whole number of at most 64 bits")
    return number


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Wrong(value, "a number")
    try:
        number = float(value)
    except OverflowError:
        raise _Wrong(value, "a number of at most 64 bits") from None
    if not math.isfinite(number):
        raise _Wrong(value, "a finite number")
    is_exact = type(value) is float or (type(value) is int and _LEAST <= value <= _MOST)
    return value if is_exact else number


def _none(value: object) -> object:
    raise _Wrong(value, "None")


def _flag(value: object) -> object:
    raise _Wrong(value, "True or False")


def _json(value: object) -> object:
    _check_json(value, "JSON values")
    return value


def _check_json(value: object, takes: str) -> None:
    try:
        encoded = orjson.dumps(value)
    except TypeError as error:
        raise _Wrong(value, takes, hint=f"pass what JSON has: {error}") from None
    if is_too_deep(cast("Json", value), encoded):
        raise _Wrong(value, f"{takes} of at most {MOST_DEPTH} levels")


def _is_list(value: object) -> TypeGuard[Sequence[object]]:
    return isinstance(value, tuple | list)


def _is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping)


def _as_dict(members: Mapping[object, object]) -> Mapping[object, object]:
    return members if isinstance(members, dict) else dict(members)


def _json_object(value: object) -> object:
    if not _is_mapping(value):
        schema = getattr(value, "model_json_schema", None)  # a class of Pydantic, for its schema
        hint = f"pass {getattr(value, '__name__', '')}.model_json_schema()" if schema else ""
        raise _Wrong(value, _OBJECT, hint=hint)
    plain = _as_dict(value)
    _check_json(plain, _OBJECT)
    return plain


_OBJECT = "a dictionary of JSON values with text as names"
_NONE = _Taker(frozenset({NoneType}), _none, "None")
_JSON = _Taker(frozenset({NoneType, bool}), _json, "a JSON value")
_JSON_OBJECT = _Taker(frozenset(), _json_object, _OBJECT)
_PLAIN: Mapping[object, _Taker] = {
    str: _Taker(frozenset(), _text, "text"),
    int: _Taker(frozenset(), _whole, "a whole number"),
    float: _Taker(frozenset(), _number, "a number"),
    bool: _Taker(frozenset({bool}), _flag, "True or False"),
    NoneType: _NONE,
}
