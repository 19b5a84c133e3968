"""Opening: settings in, working sessions out; the only place where adapters meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import NamedTuple, TypeVar

from parallel_agents.app.alerting import Alerting
from parallel_agents.app.batch_room import room_for_rows
from parallel_agents.app.built_in_flows import BuiltInFlows
from parallel_agents.app.client import App, Client, Resources
from parallel_agents.app.commands import surroundings
from parallel_agents.app.exporting import make_exporter
from parallel_agents.app.left_to_workers import LeftToWorkers
from parallel_agents.app.looking_after import LookingAfter
from parallel_agents.app.models import Wrap, make_governor, make_lessons, make_registry, wrapping
from parallel_agents.app.notifying import Notifier, make_sender
from parallel_agents.app.parts import Parts
from parallel_agents.app.reading import (
    STORE_NAME,
    check_exists,
    check_is_here,
    open_and_look,
    open_store,
)
from parallel_agents.app.retaining import Retaining
from parallel_agents.app.rules import day_limits
from parallel_agents.app.secrets import know
from parallel_agents.app.tool_servers import HomeServers
from parallel_agents.app.web import find_lack
from parallel_agents.app.workers import is_starting
from parallel_agents.artifacts import ArtifactFolder
from parallel_agents.containment.warden import Warden
from parallel_agents.containment.watch import watch_loop
from parallel_agents.core.artifact import Contents
from parallel_agents.core.owner import Owner, Role
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.runner import Runner
from parallel_agents.core.store import Store
from parallel_agents.engines.local import LocalEngine
from parallel_agents.engines.ownership import this_process
from parallel_agents.engines.process import allow_connections, calmer_collector
from parallel_agents.flows.judging import Judging
from parallel_agents.flows.runner import FLOWS_FOLDER, FlowRunner
from parallel_agents.flows.steps import Surroundings
from parallel_agents.live_text.folder import LiveTextFolder
from parallel_agents.live_text.overheard import OverheardRunner
from parallel_agents.models.attaching import FileLoader
from parallel_agents.models.governor import Governor
from parallel_agents.models.learning import Lessons
from parallel_agents.models.registry import Registry
from parallel_agents.models.timed import Timed
from parallel_agents.quality.gatekeeper import Gates
from parallel_agents.quality.judge import Judge
from parallel_agents.quality.refiner import Refiner
from parallel_agents.runners.agent.contexts import Contexts
from parallel_agents.runners.agent.loop import AgentRunner
from parallel_agents.runners.circuit_broken import CircuitBrokenRunner
from parallel_agents.runners.team import TeamRunner
from parallel_agents.sandbox.commands import LocalCommands
from parallel_agents.session_tools.results import report
from parallel_agents.sessions.completions import Completions
from parallel_agents.setting_sources import load_home
from parallel_agents.settings import (
    Environment,
    Settings,
)
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.stores.sqlite_reading import Form, ReadingStore, look_at

ClientT = TypeVar("ClientT", bound=Client)


@asynccontextmanager
async def open_app(
    environment: Environment, settings: Settings, parts: Parts | None = None
) -> AsyncGenerator[App]:
    """Everything that a process needs to execute runs.

    Leaving the block lets calls in flight end, and releases unfinished runs to the store.

    Raises:
        ConfigError, StoreError: the settings or the store cannot be used.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(watch_loop())
        store = await open_store(stack, environment, settings)
        yield await stack.enter_async_context(open_on(store, environment, settings, parts))


