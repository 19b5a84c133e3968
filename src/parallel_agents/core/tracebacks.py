"""Tracebacks: an error of ours ends below the caller's line, without the frames of this package.

Its message, cause and hint say what to do; the frames between are of no use to whoever made the call, and
hide the one line that is. `python -X dev` keeps them, for whoever looks for a bug in here.
"""

from __future__ import annotations

import sys
import types
from types import FrameType, TracebackType

from parallel_agents.errors import PagentsError

# What lies between a caller and what was raised: this package, and what it calls and is called by.
_BETWEEN = {"parallel_agents", "aiohttp", "pydantic", "tomlkit", "websockets", "yaml", "yarl"}
# The standard library is known by its place: a program may have a `queue.py` of its own.
_STANDARD = types.__file__.removesuffix("types.py")
_INSTALLED = ("site-packages", "dist-packages")


class CallersFrames:
    """A block whose errors show no frame of this package, nor the one that the block is in.

    Frames of code that was called in between, such as the function of a flow, stay; so does a cause in such
    code, while any other one remains only as the `__context__`. Python adds a frame to a traceback when an
    error is raised in it, and not when the error leaves a `with` or is raised again.
    """

    __slots__ = ()

    def __enter__(self) -> None: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            keep_callers_frames(error)


def keep_callers_frames(error: BaseException) -> None:
    """Do what `CallersFrames` does, for an `except` that raises the error again."""
    if sys.flags.dev_mode:
        return
    # What is no `Exception` stops a program: a Ctrl-C, or a cancellation.
    if isinstance(error, PagentsError) or not isinstance(error, Exception):
        error.__traceback__ = _of_callers(error.__traceback__)
        if (cause := error.__cause__) is not None:
            cause.__traceback__ = _of_callers(cause.__traceback__)
            error.__cause__ = cause if cause.__traceback__ is not None else None


def _of_callers(trace: TracebackType | None) -> TracebackType | None:
    kept: list[TracebackType] = []
    while trace is not None:
        if not _is_between(trace.tb_frame):
            kept.append(trace)
        trace = trace.tb_next
    below = None
    for each in reversed(kept):
        below = TracebackType(below, each.tb_frame, each.tb_lasti, each.tb_lineno)
    return below


def _is_between(frame: FrameType) -> bool:
    if str(frame.f_globals.get("__name__", "")).partition(".")[0] in _BETWEEN:
        return True
    file = frame.f_code.co_filename
    if not file.startswith((_STANDARD, "<frozen ")):
        return False
    return not file.removeprefix(_STANDARD).startswith(_INSTALLED)


CALLERS_FRAMES = CallersFrames()
