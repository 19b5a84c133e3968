"""App: the wiring, and the only place where adapters meet: settings in, working sessions out."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from parallel_agents.app.models import (
    Wrap,
    make_governor,
    make_registry,
    wrapping,
)
from parallel_agents.app.parts import Parts
from parallel_agents.app.rules import RunRules
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.runner import Runner
from parallel_agents.core.store import SessionPlan, Store
from parallel_agents.core.task import TeamTask
from parallel_agents.engines.local import LocalEngine
from parallel_agents.engines.ownership import mark_silent_dead, this_process
from parallel_agents.engines.process import allow_connections, calmer_collector
from parallel_agents.models.choice import LOCAL, Choice
from parallel_agents.models.ladders import Ladders
from parallel_agents.models.registry import Registry
from parallel_agents.models.timed import Timed
from parallel_agents.quality.gatekeeper import Gates
from parallel_agents.quality.judge import Judge
from parallel_agents.quality.judge_registry import CALIBRATIONS_NAME, JudgeRegistry
from parallel_agents.quality.refiner import Refiner
from parallel_agents.runners.agent.loop import AgentRunner
from parallel_agents.runners.circuit_broken import CircuitBrokenRunner
from parallel_agents.runners.team import TeamRunner
from parallel_agents.session_tools.context import ToolSettings
from parallel_agents.session_tools.results import report
from parallel_agents.session_tools.toolbox import NAMES, SessionTools
from parallel_agents.sessions.completions import Completions
from parallel_agents.sessions.directory import Directory
from parallel_agents.sessions.ladder_start import LadderStart
from parallel_agents.sessions.planning import Planner
from parallel_agents.sessions.service import Service
from parallel_agents.settings import Environment, Settings
from parallel_agents.stores.sqlite import SqliteStore

STORE_NAME = "store.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """What is in force for as long as `open_app` or `open_client` lasts; a client has no engine.

    Attributes:
        rules: what holds for each run here.
        bench: who may judge.
    """

    settings: Settings
    catalog: Catalog
    models: Registry
    store: Store
    service: Service
    session_tools: SessionTools
    rules: RunRules
    bench: JudgeRegistry
    engine: LocalEngine | None = None


@asynccontextmanager
async def open_app(
    environment: Environment, settings: Settings, parts: Parts | None = None
) -> AsyncGenerator[App]:
    """Everything that a process needs to carry runs out.

    Leaving the block lets calls in flight end, and gives what is unfinished back to the store.

    Raises:
        ConfigError, StoreError: what stands in the way.
    """
    async with AsyncExitStack() as stack:
        store = await _open_store(stack, environment, settings)
        yield await stack.enter_async_context(open_on(store, environment, settings, parts))


@asynccontextmanager
async def open_on(
    store: Store,
    environment: Environment,
    settings: Settings,
    parts: Parts | None = None,
    *,
    now: Callable[[], float] = time.time,
) -> AsyncGenerator[App]:
    """The same on a store that is open, and stays so; `now` is its clock, in seconds since 1970."""
    parts = parts or Parts()
    async with AsyncExitStack() as stack:
        owner = this_process(parts.role)
        governor = make_governor(store, settings, owner.id, now)
        wrap = wrapping(store, settings, governor)
        models = await _open_models(stack, environment, settings, parts, wrap)
        runners: dict[RunnerKind, Runner] = {}
        completions = Completions(store)
        stack.callback(completions.close)
        given = _Given(environment, settings, parts, now)
        engine = LocalEngine(
            store,
            owner,
            runners=runners,
            rules=given.rules(models),
            now=now,
            on_failure=completions.fail,
        )
        app = _app(given, models, store, completions, engine)
        # The one loop in the wiring: the engine carries runs out, and runs spawn by the verbs.
        subagent = AgentRunner(
            models,
            {**app.session_tools.as_tools(), **parts.tools},
            app.service,
            partial(report, max_tokens=settings.hand_back_tokens),
            gatekeeper=Gates(
                parts.gates,
                Judge(app.service, app.bench),
                Refiner(app.service, app.bench.judge),
            ),
            session_tools=NAMES,
        )
        breaks = settings.agent_breaker
        runners[RunnerKind.AGENT] = CircuitBrokenRunner(subagent, governor) if breaks else subagent
        runners[RunnerKind.TEAM] = TeamRunner(app.service)
        allow_connections(settings.max_parallel)
        stack.enter_context(calmer_collector(settings.max_parallel))
        await stack.enter_async_context(engine)
        yield app


@asynccontextmanager
async def open_client(environment: Environment, settings: Settings) -> AsyncGenerator[App]:
    """The verbs without an engine: what is spawned waits for a process that carries it out.

    What a dead process had is seen as left: where no engine runs, nobody else would look.
    """
    parts = Parts()
    async with AsyncExitStack() as stack:
        models = await _open_models(stack, environment, settings, parts, Timed)
        store = await _open_store(stack, environment, settings)
        await mark_silent_dead(store, this_process(parts.role), time.time)
        completions = Completions(store)
        given = _Given(environment, settings, parts, time.time)
        yield _app(given, models, store, completions, None)


def is_embedded_by_default(app: App, team: TeamTask, plans: Sequence[SessionPlan]) -> bool:
    """Whether a team runs on the embedded model, and nobody has named a model or set a key."""
    is_chosen = (
        any((app.settings.model, team.model, app.settings.tiers))
        or any(task.model for task in team.tasks)
        or any(plan.session.agent.model or plan.queued.ladder for plan in plans)
    )
    return not is_chosen and any(plan.model.partition("/")[0] == LOCAL for plan in plans)


async def _open_models(
    stack: AsyncExitStack,
    environment: Environment,
    settings: Settings,
    parts: Parts,
    wrap: Wrap,
) -> Registry:
    models = make_registry(
        environment, settings, factories=parts.models, on_fetch=parts.on_fetch, wrap=wrap
    )
    stack.push_async_callback(models.aclose)
    return models


async def _open_store(
    stack: AsyncExitStack, environment: Environment, settings: Settings
) -> SqliteStore:
    store = await SqliteStore.open(
        environment.home / STORE_NAME,
        is_full_sync=settings.full_sync,
        dead_letter_seconds=settings.dead_letter_seconds,
    )
    stack.push_async_callback(store.aclose)
    return store


class _Given(NamedTuple):
    """What the wiring begins with."""

    environment: Environment
    settings: Settings
    parts: Parts
    now: Callable[[], float]

    def rules(self, models: Registry) -> RunRules:
        return RunRules(self.settings, models, self.parts, self.now)


def _app(
    given: _Given,
    models: Registry,
    store: Store,
    completions: Completions,
    engine: LocalEngine | None,
) -> App:
    environment, settings, parts, now = given
    catalog = Catalog(environment.folders)
    choice = Choice(
        default=settings.model,
        tiers=settings.tiers,
        providers=models.providers,
        read_key=environment.read_key,
    )
    directory = Directory(catalog, parts.agents, choice, models, ladders=Ladders(settings.ladders))
    service = Service(
        store,
        engine=engine,
        planner=Planner(
            directory,
            defaults=settings.limits,
            policy=settings.policy,
            owner=None if engine is None else engine.owner,
            allow_weak_judge=settings.allow_weak_judge,
        ),
        ladder_start=LadderStart(store, now),
        completions=completions,
        defaults=settings.limits,
        user=environment.user,
    )
    return App(
        settings=settings,
        catalog=catalog,
        models=models,
        store=store,
        service=service,
        rules=given.rules(models),
        session_tools=SessionTools(
            service,
            directory,
            ToolSettings(
                default_agent=settings.default_agent,
                visibility=settings.session_visibility,
                archive_seconds=settings.archive_seconds,
                hand_back_tokens=settings.hand_back_tokens,
            ),
            now=now,
        ),
        bench=JudgeRegistry(directory, models, environment.home / CALIBRATIONS_NAME),
        engine=engine,
    )
