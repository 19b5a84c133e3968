"""KeptServer: a server that a keeper runs, which the commands of one user share."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Thread

from pydantic import ValidationError

from parallel_agents.errors import LocalModelError
from parallel_agents.files import open_private
from parallel_agents.interpreter import python_command
from parallel_agents.lock import hold
from parallel_agents.models.local.keeping.socket import Connection, connect
from parallel_agents.models.local.keeping.words import (
    ANSWERED,
    ASKED,
    KEEP,
    KEPT,
    MOST_BYTES,
    TOLD,
    Asked,
    AskLease,
    AskServer,
    AskState,
    AskToLeave,
    Failed,
    Granted,
    Keep,
    Leaving,
    Stamp,
    State,
    Told,
)
from parallel_agents.models.local.launch import ANSWER, Answer, Launch, NotReady
from parallel_agents.models.local.serving import Lease
from parallel_agents.models.local.supervisor import Server, missing_runtime
from parallel_agents.models.providers import Secret

COMMAND = tuple(python_command("parallel_agents.models.local.keeping.keeper"))
CAN_KEEP = sys.platform != "win32"
_FOLDER = "kept"
_START_SECONDS = 200.0
_STATE_SECONDS = 5.0
_TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the keeper of a model is known.

    Attributes:
        state: the file in which it says where it listens.
        log: where it and its server write what goes wrong.
    """

    state: Path
    log: Path

    @property
    def lock(self) -> Path:
        """The file that is locked while a keeper is started."""
        return self.state.with_suffix(".lock")


def place_of(model: str, folder: Path, log: Path) -> Place:
    """The place of a model's keeper in the folder of the embedded models."""
    name = sha256(model.encode()).hexdigest()[:16]
    return Place(state=folder / _FOLDER / f"{name}.json", log=log)


