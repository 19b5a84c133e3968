"""Arguments: what callers pass to a public function is checked before anything is done with it.

The checks of a function are built on its first call, from its annotations; its signature stays as it
is for people, editors and type checkers.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

from typing_extensions import Unpack

from parallel_agents.core.annotations import taker_of
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.takers import ANYTHING, Taker, Wrong
from parallel_agents.errors import InvalidInput

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

_Function = Callable[..., Any]  # any at all: what it takes is read from its annotations
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def checked(function: Callable[P, R]) -> Callable[P, R]:
    """A function that refuses arguments which its annotations do not allow.

    A list or another iterable is passed on as a tuple, and a member's value as a member of its enum.

    Raises:
        InvalidInput: from the function; it names the argument, its value and what it takes.
    """
    return _checked(function)


def _checked(function: _Function) -> _Function:
    def call(*args: object, **kwargs: object) -> object:
        right, named = _checks_of(function).take(args, kwargs)
        return function(*right, **named)

    async def call_async(*args: object, **kwargs: object) -> object:
        right, named = _checks_of(function).take(args, kwargs)
        return await function(*right, **named)

    return wraps(function)(call_async if inspect.iscoroutinefunction(function) else call)


def checked_methods(made: C) -> C:
    """A class whose public methods are `checked`."""
    for name, member in list(vars(made).items()):
        if inspect.isfunction(member) and not name.startswith("_"):
            setattr(made, name, checked(member))
    return made


def worded(init: Callable[P, None], owner: str) -> Callable[P, None]:
    """A constructor that names an unknown, missing or surplus argument as `checked` does."""

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            init(*args, **kwargs)
        except TypeError:
            names = _names_of(init, owner)
            names.check(args, kwargs)
            raise

    return wraps(init)(call)


class _Names(NamedTuple):
    """The names of a function's parameters.

    Attributes:
        owner: the function, as messages call it.
        positional: those that may be passed by position; the first is `self` in a method.
        needed: those without a default.
        every: all that may be passed by name.
    """

    owner: str
    positional: tuple[str, ...]
    needed: tuple[str, ...]
    every: tuple[str, ...]

    def check(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> None:
        """Refuse what Python would refuse with a TypeError.

        Raises:
            InvalidInput: an argument is unknown, passed twice, missing or surplus.
        """
        by_position = self.positional[: len(args)]
        for name in kwargs:
            if name not in self.every:
                raise InvalidInput(
                    f"{self.owner} takes no argument {name}",
                    hint=did_you_mean(name, (known for known in self.every if known != "self")),
                )
            if name in by_position:
                raise InvalidInput(
                    f"{self.owner} got {name} twice", hint="pass it by its position or by its name"
                )
        if len(args) > len(self.positional):
            allowed = [name for name in self.positional if name != "self"]
            raise InvalidInput(
                f"{self.owner} got {len(args) - len(self.positional)} more values than it takes by position",
                why=f"it takes {' and '.join(allowed) or 'none'} by position",
                hint="pass the others by their names",
            )
        missing = [name for name in self.needed if name not in kwargs and name not in by_position]
        if missing:
            raise InvalidInput(
                f"{self.owner} needs {' and '.join(missing)}", hint=f"pass {' and '.join(missing)}"
            )


class _Checks(NamedTuple):
    """What a function takes, by the names of its parameters."""

    names: _Names
    takers: Mapping[str, Taker]

    def take(
        self, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> tuple[list[Any], dict[str, Any]]:
        """The arguments as the function gets them.

        Raises:
            InvalidInput: one is not what the function takes.
        """
        self.names.check(args, kwargs)
        named = zip(self.names.positional, args, strict=False)
        return (
            [self._one(name, value) for name, value in named],
            {name: self._one(name, value) for name, value in kwargs.items()},
        )

    def _one(self, name: str, value: object) -> object:
        exact, take, _ = self.takers[name]
        if type(value) in exact:
            return value
        try:
            return take(value)
        except Wrong as wrong:
            is_needed = name in self.names.needed
            raise wrong.refusal(name, self.names.owner, is_needed=is_needed) from None


@cache
def _names_of(function: _Function, owner: str) -> _Names:
    parameters = inspect.signature(function).parameters.values()
    options = [p for p in parameters if p.kind is inspect.Parameter.VAR_KEYWORD]
    own = [p for p in parameters if p not in options]
    return _Names(
        owner,
        positional=tuple(p.name for p in own if p.kind in _POSITIONAL),
        needed=tuple(p.name for p in own if p.default is inspect.Parameter.empty),
        every=(*(p.name for p in own), *_options_of(function, [p.name for p in options])),
    )


@cache
def _checks_of(function: _Function) -> _Checks:
    names = _names_of(function, f"{function.__name__}()")
    hints = get_type_hints(function, include_extras=True)
    for option in [name for name, hint in hints.items() if get_origin(hint) is Unpack]:
        hints |= get_type_hints(get_args(hints[option])[0], include_extras=True)
    return _Checks(
        names,
        {n: taker_of(hints[n]) if n in hints else ANYTHING for n in names.every},
    )


def _options_of(function: _Function, gathered: list[str]) -> tuple[str, ...]:
    """The names of the options that a function gathers, by its `**options: Unpack[...]`."""
    hints = get_type_hints(function, include_extras=True) if gathered else {}
    return tuple(name for option in gathered for name in get_type_hints(get_args(hints[option])[0]))
