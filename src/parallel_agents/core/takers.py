"""Takers: what a kind of value takes, and the refusal of anything else in plain words.

A value that is meant is taken as it is kept: a list for a tuple, a member's value for a member of an
enum, a whole number for a number.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from enum import Enum
from functools import partial
from types import NoneType
from typing import Any, NamedTuple, TypeGuard, cast, get_type_hints

import orjson

from parallel_agents.core.hints import hint_for_coroutine, hint_for_fields, hint_for_named
from parallel_agents.core.json_value import (
    MOST_DEPTH,
    Json,
    all_finite,
    with_own_containers,
)
from parallel_agents.core.shown import shown
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput

_MOST_HINTED = 60
# What both a JSON encoder and a column of the store can hold.
_LEAST, _MOST = -(2**63), 2**63 - 1


class Wrong(Exception):
    """A value is not what `takes` says; `where` is its place within the argument, such as `item 2`."""

    def __init__(self, value: object, takes: str, *, where: str = "", hint: str = "") -> None:
        super().__init__()
        self.value = value
        self.takes = takes
        self.where = where
        self.hint = hint

    def at(self, step: str) -> Wrong:
        where = f"{self.where} of {step}" if self.where else step
        return Wrong(self.value, self.takes, where=where, hint=self.hint)

    def refusal(self, name: str, owner: str, *, is_needed: bool) -> InvalidInput:
        """The error for the argument of that name; `owner` is the class or function that takes it."""
        argument = f"{self.where} of {name}" if self.where else name
        return InvalidInput(
            f"{argument} of {owner} is {shown(self.value)} ({type(self.value).__name__})",
            why=f"it takes {self.takes}",
            hint=hint_for_coroutine(self.value, self.takes, is_item=self.where.startswith("item "))
            or self.hint
            or f"correct {name}" + ("" if is_needed else ", or leave it out"),
        )


class Taker(NamedTuple):
    """How values of one annotation are taken.

    Attributes:
        exact: types whose values need no further look.
        take: returns the value as it is kept.
        takes: what the annotation allows, in words.
    """

    exact: frozenset[type]
    take: Callable[[object], object]
    takes: str


def union(options: tuple[Taker, ...]) -> Taker:
    """A value of one of several kinds; the refusal is the one that knows most."""
    kinds = dict.fromkeys(option.takes for option in options)
    takes = " or ".join(
        sorted(kinds, key=_says_what_is_in_it)
    )  # which comes last, or it is read on
    others = [option for option in options if option is not NONE]

    def take(value: object) -> object:
        wrongs: list[Wrong] = []
        for option in others:
            if type(value) in option.exact:
                return value
            try:
                return option.take(value)
            except Wrong as wrong:
                wrongs.append(wrong)
        # Its type is right, and an item or its range is wrong: what else is taken is no help.
        near = [w for w, o in zip(wrongs, others, strict=True) if w.where or w.takes != o.takes]
        if near:
            raise near[0]
        hints = [wrong.hint for wrong in wrongs if wrong.hint]
        raise Wrong(value, takes, hint=hints[0] if hints else "")

    exact = frozenset[type]().union(*(option.exact for option in options))
    return Taker(exact, take, takes)


def _says_what_is_in_it(takes: str) -> bool:
    return ", each " in takes


def literal(values: tuple[object, ...]) -> Taker:
    takes = " or ".join(map(repr, values))

    def take(value: object) -> object:
        if type(value) is str and value in values:
            return value
        raise Wrong(value, takes)

    return Taker(frozenset(), take, takes)


def is_list(value: object) -> TypeGuard[Iterable[object]]:
    """Whether a value is a sequence; a text or bytes are, but are never meant as a list."""
    is_other = isinstance(value, str | bytes | bytearray | memoryview)
    return isinstance(value, Sequence) and not is_other


def is_iterable(value: object) -> TypeGuard[Iterable[object]]:
    """Whether a value has items; text and dictionaries have, but are never meant as lists."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | Mapping)


