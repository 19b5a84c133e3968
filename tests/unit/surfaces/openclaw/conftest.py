"""What these tests share: an open app on a store that forgets, with the built-in agents."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import pytest

from parallel_agents.app.client import App
from parallel_agents.app.opening import open_on
from parallel_agents.app.parts import Parts
from parallel_agents.core.agent import Agent
from parallel_agents.core.model import Model
from parallel_agents.errors import UnknownModel
from parallel_agents.settings import Environment, Settings
from parallel_agents.testing import MemoryStore

OpenApp: TypeAlias = Callable[..., AbstractAsyncContextManager[App]]


@pytest.fixture
def open_app_with(tmp_path: Path) -> OpenApp:
    """An app on virtual time; models are asked by their names, and the first is the default."""

    @asynccontextmanager
    async def open_it(
        *models: Model, agents: Sequence[Agent] = (), variables: Mapping[str, str] | None = None
    ) -> AsyncGenerator[App]:
        now = asyncio.get_running_loop().time
        store = MemoryStore(now)
        environment = Environment(home=tmp_path, variables=variables or {})
        by_name = {model.name: model for model in models}

        def give(name: str) -> Model:
            if name not in by_name:
                raise UnknownModel(f"the test has no model {name!r}")
            return by_name[name]

        parts = Parts(
            agents={agent.name: agent for agent in agents},
            models=dict.fromkeys((name.partition("/")[0] for name in by_name), give),
        )
        settings = Settings(model=models[0].name)
        try:
            async with open_on(store, environment, settings, parts, now=now) as app:
                yield app
        finally:
            await store.aclose()

    return open_it
