"""App: the wiring, and the only place where adapters meet: settings in, working sessions out."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET, Purse
from parallel_agents.core.engine import Scope
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.runner import Runner
from parallel_agents.core.store import Role, Row, Store
from parallel_agents.core.task import TeamTask
from parallel_agents.core.tool import Tool
from parallel_agents.engines.local import LocalEngine
from parallel_agents.engines.ownership import bury_silent, this_process
from parallel_agents.engines.process import allow_connections, calmer_collector
from parallel_agents.errors import PagentsError
from parallel_agents.model_wiring import ModelFactory, Wrap, make_governor, make_registry, wrapping
from parallel_agents.models.choice import LOCAL, Choice
from parallel_agents.models.ladders import Ladders
from parallel_agents.models.local.fetch import Progress
from parallel_agents.models.registry import Registry
from parallel_agents.models.timed import Timed
from parallel_agents.quality.bench import CALIBRATIONS_NAME, JudgeBench
from parallel_agents.quality.gatekeeper import Gates
from parallel_agents.quality.judge import Judge
from parallel_agents.quality.refiner import Refiner
from parallel_agents.runners.breaking import BreakingAgents
from parallel_agents.runners.subagent import Subagent
from parallel_agents.runners.team import TeamRunner
from parallel_agents.sessions.births import Births
from parallel_agents.sessions.completions import Completions
from parallel_agents.sessions.service import Service
from parallel_agents.sessions.starts import Starts
from parallel_agents.settings import Environment, Settings
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.tools.sessions.backing import Backing
from parallel_agents.tools.sessions.toolbox import NAMES, SessionTools

STORE_NAME = "store.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a program puts in beside the settings.

    Attributes:
        agents: definitions that go before those of the catalog.
        tools: what agents may name as tools, by name.
        models: makers of models by provider, before the configured ones.
        gates: functions that agents may name as gates, by name.
        on_fetch: hears how far the fetch of the embedded model is.
        role: a script, or a worker that others leave runs to.
    """

    agents: Mapping[str, Agent] = field(default_factory=dict[str, Agent])
    tools: Mapping[str, Tool] = field(default_factory=dict[str, Tool])
    models: Mapping[str, ModelFactory] = field(default_factory=dict[str, ModelFactory])
    gates: Mapping[str, Callable[..., object]] = field(
        default_factory=dict[str, Callable[..., object]]
    )
    on_fetch: Callable[[Progress], None] = lambda _: None
    role: Role = Role.SCRIPT


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
    bench: JudgeBench
    engine: LocalEngine | None = None


class _Choices:
    """Which agents there are, which of them a name means, and which model a task gets."""

    def __init__(
        self,
        parts: Parts,
        catalog: Catalog,
        choice: Choice,
        models: Registry,
        *,
        ladders: Ladders,
    ) -> None:
        self._ladders = ladders
        self._parts = parts
        self._catalog = catalog
        self._choice = choice
        self._models = models

    def agents(self) -> Sequence[Agent]:
        """All that can be spawned by name; files that define none are told by `pagents doctor`."""
        found = {e.name: e.content for e in self._catalog.agents() if isinstance(e.content, Agent)}
        return [agent for _, agent in sorted({**found, **self._parts.agents}.items())]

    def agent(self, name: str) -> Agent:
        return self._parts.agents.get(name) or self._catalog.agent(name)

    def model(self, agent: Agent, asked: str | None) -> str:
        return self._models.get(self._choice.name_for(agent, asked)).name

    def ladder(self, names: Sequence[str]) -> tuple[str, ...]:
        """Those of the models that can be had, in order; `ladder/NAME` stands for its models."""
        found: list[str] = []
        missing: PagentsError | None = None
        for name in self._ladders.expand(names):
            try:
                found.append(self._models.get(name).name)
            except PagentsError as error:
                missing = missing or error
        if missing is not None and not found:
            raise missing
        return tuple(dict.fromkeys(found))


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
        subagent = Subagent(
            models,
            {**app.session_tools.as_tools(), **parts.tools},
            app.service,
            gatekeeper=Gates(
                parts.gates,
                Judge(app.service, app.bench),
                Refiner(app.service, app.bench.judge),
            ),
            session_tools=NAMES,
            hand_back_tokens=settings.hand_back_tokens,
        )
        breaks = settings.agent_breaker
        runners[RunnerKind.SUBAGENT] = BreakingAgents(subagent, governor) if breaks else subagent
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
        await bury_silent(store, this_process(parts.role), time.time)
        completions = Completions(store)
        given = _Given(environment, settings, parts, time.time)
        yield _app(given, models, store, completions, None)


