"""Loaded: the installed command and Python, without the half second in which each loads its modules.

One interpreter for each process of pytest loads them, and forks a process for each call. That one has
streams, an environment, a folder, signals and an end of its own, as if it had been started.
"""

from __future__ import annotations

import marshal
import os
import select
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from io import BufferedReader
from pathlib import Path
from typing import IO, Protocol

SERVER = Path(__file__).with_name("loaded_server.py")
CLIENT = Path(__file__).with_name("loaded_client.py")
_MOST_BYTES = 100_000  # of a request, which is one packet


class Process(Protocol):
    """What the tests use of `subprocess.Popen`."""

    @property
    def pid(self) -> int: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    @property
    def stderr(self) -> IO[bytes] | None: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def send_signal(self, sig: int) -> None: ...
    def kill(self) -> None: ...


class Forked:
    """A process that the loaded interpreter forked. `told` says its number, and then how it ended."""

    def __init__(
        self, stdout: BufferedReader, stderr: BufferedReader, told: BufferedReader
    ) -> None:
        self.stdout: IO[bytes] | None = stdout
        self.stderr: IO[bytes] | None = stderr
        self._told = told
        self._code: int | None = None
        self.pid = int(told.readline())

    def poll(self) -> int | None:
        if self._code is None and self._has_ended(0):
            self._code = int(self._told.readline())
            self._told.close()
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        if self._code is None and not self._has_ended(timeout):
            raise subprocess.TimeoutExpired("pagents", timeout or 0.0)
        code = self.poll()
        assert code is not None
        return code

    def send_signal(self, sig: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _has_ended(self, seconds: float | None) -> bool:
        told = select.poll()
        told.register(self._told, select.POLLIN)
        return bool(told.poll(None if seconds is None else seconds * 1000))


class Loaded:
    """An interpreter that has loaded the package.

    Args:
        under: a command that runs the one that follows it: it surrounds all that is forked.
        also: modules that it loads in addition; each makes all forks a little slower.
    """

    def __init__(self, *, under: Sequence[str | Path] = (), also: Sequence[str] = ()) -> None:
        self._place = Path(tempfile.mkdtemp(prefix="loaded-"))
        self._address = str(self._place / "socket")
        # It ends when the standard input does, however this process ends.
        self._process = subprocess.Popen(
            [*under, sys.executable, "-P", SERVER, self._address, *also],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        python = self._place / "python"  # of the background processes
        write_program(python, f'exec {self._calling(python)} "$@"')

    def close(self) -> None:
        self._process.communicate()
        shutil.rmtree(self._place)

    def install(self, folder: Path) -> None:
        """Put programs `python` and `pagents` into a folder that stand for those installed."""
        for name in ("python", "pagents"):
            stub = folder / name
            write_program(stub, f'exec {self._calling(stub)} "$@"')

    def _calling(self, program: Path) -> str:
        """The words of a shell that have the command forked which begins with `program`."""
        return shlex.join(map(str, (sys.executable, "-IS", CLIENT, self._address, program)))

    def fork(
        self, command: Sequence[str | bytes], environment: Mapping[str, str], folder: Path
    ) -> Forked | None:
        """Call the command; None if it is too long to be sent."""
        request = marshal.dumps(
            {
                "command": [os.fsencode(argument).decode("latin-1") for argument in command],
                "environment": dict(environment),
                "folder": str(folder),
            }
        )
        if len(request) > _MOST_BYTES:
            return None
        pipes = [os.pipe() for _ in range(3)]
        with (
            Path(os.devnull).open("rb") as nothing,
            socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asking,
        ):
            asking.connect(self._address)
            ends = [nothing.fileno(), *(writing for _, writing in pipes)]
            socket.send_fds(asking, [request], ends)
        for _, writing in pipes:
            os.close(writing)
        out, err, told = (os.fdopen(reading, "rb", buffering=0) for reading, _ in pipes)
        return Forked(BufferedReader(out), BufferedReader(err), BufferedReader(told))


def write_program(file: Path, text: str) -> None:
    """Make a program of a line of shell."""
    file.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    file.chmod(0o755)