@asynccontextmanager
async def open_on(
    store: Store,
    environment: Environment,
    settings: Settings,
    parts: Parts | None = None,
    *,
    now: Callable[[], float] | None = None,
) -> AsyncGenerator[App]:
    """Like `open_app`, but on an open store, which stays open; `now` replaces the store's clock."""
    parts, now = parts or Parts(), now or store.now
    await asyncio.to_thread(know, environment, settings)
    async with AsyncExitStack() as stack:
        if parts.on_events is not None:
            stack.callback(store.subscribe(parts.on_events))
        owner = this_process(parts.role, environment.project_name)
        resources, governor, lessons = await _with_calls(
            stack, environment, settings, parts, store, owner, now
        )
        runners: dict[RunnerKind, Runner] = {}
        sender = make_sender(environment, settings)
        notifier = Notifier(store, owner.id, sender)
        care = LookingAfter(store, owner.id, environment.home, settings)
        retaining = Retaining(store, environment.home, settings.retention)
        alerting = Alerting(
            store, environment.home, settings.alerts, settings.notify, settings.stuck_rules, sender
        )
        sweeps = [care.sweep, notifier.send_due, alerting.sweep, retaining.sweep]
        if (exporter := make_exporter(environment, store)) is not None:
            await exporter.begin()
            stack.push_async_callback(exporter.say_farewell)
            sweeps.append(exporter.sweep)
        leaving = _leaving_to_workers(stack, resources)
        if leaving is not None:
            sweeps.append(leaving.sweep)
        engine = LocalEngine(
            store,
            owner,
            runners=runners,
            rules=resources.rules,
            on_failure=resources.completions.fail,
            sweeps=sweeps,
            adopted=None if leaving is None else leaving.adopted,
        )
        app = App(resources, engine, lessons)
        sweeps.append(partial(app.service.watch.sweep, partial(is_starting, environment.home)))
        # The one loop in the wiring: the engine executes runs, and runs spawn by the verbs.
        runners |= _runners(app, resources, governor)
        allow_connections(settings.max_parallel)
        stack.enter_context(calmer_collector(settings.max_parallel))
        home = await asyncio.to_thread(load_home, environment)
        await store.limit_days(owner.id, day_limits(settings), day_limits(home))
        if parts.tell_unasked is not None:
            await store.tell_unasked(parts.tell_unasked)
        await stack.enter_async_context(engine)
        yield app
        if leaving is not None:
            await leaving.finish()
        await notifier.say_farewell()
        await alerting.say_farewell()


@asynccontextmanager
async def open_client(environment: Environment, settings: Settings) -> AsyncGenerator[Client]:
    """The verbs without an engine: what is spawned waits for a worker.

    Processes that died are marked dead first: without an engine, nobody else may look.
    """
    async with open_leaving(environment, settings, Client) as client:
        yield client


@asynccontextmanager
async def open_leaving(
    environment: Environment,
    settings: Settings,
    kind: Callable[[Resources], ClientT],
    parts: Parts | None = None,
) -> AsyncGenerator[ClientT]:
    """A client of this kind, which leaves runs to others; it is looked who of them has died."""
    async with AsyncExitStack() as stack:
        store = await open_and_look(stack, environment, settings)
        yield await _leaving(stack, environment, settings, kind, parts or Parts(), store)


async def _leaving(
    stack: AsyncExitStack,
    environment: Environment,
    settings: Settings,
    kind: Callable[[Resources], ClientT],
    parts: Parts,
    store: Store,
) -> ClientT:
    await asyncio.to_thread(know, environment, settings)
    models = await _open_models(stack, environment, settings, parts, Timed)
    return kind(_resources(stack, environment, settings, parts, models, store, store.now))


@asynccontextmanager
async def open_without_writing(
    environment: Environment, settings: Settings
) -> AsyncGenerator[Client]:
    """A client that plans work and reads the store, if there is one, and writes nothing anywhere.

    Raises:
        StoreError: there is a store that cannot be read, or what the block asks for would write.
    """
    check_is_here(environment)
    path = environment.home / STORE_NAME
    found = await asyncio.to_thread(look_at, path)
    async with AsyncExitStack() as stack:
        store: Store = MemoryStore()
        if found.form is not Form.MISSING:
            kept = settings.dead_letter_seconds
            store = reading = await ReadingStore.open(path, dead_letter_seconds=kept)
            stack.push_async_callback(reading.aclose)
        yield await _leaving(stack, environment, settings, Client, Parts(), store)


@asynccontextmanager
async def open_models(
    environment: Environment, settings: Settings
) -> AsyncGenerator[tuple[Client, Lessons]]:
    """A client whose models can be called, and what refusals taught; nobody's runs are taken over."""
    async with AsyncExitStack() as stack:
        await asyncio.to_thread(know, environment, settings)
        store = await open_store(stack, environment, settings)
        owner = this_process(Role.SCRIPT, environment.project_name)
        resources, _, lessons = await _with_calls(
            stack, environment, settings, Parts(), store, owner, store.now
        )
        yield Client(resources), lessons