def items(
    item: Taker, has_items: Callable[[object], TypeGuard[Iterable[object]]] = is_list
) -> Taker:
    """A tuple of values of one kind, made of whatever has items."""
    takes = f"a tuple or list, each item {item.takes}"

    def take(value: object) -> object:
        if not has_items(value):
            raise Wrong(value, takes, hint=_hint_for_one(item, value))
        return tuple([take_part(item, part, f"item {n}") for n, part in enumerate(value, start=1)])

    return Taker(frozenset(), take, takes)


def _hint_for_one(item: Taker, value: object) -> str:
    """What to write instead of a value where a list is taken: a list of it, if it may be an item."""
    try:
        item.take(value)
    except Wrong as wrong:
        return wrong.hint
    is_short = isinstance(value, str) and len(value) <= _MOST_HINTED
    return f"write [{value!r}]" if is_short else "write it in brackets, as a list of one"


def named(name: Taker, part: Taker) -> Taker:
    """A dictionary of values of one kind."""
    takes = f"a dictionary with {name.takes} as names"
    if part is not ANYTHING:
        takes += f", each value {part.takes}"

    def take(value: object) -> object:
        if not is_mapping(value):
            raise Wrong(value, takes, hint=hint_for_fields(value))
        return {
            take_part(name, key, "a name"): take_part(part, one, shown(key))
            for key, one in value.items()
        }

    return Taker(frozenset(), take, takes)


def take_part(part: Taker, value: object, where: str) -> object:
    """A value within another, as it is kept."""
    if type(value) in part.exact:
        return value
    try:
        return part.take(value)
    except Wrong as wrong:
        raise wrong.at(where) from None


class Rule(NamedTuple):
    """What the values of an annotation must be besides their type.

    Attributes:
        words: what it asks, such as `1 or more`.
        allows: true of a value of the type that follows it.
    """

    words: str
    allows: Callable[[Any], object]


def ruled(kind: Taker, rule: Rule) -> Taker:
    """A value of a kind that also follows a rule."""
    takes = f"{kind.takes} ({rule.words})"

    def take(value: object) -> object:
        try:
            taken = kind.take(value)
        except Wrong as wrong:
            raise (Wrong(value, takes) if wrong.takes == kind.takes else wrong) from None
        if not rule.allows(taken):
            raise Wrong(value, takes)
        return taken

    return Taker(frozenset(), take, takes)


def enum(members: type[Enum]) -> Taker:
    *first, last = [str(member.value) for member in members]
    takes = f"{', '.join(first)} or {last}" if first else last

    def take(value: object) -> object:
        if isinstance(value, str):  # the lookup of another value would show it, whatever it does
            with suppress(ValueError):
                return members(value)
            raise Wrong(value, takes, hint=did_you_mean(value, [*first, last]))
        raise Wrong(value, takes)

    return Taker(frozenset({members}), take, takes)


def instance(kind: type[object]) -> Taker:
    """An instance of a class; one that callers write says how, by `hint_for`.

    A class may take what is `meant` by another value, such as a number of dollars for a budget.
    """
    hint_for: Callable[[object], str] | None = getattr(kind, "hint_for", None)
    meant: Callable[[object], object] | None = getattr(kind, "meant", None)
    takes = _WORDS.get(kind.__name__, kind.__name__)
    is_one = _looks_like(kind) if _is_protocol(kind) else partial(_is_a, kind)

    def take(value: object) -> object:
        if is_one(value):
            return value
        if meant is not None and (made := meant(value)) is not None:
            return made
        raise Wrong(value, takes, hint=hint_for(value) if hint_for else "")

    return Taker(frozenset[type]((kind,)), take, takes)


def _is_a(kind: type[object], value: object) -> bool:
    return isinstance(value, kind)


def _is_protocol(kind: type[object]) -> bool:
    return bool(getattr(kind, "_is_protocol", False))


def _looks_like(protocol: type[object]) -> Callable[[object], bool]:
    """Whether a value has what a protocol names, which nobody need inherit from."""
    names = [name for name in dir(protocol) if not name.startswith("_")]
    names += get_type_hints(protocol)
    return lambda value: not isinstance(value, type) and all(hasattr(value, n) for n in names)


def _anything(value: object) -> object:
    return value


def _function(value: object) -> object:
    if callable(value):
        return value
    is_name = isinstance(value, str)
    raise Wrong(
        value, "a function", hint="pass the function itself, not its name" if is_name else ""
    )


