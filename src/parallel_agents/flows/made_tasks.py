"""Made tasks: those that a flow's function made, and that have not begun when it returns.

What such a task will ask for is not known before it begins. asyncio says of no task who made it, but each has
a copy of its maker's context.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import sys
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from contextvars import Context, ContextVar
from typing import Any
from weakref import ref


class _Mark:
    """What only the contexts of made tasks hold, so that it is gone with the last of them."""

    __slots__ = ("__weakref__",)


_MARK: ContextVar[_Mark | None] = ContextVar("made", default=None)


class MadeTasks:
    """The tasks that are made in a block, and by these tasks."""

    def __init__(self) -> None:
        self._mark = ref(_Mark())  # of nothing, as nothing is made yet

    @contextmanager
    def noting(self) -> Generator[None]:
        """The block in which they are made."""
        mark = _Mark()
        self._mark = ref(mark)
        token = _MARK.set(mark)
        del mark
        try:
            yield
        finally:
            _MARK.reset(token)

    def are_unbegun(self) -> bool:
        """Whether one of them has not begun."""
        mark = self._mark()
        return mark is not None and any(
            _is_unbegun(task) and any(each.get(_MARK) is mark for each in _contexts_of(task))
            for task in asyncio.all_tasks()
        )


def _is_unbegun(task: asyncio.Task[Any]) -> bool:
    coroutine: Any = task.get_coro()
    try:
        return inspect.getcoroutinestate(coroutine) == inspect.CORO_CREATED
    except AttributeError:  # a coroutine of another kind, which does not say
        return False


def _contexts_of(task: asyncio.Task[Any]) -> Iterable[Context]:
    """The context of a task; Python 3.11 tells it to the garbage collector only."""
    if sys.version_info >= (3, 12):
        return [task.get_context()]
    return [each for each in gc.get_referents(task) if isinstance(each, Context)]
