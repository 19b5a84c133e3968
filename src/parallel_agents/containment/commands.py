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
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from parallel_agents.containment.output import Hiding, Output
from parallel_agents.containment.starting import started
from parallel_agents.core.command import CommandEnd, Ending
from parallel_agents.core.command_limits import OutputMeter

MOST_OUTPUT_BYTES = 10_000_000
_CHUNK_BYTES = 65_536
_GRACE_SECONDS = 2.0
_DRAIN_SECONDS = 1.0


class _TooMuchOutput(Exception):
    pass


class _OutputUsedUp(Exception):
    pass


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


class Start(NamedTuple):
    """How a command is started.

    Attributes:
        command: the program and its arguments.
        stdin: what it reads.
        folder: where it works; None for the folder of the process.
        environment: all of its variables; None for those of the process.
        descriptors: what it inherits beside its streams.
        hiding: makes what its output passes before any of it is cut; None for nothing.
        is_stderr_apart: whether its stderr is read apart from its stdout.
        meter: counts what it writes, and ends it once that is too much.
    """

    command: Sequence[str]
    stdin: bytes = b""
    folder: str | None = None
    environment: Mapping[str, str] | None = None
    descriptors: Collection[int] = ()
    hiding: Callable[[], Hiding] | None = None
    is_stderr_apart: bool = False
    meter: OutputMeter | None = None


async def run_command(start: Start, *, turn: asyncio.Lock, timeout_seconds: float) -> CommandEnd:
    """Run a command, and wait for its end.

    Args:
        start: the command.
        turn: a lock that is held while the command starts, which blocks the loop for a millisecond
            or two; other commands that share it start in later rounds of the loop.
        timeout_seconds: how long it may take from its start.

    Raises:
        OSError, ValueError: it cannot be started.
    """
    loop = asyncio.get_running_loop()
    async with turn:
        began = loop.time()
        process, readable = await started(_started(start), _abandon)
    output, errors = Output(start.hiding), Output(start.hiding)
    meter = start.meter or OutputMeter()
    reading = asyncio.create_task(_read(readable, (output, errors), meter))
    ending = Ending.EXITED
    try:
        async with asyncio.timeout(timeout_seconds):
            await _wait_end(process, reading)
    except TimeoutError:
        ending = Ending.TIMED_OUT
    except _TooMuchOutput:
        ending = Ending.TOO_MUCH_OUTPUT
    except _OutputUsedUp:
        ending = Ending.OUTPUT_USED_UP
    finally:
        output.is_broken_off = errors.is_broken_off = ending is not Ending.EXITED
        if process.returncode is None or not reading.done():
            await _end_group(process)
        reading.cancel()
        await asyncio.wait((reading,))
    code = process.returncode
    seconds = loop.time() - began
    return CommandEnd(ending, -1 if code is None else code, output.text, seconds, errors.text)


async def ask_command(command: Sequence[str], *, timeout_seconds: float) -> CommandEnd:
    """Run a program of the user's, with all variables of the process, for what it writes to stdout.

    It has nothing to read, and no terminal to ask at.

    Raises:
        OSError, ValueError: it cannot be started.
    """
    start = Start(command, is_stderr_apart=True)
    return await run_command(start, turn=asyncio.Lock(), timeout_seconds=timeout_seconds)


async def _started(start: Start) -> tuple[Process, tuple[int, ...]]:
    """The process, and the descriptors from which its output is read: stdout, and stderr if apart."""
    with tempfile.TemporaryFile() as given:
        if start.stdin:
            given.write(start.stdin)
            given.seek(0)
        # Pipes of our own: asyncio's would not end before the last child of the command has.
        pipes = [os.pipe() for _ in range(2 if start.is_stderr_apart else 1)]
        try:
            process = await asyncio.create_subprocess_exec(
                *start.command,
                stdin=given if start.stdin else DEVNULL,
                stdout=pipes[0][1],
                stderr=pipes[1][1] if start.is_stderr_apart else STDOUT,
                cwd=start.folder,
                env=start.environment,
                pass_fds=tuple(start.descriptors),
                start_new_session=True,
            )
        except BaseException:
            for readable, _ in pipes:
                os.close(readable)
            raise
        finally:
            for _, writable in pipes:
                os.close(writable)
    return process, tuple(readable for readable, _ in pipes)


async def _abandon(start: tuple[Process, tuple[int, ...]]) -> None:
    process, readable = start
    for pipe in readable:
        os.close(pipe)
    await _end_group(process)


async def _read(pipes: Sequence[int], outputs: Sequence[Output], meter: OutputMeter) -> None:
    """Read each pipe to its end; the first error ends all."""
    if len(pipes) == 1:
        return await _read_one(pipes[0], outputs[0], meter)
    try:
        async with asyncio.TaskGroup() as group:
            for pipe, output in zip(pipes, outputs, strict=True):
                group.create_task(_read_one(pipe, output, meter))
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return None


async def _read_one(pipe: int, output: Output, meter: OutputMeter) -> None:
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
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            output.add(chunk)
            if not meter.take(len(chunk)):
                raise _OutputUsedUp
            if output.received > MOST_OUTPUT_BYTES:
                raise _TooMuchOutput
        output.end()
    finally:
        transport.close()


async def _wait_end(process: Process, reading: asyncio.Task[None]) -> None:
    """Return once the output has ended too, or a child that was left behind keeps it open."""
    exiting = asyncio.create_task(process.wait())
    try:
        await asyncio.wait((exiting, reading), return_when=asyncio.FIRST_COMPLETED)
        if reading.done():
            reading.result()
        await exiting
    finally:
        exiting.cancel()
    done, _ = await asyncio.wait((reading,), timeout=_DRAIN_SECONDS)
    if done:
        reading.result()


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
