"""Checked: values that are right from the moment they are made, since what is stored must be readable.

The checks of a class are built once, from its annotations. Python does not enforce annotations, and
callers may not use a type checker: a value of another type would be refused only when it is read
back from the store, by every process and for good.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from functools import cache, wraps
from typing import Any, NamedTuple, ParamSpec, get_type_hints

from parallel_agents.core.annotations import taker_of
from parallel_agents.core.arguments import worded
from parallel_agents.core.attributes import Values, values_of
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.takers import Wrong

P = ParamSpec("P")


class Checked(Frozen):
    """The base of frozen dataclasses that callers make.

    A list is taken for a tuple, a member's value for a member of an enum, and a whole number for a
    number; anything else must have the annotated type.

    Raises:
        InvalidInput: from the constructor; it names the argument, its value and what it takes.
    """

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # `dataclass(slots=True)` makes the class a second time, with the constructor that it wrote.
        if "__init__" in vars(cls):
            is_checked = cls._check_made is not Checked._check_made
            init = _checking_made(cls.__init__) if is_checked else cls.__init__
            cls.__init__ = worded(init, cls.__name__)

    def __post_init__(self) -> None:
        values, known = _fields_of(type(self))
        unsure = [
            (value, field)
            for value, default, exact, field in zip(values(self), *known, strict=True)
            if value is not default and type(value) not in exact
        ]
        for value, (name, take, is_needed) in unsure:
            try:
                right = take(value)
            except Wrong as wrong:
                raise wrong.refusal(name, type(self).__name__, is_needed=is_needed) from None
            if right is not value:
                object.__setattr__(self, name, right)  # the value is frozen from here on
        self._check()

    @classmethod
    def written(cls) -> str:
        """How a value is written, for the hint of a refusal."""
        return f"{cls.__name__}(...)"

    @classmethod
    def hint_for(cls, value: object) -> str:
        """What to write instead of a value of another kind."""
        del value
        return f"write {cls.written()}"

    def _check(self) -> None:
        """Refuse what the types allow and the class does not, such as a number out of range."""

    def _check_made(self) -> None:
        """Refuse also what may not be made any more; what is read from a store is not made."""


def _checking_made(init: Callable[P, None]) -> Callable[P, None]:
    def make(*args: P.args, **kwargs: P.kwargs) -> None:
        init(*args, **kwargs)
        made: Any = args[0]
        made._check_made()  # noqa: SLF001 - of this class, by its constructor

    return wraps(init)(make)


class _Field(NamedTuple):
    name: str
    take: Callable[[object], object]
    is_needed: bool


class _Fields(NamedTuple):
    """The fields of a class: what is right as it is, which is most of each value, and how to take the rest."""

    defaults: tuple[object, ...]
    exact: tuple[frozenset[type], ...]
    fields: tuple[_Field, ...]


@cache
def _fields_of(made: type[Any]) -> tuple[Values, _Fields]:
    """What gets the values of all fields at once, and what is known of each."""
    hints, found = get_type_hints(made, include_extras=True), fields(made)
    takers = [taker_of(hints[field.name]) for field in found]
    checked = _Fields(
        # A default is right by construction; a factory's is new each time, and cheap to check.
        tuple([field.default for field in found]),
        tuple([taker.exact for taker in takers]),
        tuple([_Field(f.name, t.take, _is_needed(f)) for f, t in zip(found, takers, strict=True)]),
    )
    return values_of([field.name for field in found]), checked


def _is_needed(field: Field[Any]) -> bool:
    return field.default is MISSING and field.default_factory is MISSING
