"""Annotations: what values a type annotation takes, for the values and arguments that callers pass.

Python does not enforce annotations, and callers may not use a type checker.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sized
from enum import Enum
from functools import partial
from operator import le, lt
from types import UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from parallel_agents.core import takers
from parallel_agents.core.hints import hint_for_fields_as_text
from parallel_agents.core.takers import Rule, Taker, Wrong

_FROM_0 = Rule("0 or more", partial(le, 0))
_FROM_1 = Rule("1 or more", partial(le, 1))
_ABOVE_0 = Rule("more than 0", partial(lt, 0))
_FILLED = Rule("not empty", str.strip)

Seconds: TypeAlias = Annotated[float, _FROM_0]
Duration: TypeAlias = Annotated[float, _ABOVE_0]
Index: TypeAlias = Annotated[int, _FROM_0]
Count: TypeAlias = Annotated[int, _FROM_1]
Name: TypeAlias = Annotated[str, _FILLED]


def _text_of_item(value: object) -> object:
    text = takers.PLAIN[str]
    try:
        return text.take(value)
    except Wrong as wrong:
        hint = wrong.hint or hint_for_fields_as_text(value)
        raise Wrong(value, text.takes, hint=hint) from None


_ITEMS = takers.items(Taker(frozenset(), _text_of_item, "text"), takers.is_iterable)
ItemTexts: TypeAlias = Annotated[Iterable[str], _ITEMS]


def taker_of(annotation: object) -> Taker:
    """How values of an annotation are taken, as `typing.get_type_hints` returns it."""
    hint: Any = getattr(annotation, "__supertype__", annotation)  # what a NewType stands for
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _annotated(inside)
    if origin in (Union, UnionType):
        return takers.union(tuple(map(taker_of, _without_values(inside))))
    if origin is Literal:
        return takers.literal(inside)
    if origin is tuple:
        return _tuple(inside)
    if origin is Callable:
        return takers.FUNCTION if _may_be_awaited(inside[-1]) else takers.PLAIN_FUNCTION
    if isinstance(origin, type) and issubclass(origin, Mapping):
        names, values = inside
        is_json = values is Any
        return takers.JSON_OBJECT if is_json else takers.named(*map(taker_of, (names, values)))
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return takers.items(taker_of(inside[0]), takers.is_iterable)
    if isinstance(origin, type):
        return takers.instance(origin)
    if hint in takers.PLAIN:
        return takers.PLAIN[hint]
    return takers.enum(hint) if issubclass(hint, Enum) else takers.instance(hint)


def _may_be_awaited(returned: object) -> bool:
    """Whether what a function returns may be a coroutine, by the annotation of what it returns."""
    if get_origin(returned) in (Union, UnionType):
        return any(map(_may_be_awaited, get_args(returned)))
    kind = get_origin(returned) or returned
    return kind in (Any, object) or (isinstance(kind, type) and issubclass(kind, Awaitable))


def _annotated(inside: tuple[object, ...]) -> Taker:
    """What an annotation says of its values: how they are taken, or a rule that they follow."""
    for extra in inside[1:]:
        if isinstance(extra, Taker):
            return extra
        if isinstance(extra, Rule):
            return takers.ruled(taker_of(inside[0]), extra)
    return taker_of(inside[0])


def _tuple(inside: tuple[object, ...]) -> Taker:
    taken = takers.items(taker_of(inside[0]))
    if inside[-1] is ...:
        return taken

    def has_all(items: Sized) -> bool:
        return len(items) == len(inside)

    return takers.ruled(taken, Rule(f"{len(inside)} of them", has_all))


def _without_values(options: tuple[object, ...]) -> tuple[object, ...]:
    """The options of a union; text beside an enum stands for a member's value, and for no other."""
    if not any(isinstance(option, type) and issubclass(option, Enum) for option in options):
        return options
    return tuple(o for o in options if o is not str and get_origin(o) is not Literal)
