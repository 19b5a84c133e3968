"""Calls: the gate through which code of others is called; nothing but an `Exception` leaves it.

`SystemExit`, `KeyboardInterrupt`, `CancelledError` and the like would end the run without an outcome,
or the process with all its runs. Raised by a tool, a gate or a model, they mean that this call failed.
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import os
import re
import traceback
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from types import CodeType
from typing import Generic, NamedTuple, TypeAlias, TypeVar, cast

from parallel_agents.core.cutting import head
from parallel_agents.core.tool import ToolError
from parallel_agents.core.unicode import whole_text
from parallel_agents.signals import is_ctrl_c

T = TypeVar("T")

_log = logging.getLogger(__name__)

_MOST_CHARACTERS = 4000
_OWN = f"{Path(__file__).parents[1]}{os.sep}"
_GRACE_SECONDS = 5.0
# Of a page of Pydantic, which its messages name once for each problem.
_ADVERTISED = re.compile(r"\n\s*For further information visit https://errors\.pydantic\.dev/\S*")

# A task that waits is referenced by nobody else once it is abandoned.
_abandoned: set[asyncio.Task[object]] = set()


class Raised(Exception):
    """Something raised by other people's code; the message describes it and is safe to print and store."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(describe(error))


class _Failed(NamedTuple):
    error: BaseException


class _Returned(NamedTuple, Generic[T]):
    value: T


Outcome: TypeAlias = _Returned[T] | _Failed


def describe(error: BaseException) -> str:
    """The class and the message of an error, bounded, even if its message cannot be made."""
    if isinstance(error, Raised):
        return str(error)
    is_plain = isinstance(error, ToolError)
    name = type(error).__name__
    try:
        text = str(error)
    except BaseException as broken:  # noqa: BLE001 - `__str__` is code of others, too
        return f"{name}, whose message cannot be made: its __str__ raised {type(broken).__name__}"
    if isinstance(error, BaseExceptionGroup):
        group = cast("BaseExceptionGroup[BaseException]", error)
        text = f"{text}; the first is {describe(group.exceptions[0])}"
    text = _ADVERTISED.sub("", text)
    if len(text) > _MOST_CHARACTERS:
        text = f"{head(text, _MOST_CHARACTERS)}... ({len(text):,} characters)"
    if not text or not is_plain:
        text = f"{name}: {text}" if text else name
    return whole_text(text)


def place_of(error: BaseException, function: Callable[..., object]) -> str:
    """Where code in the file of a function raised an error: `pages.py, line 7, in launch`; "" if nowhere."""
    code = _code_of(function)
    raised = error.__cause__ if isinstance(error, Raised) and error.__cause__ else error
    frames = traceback.extract_tb(raised.__traceback__)
    inside = [each for each in frames if code is not None and each.filename == code.co_filename]
    return (
        f"{Path(inside[-1].filename).name}, line {inside[-1].lineno}, in {inside[-1].name}"
        if inside
        else ""
    )


def _code_of(function: Callable[..., object]) -> CodeType | None:
    """The code of a function, of what it is a partial of, or of an object's `__call__`; never our own."""
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    code = getattr(function, "__code__", None) or getattr(
        getattr(type(function), "__call__", None),  # noqa: B004 - asks for its code
        "__code__",
        None,
    )
    is_others = isinstance(code, CodeType) and not code.co_filename.startswith(_OWN)
    return code if is_others else None


async def contained(work: Coroutine[None, None, T], name: str) -> T:
    """The result of `work`, which runs in a task of its own.

    A cancellation of the caller ends `work` and passes; one that `work` raises is its failure. If
    `work` ignores a cancellation for five seconds it is closed, and if even that does not end it, it
    is abandoned.

    Args:
        work: code of others.
        name: what it is called in the log.

    Raises:
        Exception: `work` raised it.
        Raised: `work` raised something that is not an Exception.
    """
    task = asyncio.create_task(_outcome_of(work), name=name)
    # Not `await task`, which would wait for the end of work that ignores a cancellation.
    ended = asyncio.get_running_loop().create_future()

    def note_end(task: asyncio.Task[Outcome[T]]) -> None:
        if not task.cancelled():
            task.exception()  # of a Ctrl-C, which ends the loop itself, so that nobody asks for it
        if not ended.done():
            ended.set_result(None)

    task.add_done_callback(note_end)
    try:
        await ended
    except asyncio.CancelledError:
        await _end(task, work, name)
        raise
    if task.cancelled():  # before its first step
        raise Raised(asyncio.CancelledError())
    return unpack(task.result())


def caught(call: Callable[[], T]) -> Outcome[T]:
    """What a call returned or raised; a Ctrl-C passes."""
    try:
        return _Returned(call())
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        return _Failed(error)


def unpack(outcome: Outcome[T]) -> T:
    """The value, or the error raised as `contained` does."""
    match outcome:
        case _Returned(value=value):
            return value
        case _Failed(error=error):
            # StopIteration cannot leave a coroutine.
            if isinstance(error, Exception) and not isinstance(
                error, StopIteration | StopAsyncIteration
            ):
                raise error
            raise Raised(error) from error


async def _outcome_of(work: Coroutine[None, None, T]) -> Outcome[T]:
    try:
        return _Returned(await work)
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        return _Failed(error)  # also of `GeneratorExit`: a coroutine that is closed may return


def ends_more_than_a_call(error: BaseException) -> bool:
    """Whether an error is not the code's own: its coroutine is closed, or the user pressed Ctrl-C."""
    return isinstance(error, GeneratorExit) or is_ctrl_c(error)


async def _end(task: asyncio.Task[Outcome[T]], work: Coroutine[None, None, T], name: str) -> None:
    """End a task; it may clean up, and has no more than a few seconds for it."""
    task.cancel()
    try:
        await asyncio.wait((task,), timeout=_GRACE_SECONDS)
    finally:
        if not task.done():
            _close(task, work, name)


def _close(task: asyncio.Task[Outcome[T]], work: Coroutine[None, None, T], name: str) -> None:
    """Close what ignores its cancellation; the task then ends when it wakes."""
    try:
        work.close()
        _log.warning("%s ignored its cancellation and was closed", name)
    except BaseException as error:  # noqa: BLE001 - the edge to code of others
        _log.warning("%s cannot be stopped (%s); it was abandoned", name, describe(error))
    task.cancel()
    _abandoned.add(task)
    task.add_done_callback(_abandoned.discard)


def tell(listener: Callable[[T], object], value: T) -> bool:
    """Call a callback of others; False, with the reason in the log, if it raised or is to be awaited."""
    try:
        returned = listener(value)
    except BaseException as error:
        if is_ctrl_c(error):
            raise
        why = describe(error)
    else:
        if not isinstance(returned, Coroutine):
            return True
        returned.close()  # which would warn, too, of a line of ours
        why = "it returned a coroutine, which nobody awaits"
    name = getattr(listener, "__qualname__", type(listener).__name__)
    _log.warning("the callback %s is not called again: %s", name, why)
    return False
