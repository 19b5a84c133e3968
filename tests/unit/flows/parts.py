"""What the tests of flows share: a model that counts its calls, and processes that crash."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import Result
from parallel_agents.core.task import Task
from parallel_agents.errors import AuthFailed
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, Rig, open_rig

WRITER = Agent("writer", instructions="Write.", output=str)


class Crash(Exception):
    """The end of a process, as far as its runs can tell."""


class Writer:
    """A model that counts its calls by their texts; it fails at texts that begin with `fail`."""

    def __init__(self, *, seconds: float = 10) -> None:
        self.calls: list[str] = []
        self.is_mended = False
        self.model = RepliesWith(self._answer, latency_seconds=seconds)

    def _answer(self, request: ModelRequest) -> Answer:
        text = request.messages[0].text
        self.calls.append(text)
        if text.startswith("fail") and not self.is_mended:
            return AuthFailed("no key")
        return f"{text} is done"


def write(text: str, **options: Any) -> Task[str]:
    return Task(WRITER, text, **options)


def lasting_store() -> MemoryStore:
    """A store that outlives a process, on the loop's time."""
    return MemoryStore(asyncio.get_running_loop().time)


@asynccontextmanager
async def process(writer: Writer, store: MemoryStore | None = None) -> AsyncGenerator[Rig]:
    """A process with this model; one that raises Crash leaves its calls as they are."""
    with suppress(Crash):
        async with open_rig(writer.model, agents=[WRITER], store=store) as rig:
            yield rig


async def run(
    rig: Rig, function: Callable[..., Awaitable[Any]], key: str = "one", **options: Any
) -> Result[Any]:
    handle = await rig.sessions.spawn_flow(function, key=key, **options)
    return await handle.wait()


async def crash_after(
    seconds: float, writer: Writer, store: MemoryStore, function: Callable[..., Awaitable[Any]]
) -> None:
    async with process(writer, store) as rig:
        await rig.sessions.spawn_flow(function, key="one")
        await asyncio.sleep(seconds)
        raise Crash
