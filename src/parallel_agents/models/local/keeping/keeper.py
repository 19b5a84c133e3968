"""Keeper: a process that keeps the embedded model loaded for the processes of one user.

It listens on a socket in a folder that only its user can enter. It leaves when nobody has called for
a while, when the model's file was changed or removed, when its state file names another keeper, and
when the machine runs short of memory; never while a call is in flight.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NoReturn, TextIO

from pydantic import ValidationError

from parallel_agents.errors import LocalModelError, MissingExtra, PagentsError
from parallel_agents.files import write_private
from parallel_agents.models.local import machine
from parallel_agents.models.local.child import EXIT_FAILED, EXIT_MISSING
from parallel_agents.models.local.keeping.socket import listening
from parallel_agents.models.local.keeping.words import (
    ANSWERED,
    ASKED,
    KEEP,
    KEPT,
    TOLD,
    Asked,
    AskLease,
    AskServer,
    AskState,
    AskToLeave,
    Failed,
    Granted,
    Keep,
    Kept,
    Leaving,
    State,
    Told,
)
from parallel_agents.models.local.launch import (
    Launch,
    NotReady,
    Ready,
    report,
    take_stdout,
)
from parallel_agents.models.local.slots import Slots
from parallel_agents.models.local.supervisor import Server, Supervisor

_LOOK_SECONDS = 1.0
_ASK_SECONDS = 10.0
_MOST_CONNECTIONS = 256
_SHORT_OF_MEMORY_BYTES = 500_000_000


class Keeper:
    """Keeps one server for the calls of many processes."""

    def __init__(self, order: Keep, supervisor: Supervisor) -> None:
        self._order = order
        self._supervisor = supervisor
        self._slots = Slots(order.launch.slots)
        self._seconds = order.seconds
        self._calls = 0
        self._idle_since = time.monotonic()
        self._connections = 0
        self._is_leaving = False
        self.gone = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection, and hold its slot for as long as it lasts."""
        if self._connections >= _MOST_CONNECTIONS:
            writer.close()
            return
        self._connections += 1
        try:
            with suppress(ConnectionError, TimeoutError, ValidationError, ValueError):
                async with asyncio.timeout(_ASK_SECONDS):
                    asked = ASKED.validate_json(await reader.readline())
                await self._answer(asked, reader, writer)
        finally:
            self._connections -= 1
            writer.close()

    async def _answer(
        self, asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        match asked:
            case AskLease() | AskServer():
                await self._lend(asked, reader, writer)
            case AskState():
                await _tell(writer, self._state())
            case AskToLeave():
                self.leave()
                await _tell(writer, Leaving(calls=self._calls))

    async def _lend(
        self,
        asked: AskLease | AskServer,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        if asked.stamp != self._order.stamp:
            self.leave()
        if self._is_leaving:
            await _tell(writer, Leaving(calls=self._calls))
            return
        self._seconds = asked.seconds
        async with self._calling():
            try:
                if isinstance(asked, AskServer):
                    await _tell(writer, _granted(await self._supervisor.server(), 0))
                    return
                await self._lend_slot(asked, reader, writer)
            except (LocalModelError, MissingExtra) as error:
                await _tell(writer, Failed(error=error.message, why=error.why))
                self.leave()

    async def _lend_slot(
        self, asked: AskLease, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Lend a slot once one is free, until the other side hangs up or says that it was answered."""
        lending = asyncio.create_task(self._hold_slot(asked, writer))
        hanging_up = asyncio.create_task(reader.readline())
        try:
            await asyncio.wait((lending, hanging_up), return_when=asyncio.FIRST_COMPLETED)
        finally:
            lending.cancel()
            hanging_up.cancel()
            await asyncio.wait((lending, hanging_up))
        if not lending.cancelled():
            lending.result()
        if not hanging_up.cancelled() and hanging_up.result() == ANSWERED:
            self._supervisor.answered()

    async def _hold_slot(self, asked: AskLease, writer: asyncio.StreamWriter) -> None:
        async with self._slots.take(asked.beginning) as slot:
            await _tell(writer, _granted(await self._supervisor.server(), slot))
            await asyncio.Event().wait()  # until it is cancelled

    @asynccontextmanager
    async def _calling(self) -> AsyncGenerator[None]:
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            self._idle_since = time.monotonic()
            if self._is_leaving and not self._calls:
                self.gone.set()

    def _state(self) -> State:
        launch = self._order.launch
        return State(
            pid=os.getpid(),
            model=launch.alias,
            file=launch.file,
            calls=self._calls,
            seconds_left=self._seconds if self._calls else max(0.0, self._left()),
        )

    def _left(self) -> float:
        return self._idle_since + self._seconds - time.monotonic()

    def leave(self) -> None:
        """Take no further call, and end once those in flight have ended."""
        self._is_leaving = True
        _remove_state(self._order)
        if not self._calls:
            self.gone.set()

    async def look_after(self) -> None:
        """Leave as soon as there is a reason to."""
        while not self.gone.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(self.gone.wait(), _LOOK_SECONDS)
            if not self._is_leaving and await asyncio.to_thread(self._should_leave):
                self.leave()

    def _should_leave(self) -> bool:
        stamp = self._order.stamp
        if not _is_named(self._order) or stamp.now() != stamp:
            return True
        if self._calls:
            return False
        free = machine.detect().available_bytes
        return self._left() <= 0 or (free is not None and free < _SHORT_OF_MEMORY_BYTES)


def _granted(server: Server, slot: int) -> Granted:
    return Granted(base_url=server.base_url, key=server.key.reveal(), pid=server.pid, slot=slot)


async def _tell(writer: asyncio.StreamWriter, told: Told) -> None:
    writer.write(TOLD.dump_json(told) + b"\n")
    await writer.drain()


def _is_named(order: Keep) -> bool:
    """Whether the state file names this process; in a home that was removed it does not."""
    try:
        return KEPT.validate_json(Path(order.state).read_bytes()).pid == os.getpid()
    except (OSError, ValidationError):
        return False


def _remove_state(order: Keep) -> None:
    if _is_named(order):
        with suppress(OSError):
            Path(order.state).unlink()


async def keep(order: Keep, answers: TextIO) -> None:
    """Keep the model until there is a reason to leave; `answers` hears once it is served.

    Raises:
        LocalModelError, MissingExtra: the server cannot be started.
        OSError: no socket can be made.
    """
    began = time.monotonic()

    async def prepare() -> Launch:
        return order.launch

    supervisor = Supervisor(prepare, log=Path(order.log))
    try:
        server = await supervisor.server()
        keeper = Keeper(order, supervisor)
        async with listening(keeper.serve, Path(order.state)) as socket:
            kept = Kept(pid=os.getpid(), socket=str(socket))
            await asyncio.to_thread(write_private, Path(order.state), KEPT.dump_json(kept))
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, keeper.leave)
            seconds = round(time.monotonic() - began, 2)
            report(answers, Ready(base_url=server.base_url, load_seconds=seconds))
            await keeper.look_after()
    finally:
        _remove_state(order)
        await supervisor.aclose()


def main() -> NoReturn:
    """Keep the model that stdin names."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it outlives the command that started it
    answers = take_stdout()
    order = KEEP.validate_json(sys.stdin.buffer.readline())
    try:
        asyncio.run(keep(order, answers))
    except MissingExtra as error:
        report(answers, NotReady(error=error.why, missing="xllamacpp"))
        sys.exit(EXIT_MISSING)
    except (PagentsError, OSError) as error:
        report(answers, NotReady(error=str(error)))
        sys.exit(EXIT_FAILED)
    sys.exit(0)


if __name__ == "__main__":
    main()
