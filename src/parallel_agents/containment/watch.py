"""Watch: says which code blocks the event loop, so that no run of the process can go on.

Nothing can interrupt it: an async tool belongs to its loop. Its author can make it a plain function.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import sysconfig
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

_log = logging.getLogger(__name__)

BLOCKED_SECONDS = 5.0
_LOOK_SECONDS = 1.0
_OURS = (str(Path(__file__).parents[1]) + os.sep, sysconfig.get_path("stdlib"))


@contextmanager
def watch_loop(blocked_seconds: float = BLOCKED_SECONDS) -> Generator[None]:
    """Warn, once for each time, while the running loop is blocked for longer than that."""
    watch = _Watch(asyncio.get_running_loop(), blocked_seconds)
    thread = threading.Thread(target=watch.run, name="pagents-watch", daemon=True)
    thread.start()
    try:
        yield
    finally:
        watch.over.set()


class _Watch:
    def __init__(self, loop: asyncio.AbstractEventLoop, blocked_seconds: float) -> None:
        self.over = threading.Event()
        self._loop = loop
        self._loop_thread = threading.get_ident()
        self._blocked_seconds = blocked_seconds

    def run(self) -> None:
        look = min(_LOOK_SECONDS, self._blocked_seconds)
        while not self.over.wait(look):
            answered = threading.Event()
            try:
                self._loop.call_soon_threadsafe(answered.set)
            except RuntimeError:  # the loop is closed
                return
            began = time.monotonic()
            if answered.wait(self._blocked_seconds):
                continue
            _log.warning(
                "the event loop has been blocked for %.0f s by %s: no run of this process can go on;"
                " make it a plain function, which gets a thread",
                time.monotonic() - began,
                _where(_frames().get(self._loop_thread)),
            )
            while not (answered.wait(look) or self.over.is_set()):
                pass


def _frames() -> dict[int, FrameType]:
    """The frame of each thread; the function is documented, in spite of its name."""
    return sys._current_frames()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _where(frame: FrameType | None) -> str:
    """The innermost function that belongs neither to this package nor to Python."""
    innermost = frame
    while frame is not None and _is_ours(frame.f_code.co_filename):
        frame = frame.f_back
    frame = frame or innermost
    if frame is None:
        return "unknown code"
    code = frame.f_code
    return f"{code.co_qualname} ({code.co_filename}:{frame.f_lineno})"


def _is_ours(file: str) -> bool:
    return file.startswith(_OURS) and "site-packages" not in file.removeprefix(_OURS[0])
