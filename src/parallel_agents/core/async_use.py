"""Async use: what has to be awaited, entered or followed in async code says so if it is not.

Without this a program that forgets an `await` is told by Python of a coroutine, and a `with` in place
of an `async with` of the context manager protocol.
"""

from __future__ import annotations

import inspect
import sys
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from functools import wraps
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, NoReturn, ParamSpec, TypeVar

from typing_extensions import override

from parallel_agents.core.tracebacks import CALLERS_FRAMES
from parallel_agents.errors import AsyncMisused

P = ParamSpec("P")
V = TypeVar("V")
V_co = TypeVar("V_co", covariant=True)
F = TypeVar("F", bound=Callable[..., Any])

_FORGOTTEN: ContextVar[list[AsyncMisused] | None] = ContextVar("forgotten", default=None)
_PLACE: ContextVar[tuple[str, int] | None] = ContextVar("place", default=None)


class Awaited(Coroutine[Any, Any, V_co]):
    """The call of an async function: a coroutine, which can only be awaited.

    One that nobody awaits warns with the caller's line. Within `noting_forgotten` it is noted instead.

    Args:
        make: makes the coroutine, when it is awaited: one that was made and never awaited would warn
            by itself, of no line.
        name: the function, as in `spawn()`.
        caller: the frame of the call.
    """

    __slots__ = ("__weakref__", "_at", "_forgotten", "_is_told", "_made", "_make", "_name")

    def __init__(
        self, make: Callable[[], Coroutine[Any, Any, V_co]], name: str, caller: FrameType
    ) -> None:
        self._is_told = False
        self._make = make
        self._made: Coroutine[Any, Any, V_co] | None = None
        self._name = name
        self._at = (caller.f_code.co_filename, caller.f_lineno)
        self._forgotten = _FORGOTTEN.get()

    def __del__(self) -> None:
        if self._made is not None or self._is_told:
            return
        if self._forgotten is not None:
            self._forgotten.append(self.not_awaited("so it did nothing"))
            return
        words = f"{self._name} was not awaited, and did nothing; write `await` before the call"
        warnings.warn_explicit(words, RuntimeWarning, *self._at)

    @override
    def send(self, value: Any, /) -> Any:
        with CALLERS_FRAMES:
            return self._work.send(value)

    @override
    def throw(self, *error: Any) -> Any:
        with CALLERS_FRAMES:
            return self._work.throw(*error)

    @override
    def close(self) -> None:
        self._work.close()

    @override
    def __await__(self) -> Generator[Any, Any, V_co]:
        return self._work.__await__()

    @property
    def _work(self) -> Coroutine[Any, Any, V_co]:
        if self._made is None:
            self._made = self._make()
        return self._made

    @override
    def __repr__(self) -> str:
        return f"<{self._name}, which is to be awaited>"

    def __getattr__(self, name: str) -> object:
        if name == "__name__":
            return self._name.removesuffix("()")
        if name.startswith(("_", "cr_", "gi_")):  # what debuggers and asyncio ask coroutines for
            return getattr(self._work, name)
        with CALLERS_FRAMES:
            raise self._misused(f"it has no {name}")

    def __iter__(self) -> NoReturn:
        with CALLERS_FRAMES:
            raise self._misused("it cannot be iterated")

    def __aiter__(self) -> NoReturn:
        with CALLERS_FRAMES:
            raise self._misused("it cannot be iterated")

    def __getitem__(self, _: object) -> NoReturn:
        with CALLERS_FRAMES:
            raise self._misused("it has no items")

    def __len__(self) -> NoReturn:
        with CALLERS_FRAMES:
            raise self._misused("it has no length")

    def __bool__(self) -> bool:
        return True

    def __enter__(self) -> NoReturn:
        with CALLERS_FRAMES:
            raise self._misused("it cannot be entered")

    def __exit__(self, *_: object) -> None: ...

    async def __aenter__(self) -> NoReturn:
        with CALLERS_FRAMES:
            raise self._misused("it cannot be entered")

    async def __aexit__(self, *_: object) -> None: ...

    def _misused(self, why: str) -> AsyncMisused:
        return self.not_awaited(f"until it is, there is no result: {why}")

    def not_awaited(self, why: str) -> AsyncMisused:
        """The error that says so; nothing else does, once it is made."""
        self._is_told = True
        return AsyncMisused(
            f"{self._name} was not awaited",
            why=f"{why}; it was called in {_written(*self._at)}",
            hint=f"write `await` before the call of {self._name}",
        )


