"""Supervisor: keeps one server child alive while there are calls, and ends it with this process."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from parallel_agents.containment.killing import kill
from parallel_agents.errors import LocalModelError, MissingExtra
from parallel_agents.extras import install_line
from parallel_agents.files import open_private
from parallel_agents.interpreter import python_command
from parallel_agents.models.local.launch import ANSWER, LAUNCH, Launch, NotReady, Ready
from parallel_agents.models.providers import Secret

COMMAND = tuple(python_command("parallel_agents.models.local.child"))
_START_SECONDS = 180.0
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """The address of a child, and the key that it requires."""

    base_url: str
    key: Secret
    pid: int


class Supervisor:
    """Runs one child at a time, started at the first call.

    After a child dies, the next call starts a new one, unless two in a row died before they
    answered anything.
    """

    def __init__(
        self,
        prepare: Callable[[], Awaitable[Launch]],
        *,
        log: Path,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._prepare = prepare
        self._log = log
        self._command = command
        # Guards the child's start and end: concurrent callers wait, and if the caller that starts
        # it is cancelled, the next one starts it.
        self._lock = asyncio.Lock()
        self._process: Process | None = None
        self._server: Server | None = None
        self._starts_without_answer = 0

    async def server(self) -> Server:
        """The running server; it is started first if necessary.

        Raises:
            LocalModelError: the server cannot be started, or died twice without an answer.
            MissingExtra: the runtime is not installed.
        """
        async with self._lock:
            if self._server is None or self._has_died:
                self._server = await self._start()
            return self._server

    def answered(self) -> None:
        """Record that the child works."""
        self._starts_without_answer = 0

    async def aclose(self) -> None:
        """End the child; a child that hangs is killed after a few seconds."""
        async with self._lock:
            if self._process is not None:
                await _end(self._process)
            self._process = self._server = None

    @property
    def _has_died(self) -> bool:
        return self._process is not None and self._process.returncode is not None

    async def _start(self) -> Server:
        if self._starts_without_answer > 1:
            raise self._failure("the embedded model's server died twice without an answer")
        launch = await self._prepare()
        self._starts_without_answer += 1
        process = await self._spawn()
        try:
            ready = await self._hand_over(launch, process)
        except BaseException:
            await _end(process)
            raise
        self._process = process
        return Server(base_url=ready.base_url, key=Secret(launch.key), pid=process.pid)

    async def _hand_over(self, launch: Launch, process: Process) -> Ready:
        """Send the child its configuration, and wait until it serves."""
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            async with asyncio.timeout(_START_SECONDS):
                stdin.write(LAUNCH.dump_json(launch) + b"\n")
                await stdin.drain()
                answer = ANSWER.validate_json(await stdout.readline())
        except TimeoutError as error:
            raise self._failure(f"the model did not load within {_START_SECONDS:.0f} s") from error
        except (ConnectionError, ValidationError) as error:
            raise self._failure("the embedded model's server exited during startup") from error
        if isinstance(answer, Ready):
            return answer
        if answer.missing:
            raise missing_runtime(answer)
        raise self._failure("the embedded model cannot be loaded", why=answer.error)

    async def _spawn(self) -> Process:
        try:
            with self._open_log() as log:
                return await asyncio.create_subprocess_exec(
                    *self._command, stdin=PIPE, stdout=PIPE, stderr=log
                )
        except OSError as error:
            raise self._failure("the server cannot be started", why=str(error)) from error

    def _open_log(self) -> BinaryIO:
        return open_private(self._log)

    def _failure(self, message: str, *, why: str = "") -> LocalModelError:
        return LocalModelError(
            message, why=why, hint=f"read the log '{self._log}', or run `pagents doctor`"
        )


def missing_runtime(answer: NotReady) -> MissingExtra:
    return MissingExtra(
        "the embedded model's runtime is not installed",
        why=answer.error,
        hint=install_line("pagents[local]"),
    )


async def _end(process: Process) -> None:
    """End the child by closing its stdin; kill it if it does not end."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        await kill(process)
