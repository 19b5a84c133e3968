"""Commands: a program of others in a process group of its own, which ends as a whole.

Its output is bounded while it is read, and so is its time. A child that it leaves behind with the
output open is ended with it.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
from asyncio.subprocess import STDOUT, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MOST_OUTPUT_BYTES = 10_000_000
_KEPT_BYTES = 65_536
_GRACE_SECONDS = 2.0
_DRAIN_SECONDS = 1.0


class TooMuchOutput(Exception):
    """The command wrote more than `MOST_OUTPUT_BYTES` and was ended."""


class CommandEnd(NamedTuple):
    """How a command ended; `output` is the end of what it wrote, both streams together."""

    code: int
    output: str


def why_not_found(command: Sequence[str], folder: str) -> str:
    """Why a command cannot be started in a folder, or in that of this process; empty if it can."""
    program = command[0] if command else ""
    if not program.strip():
        return "it names no program"
    if any("\0" in argument for argument in command):
        return "it has a NUL character"
    if folder and not Path(folder).is_dir():
        return f"there is no folder {folder} to run it in"
    # It is found from the folder of the command: its path, or else each entry of PATH.
    here = Path(folder).absolute()
    if os.sep in program:
        where = str(here / program)
        return "" if shutil.which(where) else f"there is no program {where}"
    entries = os.pathsep.join(str(here / entry) for entry in os.get_exec_path())
    return "" if shutil.which(program, path=entries) else f"there is no program {program} on PATH"


async def run_command(
    command: Sequence[str], stdin: bytes, *, folder: str | None, timeout_seconds: float
) -> CommandEnd:
    """Run a command that reads `stdin`, and wait for its end.

    Raises:
        TimeoutError: it did not end in time.
        TooMuchOutput: it wrote too much.
        OSError, ValueError: it cannot be started.
    """
    with tempfile.TemporaryFile() as given:
        given.write(stdin)
        given.seek(0)
        # A pipe of our own: asyncio's would not end before the last child of the command has.
        readable, writable = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=given,
                stdout=writable,
                stderr=STDOUT,
                cwd=folder,
                start_new_session=True,
            )
        except BaseException:
            os.close(readable)
            raise
        finally:
            os.close(writable)
    output = _Output()
    reading = asyncio.create_task(output.read(readable))
    try:
        async with asyncio.timeout(timeout_seconds):
            code = await _ended(process, reading)
    finally:
        if process.returncode is None or not reading.done():
            await _end_group(process)
        reading.cancel()
        await asyncio.wait((reading,))
    return CommandEnd(code, output.text)


async def _ended(process: Process, reading: asyncio.Task[None]) -> int:
    """The exit code, once the output has ended too, or a child that was left behind keeps it open."""
    exiting = asyncio.create_task(process.wait())
    try:
        await asyncio.wait((exiting, reading), return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            reading.result()
        code = await exiting
    finally:
        exiting.cancel()
    done, _ = await asyncio.wait((reading,), timeout=_DRAIN_SECONDS)
    if done:
        reading.result()
    return code


class _Output:
    """The end of what a command has written so far."""

    def __init__(self) -> None:
        self._kept = b""

    @property
    def text(self) -> str:
        return self._kept.decode(errors="replace")

    async def read(self, pipe: int) -> None:
        """Read a pipe to its end, and close it."""
        reader = asyncio.StreamReader()
        file = os.fdopen(pipe, "rb", 0)
        try:
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), file
            )
        except BaseException:
            file.close()
            raise
        total = 0
        try:
            while chunk := await reader.read(_KEPT_BYTES):
                self._kept = (self._kept + chunk)[-_KEPT_BYTES:]
                total += len(chunk)
                if total > MOST_OUTPUT_BYTES:
                    raise TooMuchOutput
        finally:
            transport.close()


async def _end_group(process: Process) -> None:
    """Ask the whole group to end, and kill what has not ended soon."""
    _signal(process, signal.SIGTERM)
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                await process.wait()
    finally:
        _signal(process, signal.SIGKILL)
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE_SECONDS):
            await process.wait()


def _signal(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