class Called:
    """A block that does what a call asked for; within `noting_forgotten`, `called_at` says where the call is.

    What is called in the block, and by tasks that it makes, belongs to the same call.

    Args:
        caller: the frame of the call.
    """

    __slots__ = ("_at", "_is_first")

    def __init__(self, caller: FrameType) -> None:
        self._at = (caller.f_code.co_filename, caller.f_lineno)
        self._is_first = False

    def __enter__(self) -> None:
        self._is_first = _FORGOTTEN.get() is not None and _PLACE.get() is None
        if self._is_first:
            _PLACE.set(self._at)

    def __exit__(self, *_: object) -> None:
        if self._is_first:  # not by a token: what is abandoned ends in another context
            _PLACE.set(None)


def called_at() -> str:
    """Where the program made the call that is being done, as `launch.py, line 7`; empty if unknown."""
    place = _PLACE.get()
    return "" if place is None else _written(*place)


def _written(file: str, line: int) -> str:
    return f"{Path(file).name}, line {line}"


class AsyncOpening(AbstractAsyncContextManager[V_co]):
    """What is open while an `async with` block lasts.

    Args:
        opening: does the work.
        name: the function, as in `open()`.
    """

    def __init__(self, opening: AbstractAsyncContextManager[V_co], name: str) -> None:
        self._opening = opening
        self._name = name

    @override
    async def __aenter__(self) -> V_co:
        with CALLERS_FRAMES:
            return await self._opening.__aenter__()

    @override
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        with CALLERS_FRAMES:
            return await self._opening.__aexit__(kind, error, trace)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):
            raise AttributeError(name)
        with CALLERS_FRAMES:
            raise self._misused(f"it has no {name} before")

    def __enter__(self) -> NoReturn:
        with CALLERS_FRAMES:
            raise self._misused("it is entered by async code")

    def __exit__(self, *_: object) -> None: ...

    def __await__(self) -> NoReturn:
        with CALLERS_FRAMES:
            raise self._misused("it is closed by the end of a block")

    def _misused(self, why: str) -> AsyncMisused:
        return AsyncMisused(
            f"{self._name} is for `async with`",
            why=why,
            hint=f"write `async with {self._name[:-1]}...) as sessions:` in an async function; for code"
            " that is not async there are run(), stream() and map()",
        )


class Followed(AsyncIterator[V_co]):
    """What comes as it happens, for one `async for`.

    Args:
        source: yields it.
        name: the function, as in `follow()`.
    """

    def __init__(self, source: AsyncIterator[V_co], name: str) -> None:
        self._source = source
        self._name = name

    @override
    async def __anext__(self) -> V_co:
        with CALLERS_FRAMES:
            return await anext(self._source)

    async def aclose(self) -> None:
        """End it, as `contextlib.aclosing` does."""
        if (close := getattr(self._source, "aclose", None)) is not None:
            await close()

    def __iter__(self) -> NoReturn:
        with CALLERS_FRAMES:
            raise self._misused()

    def __await__(self) -> NoReturn:
        with CALLERS_FRAMES:
            raise self._misused()

    def _misused(self) -> AsyncMisused:
        return AsyncMisused(
            f"{self._name} is for `async for`",
            why="it gives each event as it comes",
            hint=f"write `async for event in ...{self._name}:` in an async function",
        )


@contextmanager
def noting_forgotten() -> Generator[list[AsyncMisused]]:
    """Yields a list of the errors for calls that are made in the block and that nobody awaits."""
    forgotten: list[AsyncMisused] = []
    token, place = _FORGOTTEN.set(forgotten), _PLACE.set(None)
    try:
        yield forgotten
    finally:
        _FORGOTTEN.reset(token)
        _PLACE.reset(place)


def mark_async(function: F) -> F:
    """Have a function that returns what is to be awaited count as one made by `async def`, from Python 3.12."""
    if sys.version_info >= (3, 12):
        return inspect.markcoroutinefunction(function)
    return function


def opening(
    function: Callable[P, AsyncGenerator[V]],
) -> Callable[P, AbstractAsyncContextManager[V]]:
    """An `asynccontextmanager` that says what to write if it is used in another way."""
    make = asynccontextmanager(function)
    name = f"{function.__name__}()"

    @wraps(function)
    def opened(*args: P.args, **kwargs: P.kwargs) -> AbstractAsyncContextManager[V]:
        return AsyncOpening(make(*args, **kwargs), name)

    return opened
