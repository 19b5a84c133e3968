"""Serving: where the server of the embedded model runs, and how a call gets a slot of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import NamedTuple, Protocol

from parallel_agents.models.local.slots import Slots
from parallel_agents.models.local.supervisor import Server, Supervisor


class Lease(NamedTuple):
    """A server, and its slot that one call may use."""

    server: Server
    slot: int


class Serving(Protocol):
    async def server(self) -> Server:
        """The running server; it is started first if necessary.

        Raises:
            LocalModelError: the server cannot be started, or died twice without an answer.
            MissingExtra: the runtime is not installed.
        """
        ...

    def lease(self, beginning: Sequence[str]) -> AbstractAsyncContextManager[Lease]:
        """Hold a slot for a call whose prompt has these `slots.beginnings`.

        A block that ends without an error has shown that the server works.

        Raises:
            LocalModelError, MissingExtra: as for `server`.
        """
        ...

    async def aclose(self) -> None:
        """Release the server; one of this process's own ends."""
        ...


class OwnServer:
    """A server in a child of this process, which ends with it."""

    def __init__(self, supervisor: Supervisor, slots: int) -> None:
        self._supervisor = supervisor
        self._slots = Slots(slots)

    async def server(self) -> Server:
        return await self._supervisor.server()

    @asynccontextmanager
    async def lease(self, beginning: Sequence[str]) -> AsyncGenerator[Lease]:
        async with self._slots.take(beginning) as slot:
            yield Lease(await self._supervisor.server(), slot)
            self._supervisor.answered()

    async def aclose(self) -> None:
        await self._supervisor.aclose()
