"""Warden: a small process that ends the servers of this one if it is killed.

A server is meant to end when its stdin does, and many do not; what a package runner started is not
even told. The warden has a pipe from this process and nothing else to do: when the pipe ends, it ends
what it was told of.
"""

from __future__ import annotations

import asyncio
import os
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress

from parallel_agents.interpreter import isolated_script
from parallel_agents.mcp_client import warden_program


class Warden:
    """The warden of a process; it is started with the first server."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._pipe: int | None = None
        self._starting = asyncio.Lock()  # guards the two above

    async def watch(self, group: int, mark: str) -> None:
        """End a process group, and what has its mark, if this process ends without having done so."""
        async with self._starting:
            if self._pipe is None:
                await self._start()
        self._tell(f"{group} {mark}")

    def forget(self, group: int) -> None:
        """A process group has ended."""
        self._tell(f"-{group}")

    def _tell(self, line: str) -> None:
        if self._pipe is not None:
            with suppress(OSError):
                os.write(self._pipe, f"{line}\n".encode())

    async def _start(self) -> None:
        readable, writable = os.pipe()  # neither is inherited but as the warden's stdin
        try:
            self._process = await asyncio.create_subprocess_exec(
                *isolated_script(warden_program.__file__),
                stdin=readable,
                stdout=DEVNULL,
                stderr=DEVNULL,
                env={},
                start_new_session=True,
            )
        except BaseException:
            os.close(writable)
            raise
        finally:
            os.close(readable)
        self._pipe = writable

    async def aclose(self) -> None:
        """End the warden; what it still watches is ended, too."""
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None
        if self._process is not None:
            await self._process.wait()
            self._process = None
