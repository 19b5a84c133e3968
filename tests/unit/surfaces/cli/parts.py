"""What the tests of commands share: a process as commands have it, on virtual time and without files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from parallel_agents.app.client import App
from parallel_agents.app.opening import open_on
from parallel_agents.app.parts import Parts
from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.model import Model
from parallel_agents.settings import Environment, Settings
from parallel_agents.testing import MemoryStore


def environment(home: Path) -> Environment:
    return Environment(home=home, variables={})


@asynccontextmanager
async def open_process(
    home: Path, model: Model, agents: Sequence[AnyAgent] = ()
) -> AsyncGenerator[App]:
    """A process whose only model is this one."""
    loop = asyncio.get_running_loop()
    store = MemoryStore(loop.time)
    parts = Parts(
        agents={agent.name: agent for agent in agents},
        models={model.name.partition("/")[0]: lambda _: model},
    )
    settings = Settings(model=model.name)
    async with open_on(store, environment(home), settings, parts, now=loop.time) as app:
        yield app
    await store.aclose()