@asynccontextmanager
async def open_existing(environment: Environment, settings: Settings) -> AsyncGenerator[Client]:
    """Like `open_client`, for what can only be done in a store that is there; creates none.

    Raises:
        NotFound: there is no store.
    """
    check_exists(environment)
    async with open_client(environment, settings) as client:
        yield client


class _WithCalls(NamedTuple):
    """What a process is wired from whose models can be called."""

    resources: Resources
    governor: Governor
    lessons: Lessons


async def _with_calls(
    stack: AsyncExitStack,
    environment: Environment,
    settings: Settings,
    parts: Parts,
    store: Store,
    owner: Owner,
    now: Callable[[], float],
) -> _WithCalls:
    governor = make_governor(store, settings, owner.id, now)
    lessons = make_lessons(settings, governor)
    loader = FileLoader(_contents(environment, parts).read)
    wrap = wrapping(store, settings, governor, lessons, loader)
    models = await _open_models(stack, environment, settings, parts, wrap)
    resources = _resources(stack, environment, settings, parts, models, store, now)
    return _WithCalls(resources, governor, lessons)


def _leaving_to_workers(stack: AsyncExitStack, resources: Resources) -> LeftToWorkers | None:
    """What workers get, of a process that stays only for its own work."""
    say = resources.parts.say_left
    if say is None:
        return None
    leaving = LeftToWorkers(resources.environment, resources.store, resources.workers, say)
    stack.push_async_callback(leaving.aclose)
    return leaving


def _runners(app: App, resources: Resources, governor: Governor) -> dict[RunnerKind, Runner]:
    settings, parts = app.settings, resources.parts
    gates = Gates(
        parts.gates,
        Judge(app.service, app.judges),
        Refiner(app.service, app.judges.judge),
        resources.commands,
        settings.permission_layer,
    )
    agent = AgentRunner(
        app.models,
        app.tooling,
        app.service,
        partial(report, max_tokens=settings.hand_back_tokens),
        gatekeeper=gates,
        contexts=Contexts(
            result_tokens=settings.result_tokens,
            summaries=settings.summaries,
            summary_model=settings.summary_model or "",
        ),
        output_types=app.output_types,
    )
    told = OverheardRunner(agent, LiveTextFolder(resources.environment.home))
    return {
        RunnerKind.AGENT: CircuitBrokenRunner(told, governor) if settings.agent_breaker else told,
        RunnerKind.TEAM: TeamRunner(app.service),
        RunnerKind.FLOW: FlowRunner(
            app.service,
            parts.flows,
            app.sharing,
            Judging(gates, app.service, allow_weak_judge=settings.allow_weak_judge),
            Surroundings(
                resources.environment.home / FLOWS_FOLDER,
                partial(find_lack, resources.environment, settings),
                partial(room_for_rows, app),
            ),
            app.tooling.patience,
        ),
    }


def _resources(
    stack: AsyncExitStack,
    environment: Environment,
    settings: Settings,
    parts: Parts,
    models: Registry,
    store: Store,
    now: Callable[[], float],
) -> Resources:
    completions = Completions(store)
    stack.callback(store.on_failure(completions.fail))
    stack.callback(completions.close)
    warden = Warden()
    stack.push_async_callback(warden.aclose)
    commands = LocalCommands(surroundings(environment, settings), warden)
    servers = HomeServers(environment, settings, commands, warden)
    stack.push_async_callback(servers.aclose)
    built_in = BuiltInFlows.of(settings)
    built_in.add_to(parts.flows)
    return Resources(
        environment=environment,
        settings=settings,
        parts=parts,
        models=models,
        store=store,
        completions=completions,
        now=now,
        contents=_contents(environment, parts),
        built_in=built_in,
        commands=commands,
        servers=servers,
    )


def _contents(environment: Environment, parts: Parts) -> Contents:
    return parts.contents or ArtifactFolder(environment.home)


async def _open_models(
    stack: AsyncExitStack, environment: Environment, settings: Settings, parts: Parts, wrap: Wrap
) -> Registry:
    models = make_registry(
        environment, settings, factories=parts.models, on_fetch=parts.on_fetch, wrap=wrap
    )
    stack.push_async_callback(models.aclose)
    return models
