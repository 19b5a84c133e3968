"""Child: the process of a server, in a group of its own, which ends as a whole.

Its pipes are our own: asyncio's would not end before the last child of the server has.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import secrets
import signal
from asyncio.subprocess import Process
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from typing import Final, NamedTuple

from typing_extensions import override

from parallel_agents.containment.starting import started
from parallel_agents.containment.warden import Warden
from parallel_agents.containment.warden_program import MARK, end_marked
from parallel_agents.core.command import IN_RUN
from parallel_agents.secrets.known import KNOWN

CHUNK_BYTES: Final = 65_536
_DECODER = codecs.getincrementaldecoder("utf-8")
_MOST_STDERR_BYTES = 8_192
_CLOSE_SECONDS = 2.0  # from the end of its stdin; and again from SIGTERM
# What every server gets of the environment; the rest, and so every key, only if its entry says so.
_KEPT = frozenset(
    (
        *("HOME", "LANG", "LANGUAGE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"),
        *(
            "XDG_CACHE_HOME",
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_RUNTIME_DIR",
            "XDG_STATE_HOME",
        ),
    )
)
_KEPT_PREFIX = "LC_"


class Launch(NamedTuple):
    """How a command is started.

    Attributes:
        command: the program and its arguments.
        environment: its variables.
        folder: where it works; empty for the folder of this process.
        descriptors: the open files of this process that it inherits.
    """

    command: Sequence[str]
    environment: Mapping[str, str]
    folder: str = ""
    descriptors: Sequence[int] = ()


def environment_of(variables: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The variables of a server: a few of this process, and those of its entry."""
    kept = {
        name: value
        for name, value in variables.items()
        if name in _KEPT or name.startswith(_KEPT_PREFIX)
    }
    return {"PATH": os.defpath, **kept, "TERM": "dumb", **own, IN_RUN: "1"}


class Child:
    """A process that speaks on its standard streams."""

    def __init__(self, process: Process, mark: str, warden: Warden) -> None:
        self._process = process
        self._mark = mark
        self._warden = warden
        self._stdout = asyncio.StreamReader()
        self._stderr = b""
        self._transports: list[asyncio.BaseTransport] = []
        self._writing = _Writing()
        self._stdin: asyncio.WriteTransport | None = None
        self._reading: asyncio.Task[None] | None = None

    @classmethod
    async def start(cls, launch: Launch, warden: Warden) -> Child:
        """Start a command.

        Raises:
            OSError, ValueError: it cannot be started.
        """
        mark = secrets.token_hex(16)
        await warden.watch(mark)
        theirs, ours = _pipes()
        try:
            process = await started(
                asyncio.create_subprocess_exec(
                    *launch.command,
                    stdin=theirs[0],
                    stdout=theirs[1],
                    stderr=theirs[2],
                    env={**launch.environment, MARK: mark},
                    cwd=launch.folder or None,
                    pass_fds=launch.descriptors,
                    start_new_session=True,
                ),
                _kill_group,
            )
        except BaseException:
            _close(ours)
            warden.forget(mark)
            raise
        finally:
            _close(theirs)
        child = cls(process, mark, warden)
        try:
            await child._connect(*ours)
            await warden.watch(mark, process.pid)
        except BaseException:
            await child.end()
            raise
        return child

    async def _connect(self, stdin: int, stdout: int, stderr: int) -> None:
        loop = asyncio.get_running_loop()
        errors = asyncio.StreamReader()
        for reader, pipe in ((self._stdout, stdout), (errors, stderr)):
            transport, _ = await loop.connect_read_pipe(
                lambda reader=reader: asyncio.StreamReaderProtocol(reader),
                os.fdopen(pipe, "rb", 0),
            )
            self._transports.append(transport)
        self._stdin, _ = await loop.connect_write_pipe(
            lambda: self._writing, os.fdopen(stdin, "wb", 0)
        )
        self._reading = asyncio.create_task(self._keep_stderr(errors))

    @property
    def stderr(self) -> str:
        """The end of what it wrote there."""
        return self._stderr.decode(errors="replace")

    @property
    def code(self) -> int | None:
        """Its exit code, of a signal the number below 0; None while it runs."""
        return self._process.returncode

    async def read(self) -> bytes:
        """What it wrote next; empty at the end."""
        return await self._stdout.read(CHUNK_BYTES)

    async def write(self, data: bytes) -> None:
        """Write to its stdin, and wait until it has room again.

        Raises:
            ConnectionError: it has closed its stdin.
        """
        if self._stdin is None or self._stdin.is_closing():
            raise BrokenPipeError
        self._stdin.write(data)
        await self._writing.drain()

    async def wait(self) -> None:
        """Return once the process has ended, whatever it left behind."""
        await self._process.wait()

    async def end(self) -> None:
        """Close its stdin, wait, then end all that it started; return when nothing of it is left."""
        if self._stdin is not None:
            self._stdin.close()
        try:
            if not await _is_done(self._process.wait()):
                self._signal(signal.SIGTERM)
                await _is_done(self._process.wait())
        finally:
            self._signal(signal.SIGKILL)  # also what the process itself left behind
            await asyncio.to_thread(end_marked, {self._mark})
            self._warden.forget(self._mark)
        await _is_done(self._process.wait())
        if self._reading is not None:
            await _is_done(asyncio.shield(self._reading))
            self._reading.cancel()
        if self._stdin is not None and not self._writing.is_lost:
            self._stdin.abort()
        for transport in self._transports:
            transport.close()

    def _signal(self, number: signal.Signals) -> None:
        _signal_group(self._process, number)

    async def _keep_stderr(self, errors: asyncio.StreamReader) -> None:
        hiding, decoder = KNOWN.stream(), _DECODER("replace")
        while piece := await errors.read(CHUNK_BYTES):
            self._keep_end(hiding.feed(decoder.decode(piece)))
        self._keep_end(hiding.end())

    def _keep_end(self, text: str) -> None:
        self._stderr = (self._stderr + text.encode(errors="replace"))[-_MOST_STDERR_BYTES:]


def _signal_group(process: Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


async def _kill_group(process: Process) -> None:
    _signal_group(process, signal.SIGKILL)
    await process.wait()


class _Writing(asyncio.BaseProtocol):
    """Whether a pipe takes more, as its transport says."""

    def __init__(self) -> None:
        self._takes = asyncio.Event()
        self._takes.set()
        self.is_lost = False

    @override
    def pause_writing(self) -> None:
        self._takes.clear()

    @override
    def resume_writing(self) -> None:
        self._takes.set()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost = True
        self._takes.set()

    async def drain(self) -> None:
        await self._takes.wait()
        if self.is_lost:
            raise BrokenPipeError


async def _is_done(waited: Awaitable[object]) -> bool:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await waited
    except TimeoutError:
        return False
    return True


def _pipes() -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """The child's ends of its standard streams, and ours."""
    (their_in, our_in), (our_out, their_out), (our_error, their_error) = (
        os.pipe(),
        os.pipe(),
        os.pipe(),
    )
    return (their_in, their_out, their_error), (our_in, our_out, our_error)


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)