def is_async(function: object) -> bool:
    """Whether calling it makes a coroutine: an async function, a partial of one, or an object."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(type(function), "__call__", None)  # noqa: B004 - asks whether it is async
    )


def _plain_function(value: object) -> object:
    if is_async(value) or inspect.isasyncgenfunction(value):
        hint = "write `def` in place of `async def`; it may put what it gets into a queue that a task reads"
        raise Wrong(value, "a function that is not async, since nobody awaits it", hint=hint)
    return _function(value)


def _text(value: object) -> object:
    if not isinstance(value, str):
        raise Wrong(value, "text", hint=hint_for_named(value))
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Wrong(value, "Unicode text", hint="read files and arguments as UTF-8") from None
    return value if type(value) is str else str.__str__(value)


def _whole(value: object) -> object:
    if isinstance(value, bool):
        raise Wrong(value, "a whole number")
    try:
        number = operator.index(value)  # pyright: ignore[reportArgumentType] - it may be anything
    except TypeError:
        raise Wrong(value, "a whole number") from None
    if not _LEAST <= number <= _MOST:
        raise Wrong(value, "a whole number of at most 64 bits")
    return number


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Wrong(value, "a number")
    try:
        number = float(value)
    except OverflowError:
        raise Wrong(value, "a number of at most 64 bits") from None
    if not math.isfinite(number):
        raise Wrong(value, "a finite number")
    is_exact = type(value) is float or (type(value) is int and _LEAST <= value <= _MOST)
    return value if is_exact else number


def _none(value: object) -> object:
    raise Wrong(value, "None")


def _flag(value: object) -> object:
    raise Wrong(value, "True or False")


def json_within(levels: int) -> Taker:
    """A JSON value of at most so many levels."""

    def take(value: object) -> object:
        return _own_json(value, "JSON values", levels)

    return Taker(frozenset({NoneType, bool}), take, "a JSON value")


def _own_json(value: object, takes: str, levels: int = MOST_DEPTH) -> Json:
    """A value as JSON that its giver cannot change any more."""
    try:
        encoded = orjson.dumps(value)
    except TypeError as error:
        raise Wrong(value, takes, hint=f"pass what JSON has: {error}") from None
    try:
        own = with_own_containers(cast("Json", value), levels)
    except ValueError:
        raise Wrong(value, f"{takes} of at most {levels} levels") from None
    # What JSON cannot write is stored as null, which would be another value.
    if b"null" in encoded and not all_finite(own):
        raise Wrong(value, takes, hint="pass None for a number that is NaN or infinite")
    return own


def is_mapping(value: object) -> TypeGuard[Mapping[object, object]]:
    return isinstance(value, Mapping)


def is_named(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether a value names fields; none are named by an empty one, which stands for the defaults."""
    return is_mapping(value) and all(isinstance(name, str) for name in value)


def _json_object(value: object) -> object:
    if not is_mapping(value):
        schema = getattr(value, "model_json_schema", None)  # a class of Pydantic, for its schema
        kind = value if isinstance(value, type) else type(value)
        hint = f"pass {kind.__name__}.model_json_schema()" if schema else ""
        raise Wrong(value, _OBJECT, hint=hint)
    return _own_json(value if isinstance(value, dict) else dict(value), _OBJECT)


_OBJECT = "a dictionary of JSON values with text as names"
NONE = Taker(frozenset({NoneType}), _none, "None")
JSON = json_within(MOST_DEPTH)
JSON_OBJECT = Taker(frozenset(), _json_object, _OBJECT)
ANYTHING = Taker(frozenset(), _anything, "anything")
FUNCTION = Taker(frozenset(), _function, "a function")
PLAIN_FUNCTION = Taker(frozenset(), _plain_function, "a function")
_WORDS = {
    "Budget": "a number of dollars, or a Budget",
    "Limits": "Limits, or a dictionary of them",
    "Path": "a path",
}
PLAIN: Mapping[object, Taker] = {
    str: Taker(frozenset(), _text, "text"),
    int: Taker(frozenset(), _whole, "a whole number"),
    float: Taker(frozenset(), _number, "a number"),
    bool: Taker(frozenset({bool}), _flag, "True or False"),
    NoneType: NONE,
    Any: JSON,
    object: ANYTHING,
}
