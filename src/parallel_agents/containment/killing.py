"""Killing: a child of which nobody reads any more, with the group that it leads."""

from __future__ import annotations

import os
import signal
from asyncio.subprocess import Process
from contextlib import suppress


async def kill(process: Process) -> None:
    """Kill a process that may have ended, and return once it has.

    It alone would be waited for without an end if it had written more than was read: asyncio waits
    for the ends of its pipes, too (https://github.com/python/cpython/issues/119710).
    """
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    await process.communicate()
