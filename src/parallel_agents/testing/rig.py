"""Rig: everything that carries runs out, as in a real process, on a store that forgets.

On virtual time a test of a hundred agents that take a minute each is over in milliseconds.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from parallel_agents.app.models import ModelFactory
from parallel_agents.app.opening import open_on
from parallel_agents.app.parts import Parts
from parallel_agents.core.agent import Agent
from parallel_agents.core.model import Model
from parallel_agents.core.store import Role, Store
from parallel_agents.core.tool import Tool
from parallel_agents.engines.local import LocalEngine
from parallel_agents.errors import UnknownModel
from parallel_agents.models.choice import LOCAL
from parallel_agents.session_tools.toolbox import SessionTools
from parallel_agents.sessions.open_sessions import OpenSessions
from parallel_agents.sessions.service import Service
from parallel_agents.settings import Environment, Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing.clock import VirtualLoop
from parallel_agents.tools.function import FunctionTool

_DEFAULTS = Settings()
# No file but the built-in agents' is read, none is written, and there is no key.
_ENVIRONMENT = Environment(home=Path(__file__).parent / "no-home", project=None, variables={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    """What `open_rig` gives.

    Attributes:
        sessions: the verbs with handles, as `parallel_agents.open` gives them.
        service: the verbs as the command line and the teams use them.
        engine: what carries the runs out.
        store: where they are.
        session_tools: the verbs as agents and other programs call them.
    """

    sessions: OpenSessions
    service: Service
    engine: LocalEngine
    store: Store
    session_tools: SessionTools


@asynccontextmanager
async def open_rig(
    *models: Model,
    agents: Sequence[Agent] = (),
    tools: Sequence[Tool | Callable[..., object]] = (),
    gates: Mapping[str, Callable[..., object]] | None = None,
    settings: Settings = _DEFAULTS,
    store: Store | None = None,
    role: Role = Role.SCRIPT,
) -> AsyncGenerator[Rig]:
    """The verbs and an engine in this process, with nothing but what is given here.

    Args:
        *models: asked by their names; the first is the default.
        agents: definitions that go before the built-in.
        tools: functions or tools that agents may name.
        gates: functions that agents may name as gates, by name.
        settings: as they would be read.
        store: one that outlives the rig, such as one that two rigs share; else a new MemoryStore.
        role: a script, or a worker that others leave runs to.
    """
    loop = asyncio.get_running_loop()
    now = loop.time if isinstance(loop, VirtualLoop) else time.time
    offered = [t if isinstance(t, Tool) else FunctionTool(t) for t in tools]
    parts = Parts(
        agents={agent.name: agent for agent in agents},
        tools={tool.spec.name: tool for tool in offered},
        models=_factories(models),
        gates=gates or {},
        role=role,
    )
    if models and settings.model is None:
        settings = replace(settings, model=models[0].name)
    async with AsyncExitStack() as stack:
        if store is None:
            store = MemoryStore(now)
            stack.push_async_callback(store.aclose)
        app = await stack.enter_async_context(
            open_on(store, _ENVIRONMENT, settings, parts, now=now)
        )
        yield Rig(
            sessions=OpenSessions(app.sessions),
            service=app.service,
            engine=app.engine,
            store=store,
            session_tools=app.session_tools,
        )


def _factories(models: Sequence[Model]) -> Mapping[str, ModelFactory]:
    by_name = {model.name: model for model in models}

    def give(name: str) -> Model:
        if name not in by_name:
            given = ", ".join(by_name) or "none"
            raise UnknownModel(f"the rig has no model {name!r}", why=f"it was given {given}")
        return by_name[name]

    # The embedded model is the default of last resort; here it would be fetched for a test.
    return dict.fromkeys((LOCAL, *(name.partition("/")[0] for name in by_name)), give)
