"""Tree: all processes of a sandbox, which end with its first one.

Bubblewrap ends when the command does. The kernel then ends what the command left behind, which may
take a moment more.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import ExitStack, suppress

_MOST_BYTES = 65_536
_SECONDS = 10.0


class Tree:
    """The processes of one sandbox.

    Attributes:
        told_on: the descriptor on which bubblewrap tells the id of the first process.
    """

    def __init__(self, stack: ExitStack) -> None:
        self._told, self.told_on = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        for descriptor in (self._told, self.told_on):
            stack.callback(os.close, descriptor)

    async def end(self) -> None:
        """Kill what is left of it, and return when it has ended."""
        with suppress(OSError, ValueError, KeyError, TimeoutError):
            first = int(json.loads(os.read(self._told, _MOST_BYTES))["child-pid"])
            descriptor = os.pidfd_open(first)
            try:
                with suppress(ProcessLookupError):
                    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                async with asyncio.timeout(_SECONDS):
                    await _readable(descriptor)
            finally:
                os.close(descriptor)


async def _readable(descriptor: int) -> None:
    loop = asyncio.get_running_loop()
    ended = loop.create_future()
    loop.add_reader(descriptor, lambda: ended.done() or ended.set_result(None))
    try:
        await ended
    finally:
        loop.remove_reader(descriptor)