def is_embedded_by_default(app: App, team: TeamTask, resolved: TeamTask) -> bool:
    """Whether a team runs on the embedded model, and nobody has named a model or set a key."""
    agents = [*resolved.agents, *(t.agent for t in team.tasks if isinstance(t.agent, Agent))]
    is_chosen = (
        any((app.settings.model, team.model, app.settings.tiers))
        or any(task.model for task in team.tasks)
        or any(agent.model for agent in agents)
        or any(task.ladder for task in resolved.tasks)
    )
    models = [task.model or "" for task in resolved.tasks]
    return not is_chosen and any(model.partition("/")[0] == LOCAL for model in models)


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
        letter_seconds=settings.dead_letter_seconds,
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
    choices = _Choices(parts, catalog, choice, models, ladders=Ladders(settings.ladders))
    service = Service(
        store,
        engine=engine,
        births=Births(
            choices,
            defaults=settings.limits,
            policy=settings.policy,
            owner=None if engine is None else engine.owner,
            allow_weak_judge=settings.allow_weak_judge,
        ),
        starts=Starts(store, now),
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
            Backing(
                sessions=service,
                directory=choices,
                default_agent=settings.default_agent,
                visibility=settings.session_visibility,
                archive_seconds=settings.archive_seconds,
                hand_back_tokens=settings.hand_back_tokens,
                now=now,
            )
        ),
        bench=JudgeBench(choices, models, environment.home / CALIBRATIONS_NAME),
        engine=engine,
    )


class RunRules:
    """What holds for each run here, by the settings."""

    def __init__(
        self, settings: Settings, models: Registry, parts: Parts, now: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._models = models
        self._parts = parts
        self._now = now

    def scopes_of(self, row: Row) -> dict[Scope, int | None]:
        """An agent's run takes a place in its process, its team, its agent and its model."""
        if row.run.kind is RunnerKind.TEAM:
            return {}
        agent = row.session.agent
        return {
            Scope("process", ""): self._settings.max_parallel,
            Scope("team", row.session.root): None,
            Scope("agent", agent.name): agent.limits.max_parallel,
            Scope("model", row.run.model): self._slots(row.run.model),
        }

    def _slots(self, name: str) -> int | None:
        try:
            return self._models.get(name).capabilities.max_parallel
        except PagentsError:
            return None  # the run itself meets this error, and ends with it

    def purses_of(self, row: Row) -> Sequence[Purse]:
        """What the settings let today cost, and the run's agent today."""
        if row.run.kind is RunnerKind.TEAM:
            return ()
        day = datetime.fromtimestamp(self._now(), UTC).date().isoformat()
        name = row.session.agent.name
        bounds = {
            f"day:{day}": self._settings.day_budget,
            f"agent:{name}:{day}": self._settings.agent_budgets.get(name, NO_BUDGET),
        }
        return [Purse(scope=scope, budget=b) for scope, b in bounds.items() if b.is_bound]

    def can_run(self, row: Row) -> bool:
        """Whether this process has what a run needs."""
        return not self.lacks(row)

    def lacks(self, row: Row) -> str:
        """What a run needs that this process has not: a tool, a provider or its key; or nothing."""
        if row.run.kind is RunnerKind.TEAM:
            return ""
        at_hand = {*self._parts.tools, *NAMES}
        if missing := [name for name in row.session.agent.tools if name not in at_hand]:
            return f"no tool {missing[0]!r} in this process"
        try:
            self._models.get(row.run.model)
        except PagentsError as error:
            return error.message
        return ""