class KeptServer:
    """The server of a keeper, which is started at the first call and stays when this process ends.

    Args:
        find: the stamp of the model's file as it is now; None if it is missing.
        prepare: makes what a server is started with, and fetches the model first if necessary.
        place: where the keeper is known.
        seconds: how long it stays after the last call.
    """

    def __init__(
        self,
        find: Callable[[], Stamp | None],
        prepare: Callable[[], Awaitable[Launch]],
        *,
        place: Place,
        seconds: float,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._find = find
        self._prepare = prepare
        self._place = place
        self._seconds = seconds
        self._command = command

    async def server(self) -> Server:
        granted, connection = await self._ask(
            lambda stamp: AskServer(stamp=stamp, seconds=self._seconds)
        )
        connection.writer.close()
        return _server_of(granted)

    @asynccontextmanager
    async def lease(self, beginning: Sequence[str]) -> AsyncGenerator[Lease]:
        granted, connection = await self._ask(
            lambda stamp: AskLease(stamp=stamp, beginning=tuple(beginning), seconds=self._seconds)
        )
        try:
            yield Lease(_server_of(granted), granted.slot)
            with suppress(ConnectionError):
                connection.writer.write(ANSWERED)
                await connection.writer.drain()
        finally:
            connection.writer.close()

    async def aclose(self) -> None:
        """The keeper stays for the next command."""

    async def _ask(self, asked: Callable[[Stamp], Asked]) -> tuple[Granted, Connection]:
        """What a keeper grants, and the connection that holds it; one is started if necessary."""
        for _ in range(_TRIES):
            stamp = await asyncio.to_thread(self._find)
            found = None if stamp is None else await ask(self._place.state, asked(stamp))
            match found:
                case (Granted() as granted, connection):
                    return granted, connection
                case (Failed(error=error, why=why), connection):
                    connection.writer.close()
                    raise self._failure(error, why=why)
                case (_, connection):
                    connection.writer.close()
                case None:
                    pass
            await self._start()
        raise self._failure("the embedded model does not stay loaded")

    async def _start(self) -> None:
        """Start a keeper, unless another process has just started one."""
        async with hold(self._place.lock):
            stamp = await asyncio.to_thread(self._find)
            if stamp is not None and await look(self._place) is not None:
                return
            launch = await self._prepare()
            stamp = await asyncio.to_thread(self._find)
            if stamp is None:
                raise self._failure("the embedded model's file is gone")
            order = Keep(
                launch=launch,
                stamp=stamp,
                state=str(self._place.state),
                log=str(self._place.log),
                seconds=self._seconds,
            )
            await self._spawn(order)

    async def _spawn(self, order: Keep) -> None:
        """Start a keeper and wait until it serves; asyncio's own children would end with the loop."""
        try:
            process = await asyncio.to_thread(self._popen)
        except OSError as error:
            raise self._failure("the server cannot be started", why=str(error)) from error
        try:
            async with asyncio.timeout(_START_SECONDS):
                answer = await asyncio.to_thread(_hand_over, order, process)
        except BaseException as error:
            process.kill()
            await asyncio.to_thread(process.wait)
            if not isinstance(error, TimeoutError):
                raise
            told = f"the model did not load within {_START_SECONDS:.0f} s"
            raise self._failure(told) from error
        # It outlives this process, unless it ends first: then the system wants it waited for.
        Thread(target=process.wait, name="pagents-keeper", daemon=True).start()
        if answer is None:
            raise self._failure("the embedded model's server exited during startup")
        if isinstance(answer, NotReady):
            if answer.missing:
                raise missing_runtime(answer)
            raise self._failure("the embedded model cannot be loaded", why=answer.error)

    def _popen(self) -> subprocess.Popen[bytes]:
        with open_private(self._place.log) as log:
            return subprocess.Popen(  # noqa: S603 - our own command, in a session of its own
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
                cwd=self._place.state.parent,
            )

    def _failure(self, message: str, *, why: str = "") -> LocalModelError:
        return LocalModelError(
            message, why=why, hint=f"read the log '{self._place.log}', or run `pagents doctor`"
        )


async def ask(state: Path, asked: Asked) -> tuple[Told, Connection] | None:
    """What the keeper of a state file answers, and the open connection; None if none is there."""
    try:
        kept = KEPT.validate_json(await asyncio.to_thread(state.read_bytes))
    except (OSError, ValidationError):
        return None
    connection = await connect(Path(kept.socket))
    if connection is None:
        return None
    try:
        connection.writer.write(ASKED.dump_json(asked) + b"\n")
        await connection.writer.drain()
        return TOLD.validate_json(await connection.reader.readline()), connection
    except (ConnectionError, ValidationError, ValueError):
        connection.writer.close()
        return None
    except BaseException:
        connection.writer.close()
        raise


async def look(place: Place) -> State | None:
    """How the keeper at a place is; None if there is none that answers."""
    told = await _ask_briefly(place.state, AskState())
    return told if isinstance(told, State) else None


async def look_at_all(folder: Path) -> dict[str, State]:
    """The models that are kept in the folder of the embedded models, by name."""
    found = [await _ask_briefly(state, AskState()) for state in await _states(folder)]
    return {each.model: each for each in found if isinstance(each, State)}


async def unload_all(folder: Path) -> dict[str, int]:
    """Have all keepers leave once no call is in flight; returns the calls in flight by model."""
    found: dict[str, int] = {}
    for state in await _states(folder):
        seen = await _ask_briefly(state, AskState())
        left = await _ask_briefly(state, AskToLeave())
        if isinstance(seen, State) and isinstance(left, Leaving):
            found[seen.model] = left.calls
    return found


async def _states(folder: Path) -> list[Path]:
    if not CAN_KEEP:
        return []
    return sorted(await asyncio.to_thread(lambda: [*(folder / _FOLDER).glob("*.json")]))


async def _ask_briefly(state: Path, asked: Asked) -> Told | None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_STATE_SECONDS):
            if (found := await ask(state, asked)) is not None:
                told, connection = found
                connection.writer.close()
                return told
    return None


def _hand_over(order: Keep, process: subprocess.Popen[bytes]) -> Answer | None:
    """Tell a keeper what to keep, and wait for its answer; None if it ended without one."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        with process.stdin as stdin, process.stdout as stdout:
            stdin.write(KEEP.dump_json(order) + b"\n")
            stdin.flush()
            return ANSWER.validate_json(stdout.readline(MOST_BYTES))
    except (OSError, ValidationError):
        return None


def _server_of(granted: Granted) -> Server:
    return Server(base_url=granted.base_url, key=Secret(granted.key), pid=granted.pid)
