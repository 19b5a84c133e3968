"""Functions: any callable of others, sync, async or decorated, called in the way that suits it."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from parallel_agents.containment.calls import place_of
from parallel_agents.containment.threads import Threads
from parallel_agents.core.takers import is_async

T = TypeVar("T")


class UserFunction:
    """A callable of others: what is async runs on the loop, anything else in a thread.

    What a function in a thread returns is awaited if it can be: a decorator may hide that the
    function is async.

    Args:
        function: the callable.
        name: what it is called in the log.
    """

    def __init__(self, function: Callable[..., object], name: str) -> None:
        self._function = function
        self._threads = Threads(name)
        self._is_async = is_async(function)

    def place_of(self, error: BaseException) -> str:
        """Where the function raised an error; "" if it is not from its file."""
        return place_of(error, self._function)

    async def call(
        self,
        result: Callable[[object], T],
        *values: object,
        named: Callable[[], Mapping[str, object]] = dict[str, object],
        queued: AbstractContextManager[None] | None = None,
    ) -> T:
        """The function's value as `result` makes it.

        Args:
            result: makes the result of the function's value; called where the function is.
            *values: arguments of the function.
            named: makes further arguments, by name; called where the function is.
            queued: entered while the call waits for a thread.

        Raises:
            NoThreadLeft: the function was not called.
            Exception: the function, `named` or `result` raised it.
        """
        if self._is_async:
            return result(await _awaited(self._function(*values, **named())))

        def call() -> T | _Awaitable:
            value = self._function(*values, **named())
            return _Awaitable(value) if inspect.isawaitable(value) else result(value)

        made = await self._threads.run(call, queued=queued or nullcontext())
        return result(await made.value) if isinstance(made, _Awaitable) else made


class _Awaitable:
    """What a function in a thread returned, to be awaited on the loop."""

    __slots__ = ("value",)

    def __init__(self, value: Awaitable[object]) -> None:
        self.value = value


async def _awaited(value: object) -> object:
    return await value if inspect.isawaitable(value) else value


def is_generator(function: Callable[..., object]) -> bool:
    """Whether calling it makes a generator, which has no one value."""
    return any(
        inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called)
        for called in (function, getattr(type(function), "__call__", None))  # noqa: B004
    )


def why_not_called_with(function: Callable[..., object], *values: object) -> str:
    """Why it cannot be called with these arguments; empty if it can, or if nobody can know."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return ""
    try:
        signature.bind(*values)
    except TypeError as error:
        return f"{error}; its parameters are {signature}"
    return ""
