"""Warden: a small process that ends what this one has begun if this one is killed.

It has two pipes from this process. By the first it hears of the groups of servers, each with a mark that
all of its processes inherit. The second, the line, says nothing: each sandbox holds it from the moment
it is forked to its end. When the first pipe ends, the warden ends the groups, what is marked, and
whatever still holds the line, until nobody does.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
from asyncio.subprocess import DEVNULL, Process
from contextlib import suppress

from parallel_agents.containment import warden_program
from parallel_agents.containment.warden_program import OWNER_IS_DONE
from parallel_agents.interpreter import isolated_script

_PAUSE_SECONDS = 0.01
_LONGEST_SECONDS = 30.0


class Warden:
    """The warden of a process; it is started with the first sandbox or server."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._pipe: int | None = None
        self._line: int | None = None
        self._unsaid = bytearray()
        self._starting = asyncio.Lock()  # guards the process and its pipes

    async def line(self) -> int:
        """The descriptor that whatever inherits it is ended by, if this process ends before it."""
        await self._start()
        if self._line is None:
            raise ProcessLookupError("the warden has ended")
        return self._line

    async def watch(self, mark: str, group: int = 0) -> None:
        """End what has a mark, and a process group, if this process ends without having done so."""
        await self._start()
        self._tell(f"{mark} {group}")

    def forget(self, mark: str) -> None:
        """All that has a mark has ended."""
        self._tell(f"-{mark}")

    def _tell(self, line: str) -> None:
        """Say a line, and what was not said before; a warden that somebody stopped is continued."""
        if self._pipe is not None:
            self._unsaid += f"{line}\n".encode()
            self._say(self._pipe)

    def _say(self, pipe: int) -> None:
        try:
            del self._unsaid[: os.write(pipe, self._unsaid)]
        except BlockingIOError:
            self._continue()
        except OSError:
            self._unsaid.clear()

    def _continue(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGCONT)

    async def _start(self) -> None:
        async with self._starting:
            if self._pipe is None:
                await self._begin()

    async def _begin(self) -> None:
        held, line = os.pipe()
        readable, pipe = _pipe_above(line)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *isolated_script(warden_program.__file__, str(held)),
                stdin=readable,
                stdout=DEVNULL,
                stderr=DEVNULL,
                env={},
                pass_fds=(held,),
                start_new_session=True,
            )
        except BaseException:
            os.close(pipe)
            os.close(line)
            raise
        finally:
            os.close(readable)
            os.close(held)
        os.set_blocking(pipe, False)
        self._pipe, self._line = pipe, line

    async def aclose(self) -> None:
        """End the warden, and what it still watches; whoever holds the line is left to its owner.

        It is told so: a process that the program forked meanwhile has both pipes, too.
        """
        self._continue()
        self._tell(OWNER_IS_DONE)
        with suppress(TimeoutError):
            async with asyncio.timeout(_LONGEST_SECONDS):
                while self._unsaid and self._pipe is not None:
                    await asyncio.sleep(_PAUSE_SECONDS)
                    self._say(self._pipe)
        for descriptor in (self._line, self._pipe):
            if descriptor is not None:
                os.close(descriptor)
        self._pipe = self._line = None
        if self._process is not None:
            try:
                async with asyncio.timeout(_LONGEST_SECONDS):
                    await self._process.wait()
            except TimeoutError:  # somebody stopped it again
                self._process.kill()
                await self._process.wait()
            self._process = None


def _pipe_above(line: int) -> tuple[int, int]:
    """The ends of a pipe of which a process that ends, or executes another, closes ours after the line.

    The kernel closes them by their numbers. In the other order, the warden could find a process that
    was only about to close the line.
    """
    readable, pipe = os.pipe()
    if pipe > line:
        return readable, pipe
    try:
        return readable, fcntl.fcntl(pipe, fcntl.F_DUPFD_CLOEXEC, line + 1)
    finally:
        os.close(pipe)
