"""Checked: values that are right from the moment they are made, since what is stored must be readable.

The checks of a class are built once, from its annotations. Python does not enforce annotations, and
callers may not use a type checker: a value of another type would be refused only when it is read
back from the store, by every process and for good.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import cache, wraps
from typing import Any, NamedTuple, ParamSpec, get_type_hints

from parallel_agents.core.annotations import taker_of
from parallel_agents.core.arguments import worded
from parallel_agents.core.takers import Wrong

P = ParamSpec("P")


class Checked:
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
            cls.__init__ = worded(_checking_made(cls.__init__), cls.__name__)

    def __post_init__(self) -> None:
        for field in _fields_of(type(self)):
            name, default, exact, take, _ = field
            value = getattr(self, name)
            if value is default or type(value) in exact:
                continue
            try:
                right = take(value)
            except Wrong as wrong:
                owner = type(self).__name__
                raise wrong.refusal(name, owner, is_needed=field.is_needed) from None
            if right is not value:
                object.__setattr__(self, name, right)  # the value is frozen from here on
        self._check()

    @classmethod
    def written(cls) -> str:
        """How a value is written, for the hint of a refusal."""
        return f"{cls.__name__}(...)"

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
    default: object
    exact: frozenset[type]
    take: Callable[[object], object]
    is_needed: bool


@cache
def _fields_of(made: type[Any]) -> tuple[_Field, ...]:
    hints = get_type_hints(made, include_extras=True)
    found: list[_Field] = []
    for field in fields(made):
        exact, take, _ = taker_of(hints[field.name])
        is_needed = field.default is MISSING and field.default_factory is MISSING
        # A default is right by construction; a factory's is new each time, and cheap to check.
        found.append(_Field(field.name, field.default, exact, take, is_needed))
    return tuple(found)
