"""Arguments: what callers pass to a public function is checked before anything is done with it.

The checks of a function are built on its first call, from its annotations; its signature stays as it
is for people, editors and type checkers.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, partial, wraps
from itertools import zip_longest
from typing import Any, NamedTuple, ParamSpec, TypeVar, get_args, get_origin, get_type_hints

from typing_extensions import Unpack

from parallel_agents.core.annotations import taker_of
from parallel_agents.core.argument_words import argument_meant, surplus_meant
from parallel_agents.core.async_use import Awaited, Called, mark_async
from parallel_agents.core.takers import ANYTHING, Taker, Wrong
from parallel_agents.core.tracebacks import CALLERS_FRAMES, keep_callers_frames
from parallel_agents.errors import InvalidInput

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)

_Function = Callable[..., Any]  # any at all: what it takes is read from its annotations
_GATHERING = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
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
        with CALLERS_FRAMES:
            right, named = _checks_of(function).take(args, kwargs)
            return function(*right, **named)

    if not inspect.iscoroutinefunction(function):
        return wraps(function)(call)

    @wraps(function)
    async def work(called: Called, taken: _Taken | Exception) -> object:
        with CALLERS_FRAMES, called:
            if isinstance(taken, Exception):
                raise taken
            return await function(*taken.positional, **taken.named)

    name = f"{function.__name__}()"

    @wraps(function)
    def call_async(*args: object, **kwargs: object) -> Awaited[object]:
        caller = sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - it is quick
        taken: _Taken | Exception
        try:  # now: until the call is awaited, its caller may change what was passed
            taken = _checks_of(function).take(args, kwargs)
        except Exception as error:  # noqa: BLE001 - raised where it is awaited, as by any async function
            taken = error
        return Awaited(partial(work, Called(caller), taken), name, caller)

    return mark_async(call_async)


def checked_methods(made: C) -> C:
    """A class whose public methods are `checked`."""
    for name, member in list(vars(made).items()):
        if inspect.isfunction(member) and not name.startswith("_"):
            setattr(made, name, checked(member))
    return made


@cache
def options_of(function: _Function) -> tuple[str, ...]:
    """The names of the options of a function, for what takes other values by name besides."""
    parameters = inspect.signature(function).parameters.values()
    return tuple(p.name for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY)


def worded(init: Callable[P, None], owner: str) -> Callable[P, None]:
    """A constructor that names an unknown, missing or surplus argument as `checked` does."""

    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:  # not a `with`, which costs something for each of the many values that are right
            try:
                init(*args, **kwargs)
            except TypeError:
                refusal = _names_of(init, owner).refusal(args, kwargs, type(args[0]))
                if refusal is None:
                    raise
                raise refusal from None
        except InvalidInput as error:
            keep_callers_frames(error)
            raise

    return wraps(init)(call)


class _Names(NamedTuple):
    """The names of a function's parameters.

    Attributes:
        owner: the function, as messages call it.
        positional: those that may be passed by position; the first is `self` in a method.
        needed: those without a default.
        by_name: all that may be passed by name.
        rest: what gathers further values, by position and by name; empty if nothing does.
    """

    owner: str
    positional: tuple[str, ...]
    needed: tuple[str, ...]
    by_name: tuple[str, ...]
    rest: tuple[str, str] = ("", "")

    def refusal(
        self, args: tuple[object, ...], kwargs: Mapping[str, object], takes: _Function
    ) -> InvalidInput | None:
        """The error for an argument that is unknown, passed twice, missing or surplus.

        Args:
            args: what was passed by position.
            kwargs: what was passed by name.
            takes: the function or class whose annotations say what it takes.
        """
        by_position = self.positional[: len(args)]
        for name in kwargs:
            if name not in self.by_name and not self.rest[1]:
                return InvalidInput(
                    f"{self.owner} takes no argument {name}",
                    hint=argument_meant(self.owner, name, self.by_name, _hints_of(takes)),
                )
            if name in by_position and name in self.by_name:
                return InvalidInput(
                    f"{self.owner} got {name} twice", hint="pass it by its position or by its name"
                )
        if (surplus := len(args) - len(by_position)) and not self.rest[0]:
            allowed = [name for name in self.positional if name != "self"]
            return InvalidInput(
                f"{self.owner} got {surplus} more by position than it takes",
                why=f"it takes {' and '.join(allowed) or 'nothing'} by position",
                hint=surplus_meant(args[-surplus:], allowed, self._free({*by_position, *kwargs})),
            )
        given = {*by_position, *(kwargs.keys() & {*self.by_name})}
        missing = [name for name in self.needed if name not in given]
        if missing:
            listed = " and ".join(missing)
            return InvalidInput(
                f"{self.owner} needs {listed}", hint=f"pass {listed}, as in {self._call_form()}"
            )
        return None

    def _call_form(self) -> str:
        """How a call with what is needed is written, such as `task(name, task)`."""
        named = [n if n in self.positional else f"{n}=..." for n in self.needed if n != "self"]
        return f"{self.owner.removesuffix('()')}({', '.join(named)})"

    def _free(self, given: Collection[str]) -> Iterator[str]:
        """The names that were not passed, those that are needed first."""
        in_order = dict.fromkeys((*self.needed, *self.by_name))
        return (name for name in in_order if name not in given and name != "self")


class _Taken(NamedTuple):
    """Arguments as the function gets them."""

    positional: list[Any]
    named: dict[str, Any]


class _Checks(NamedTuple):
    """What a function takes, by the names of its parameters."""

    function: _Function
    names: _Names
    takers: Mapping[str, Taker]

    def take(self, args: tuple[object, ...], kwargs: Mapping[str, object]) -> _Taken:
        """The arguments as the function gets them.

        Raises:
            InvalidInput: one is not what the function takes.
        """
        if refusal := self.names.refusal(args, kwargs, self.function):
            raise refusal
        named = zip_longest(self.names.positional[: len(args)], args, fillvalue=self.names.rest[0])
        return _Taken(
            [self._one(name, value) for name, value in named],
            {
                name: self._one(name if name in self.names.by_name else self.names.rest[1], value)
                for name, value in kwargs.items()
            },
        )

    def _one(self, name: str, value: object) -> object:
        exact, take, _ = self.takers.get(name) or self.takers[self.names.rest[1]]
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
    own = [p for p in parameters if p.kind not in _GATHERING]
    gathering = {p.kind: p.name for p in parameters if p.kind in _GATHERING}
    options = tuple(_options_of(function)) if gathering else ()
    named = [p.name for p in own if p.kind is not inspect.Parameter.POSITIONAL_ONLY]
    return _Names(
        owner,
        positional=tuple(p.name for p in own if p.kind in _POSITIONAL),
        needed=tuple(p.name for p in own if p.default is inspect.Parameter.empty),
        by_name=(*named, *options),
        rest=(
            gathering.get(inspect.Parameter.VAR_POSITIONAL, ""),
            "" if options else gathering.get(inspect.Parameter.VAR_KEYWORD, ""),
        ),
    )


@cache
def _checks_of(function: _Function) -> _Checks:
    hints = _hints_of(function)
    takers = {
        name: taker_of(hint) for name, hint in hints.items() if get_origin(hint) is not Unpack
    }
    *_, made, name = ("", *function.__qualname__.split("."))
    owner = made if name == "__init__" else f"{name}()"
    return _Checks(function, _names_of(function, owner), {"self": ANYTHING, **takers})


def _hints_of(takes: _Function) -> Mapping[str, object]:
    """The types of what a function or class takes, by name."""
    hints = {**get_type_hints(takes, include_extras=True), **_options_of(takes)}
    hints.pop("return", None)
    return hints


def _options_of(function: _Function) -> Mapping[str, object]:
    """The options that a function gathers by its `**options: Unpack[...]`, with their types."""
    hints = get_type_hints(function, include_extras=True)
    gathered = [get_args(hint)[0] for hint in hints.values() if get_origin(hint) is Unpack]
    return get_type_hints(gathered[0], include_extras=True) if gathered else {}
