"""Rig: everything that runs agents in a real process, on a store in memory.

On virtual time, a test of a hundred agents that take a minute each ends within milliseconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from parallel_agents.app.models import ModelFactory
from parallel_agents.app.open_sessions import OpenSessions
from parallel_agents.app.opening import open_on
from parallel_agents.app.parts import Parts, by_name, gates_by_name, tools_by_name
from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.arguments import checked
from parallel_agents.core.async_use import opening
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.model import Model
from parallel_agents.core.owner import Role
from parallel_agents.core.store import Store
from parallel_agents.core.tool import Tool
from parallel_agents.engines.local import LocalEngine
from parallel_agents.errors import UnknownModel
from parallel_agents.models.choice import LOCAL
from parallel_agents.session_tools.toolbox import SessionTools
from parallel_agents.sessions.service import Service
from parallel_agents.settings import Environment, Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing.clock import VirtualLoop
from parallel_agents.testing.contents import MemoryContents

_DEFAULTS = Settings()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig(Frozen):
    """The parts of a running rig.

    Attributes:
        sessions: the verbs with handles, as `parallel_agents.open` returns them.
        service: the verbs as the command line and teams use them.
        engine: the engine that executes the runs.
        store: the store of the runs.
        session_tools: the verbs as agents and other programs call them.
        contents: what is in the artifacts of the store.
    """

    sessions: OpenSessions
    service: Service
    engine: LocalEngine
    store: Store
    session_tools: SessionTools
    contents: MemoryContents


@checked
@opening
async def open_rig(
    *models: Model,
    agents: Sequence[AnyAgent] = (),
    tools: Sequence[Tool | Callable[..., object]] = (),
    gates: Sequence[Callable[..., object]] | Mapping[str, Callable[..., object]] = (),
    settings: Settings = _DEFAULTS,
    store: Store | None = None,
    role: Role = Role.SCRIPT,
) -> AsyncGenerator[Rig]:
    """Open the verbs and an engine in this process, with only the parts passed here.

    Args:
        *models: found by their names; the first is the default.
        agents: definitions that override built-in agents of the same name.
        tools: functions or tools that agents may name.
        gates: functions that a `FunctionGate` or `ScoreGate` can name; or functions by the names
            that they have there.
        settings: the settings; no file or environment variable is read.
        store: a store that outlives the rig, such as one that two rigs share; None for a new
            MemoryStore.
        role: a script, or a worker that executes runs of other processes.
    """
    loop = asyncio.get_running_loop()
    now = loop.time if isinstance(loop, VirtualLoop) else None
    contents = MemoryContents()
    parts = Parts(
        agents=by_name("agents", ((agent.name, agent) for agent in agents)),
        tools=tools_by_name(tools),
        models=_factories(models),
        gates=gates_by_name(gates) if isinstance(gates, Sequence) else gates,
        role=role,
        contents=contents,
    )
    if models and settings.model is None:
        settings = replace(settings, model=models[0].name)
    async with AsyncExitStack() as stack:
        # Nothing is written there but workspaces; no file is read but of the built-in agents.
        home = Path(stack.enter_context(TemporaryDirectory(prefix="pagents-rig-")))
        if store is None:
            store = MemoryStore(now)
            stack.push_async_callback(store.aclose)
        environment = Environment(home=home, variables={})
        app = await stack.enter_async_context(open_on(store, environment, settings, parts, now=now))
        yield Rig(
            sessions=OpenSessions(
                app.sessions,
                app.journal,
                app.sharing,
                app.flows,
                app.now,
                app.sent,
                app.care,
                app.tended,
            ),
            service=app.service,
            engine=app.engine,
            store=store,
            session_tools=app.session_tools,
            contents=contents,
        )


def _factories(models: Sequence[Model]) -> Mapping[str, ModelFactory]:
    by_name = {model.name: model for model in models}

    def get(name: str) -> Model:
        if name not in by_name:
            names = ", ".join(by_name) or "no models"
            raise UnknownModel(
                f"the rig has no model {name!r}",
                why=f"it has {names}",
                hint="pass the model to open_rig",
            )
        return by_name[name]

    # Without this entry, agents that name no model would fetch the embedded one in a test.
    return dict.fromkeys((LOCAL, *(name.partition("/")[0] for name in by_name)), get)
