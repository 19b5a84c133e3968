"""Held loop: a program in async code is told if a call holds up all else that it does, or is awaited."""

from __future__ import annotations

import asyncio
import dis
import sys
from functools import cache
from types import FrameType

from parallel_agents.api.display import is_notebook
from parallel_agents.api.opening import LOG
from parallel_agents.core.arguments import checked
from parallel_agents.errors import AsyncMisused

_PACKAGE = __name__.partition(".")[0]
_STEP = 2  # bytes of an instruction
_AWAIT = dis.opmap.get("GET_AWAITABLE")
_CACHE = dis.opmap.get("CACHE")  # what the interpreter notes about the instruction before
_NOTHING = -1


def note_held_loop(instead: str) -> None:
    """Say what to write instead of a call that is not async, if an event loop is running.

    A notebook always has one, and nothing else to do meanwhile.

    Raises:
        AsyncMisused: as `refuse_await`.
    """
    if not _is_in_loop():
        return
    refuse_await()
    if not is_notebook():
        _note(instead)


def refuse_await() -> None:
    """Refuse a call that is not async and is written with an `await`, before anything is done.

    Python would refuse what it returned, after the work was done and paid for.

    Raises:
        AsyncMisused: there is an `await` before the call.
    """
    if not _is_in_loop():
        return
    name, caller = _called_by()
    if caller is None or not is_awaited(caller.f_code.co_code, caller.f_lasti):
        return
    raise AsyncMisused(
        f"{name}() is not for `await`",
        why="it returns once its work has ended; nothing was begun or paid for",
        hint=f"write `await pa.a{name}(...)`, or leave the `await` out",
    )


def _is_in_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _called_by() -> tuple[str, FrameType | None]:
    """The public function that is being called, and the frame of the program that calls it."""
    name, frame = "", sys._getframe(1)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - as in `checked`
    while frame is not None and _is_ours(frame):
        name = frame.f_code.co_name if frame.f_globals["__name__"] != checked.__module__ else name
        frame = frame.f_back
    return name, frame


def _is_ours(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0] == _PACKAGE


def is_awaited(code: bytes, at: int) -> bool:
    """Whether the call at an offset of a function's code is followed by an `await`.

    Only what is certain counts: of code that another interpreter or a packer of programs made, none is.
    """
    following = code[at + _STEP :: _STEP]
    return next((code for code in following if code != _CACHE), _NOTHING) == _AWAIT


@cache
def _note(instead: str) -> None:
    LOG.warning(
        "this program's event loop does nothing else until the call has ended; in async code"
        " write %s",
        instead,
    )
