"""Client and App: what a process can do with the sessions of a store, without and with an engine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Never

from parallel_agents.app.built_in_flows import BuiltInFlows
from parallel_agents.app.care import Care
from parallel_agents.app.creating_flows import add_creating, make_keeping
from parallel_agents.app.embedded import EmbeddedNotes
from parallel_agents.app.models import MODELS_FOLDER
from parallel_agents.app.parts import Parts
from parallel_agents.app.profiles import Profiles
from parallel_agents.app.readiness import Readiness, defines_nothing
from parallel_agents.app.references import dangling_in_settings, telling_policies
from parallel_agents.app.resolving_workspaces import ResolvingWorkspaces
from parallel_agents.app.rules import RunRules
from parallel_agents.app.sent import StoredRequests
from parallel_agents.app.sharing import sharing_of
from parallel_agents.app.tool_servers import HomeServers
from parallel_agents.app.tooling import make_tooling
from parallel_agents.app.workers import Workers
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.artifact import Contents
from parallel_agents.core.command import Commands
from parallel_agents.core.engine import Engine
from parallel_agents.core.event_store import OnEvents, Unsubscribe
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.inspection import Journal, ModelLimits
from parallel_agents.core.output_types import OutputTypes
from parallel_agents.core.sent import SentRequests
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.store import SessionPlan, Store
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.verbs import SessionVerbs
from parallel_agents.engines.absent import AbsentEngine
from parallel_agents.engines.local import LocalEngine
from parallel_agents.engines.quiet import wait_quiet
from parallel_agents.models.choice import LOCAL, Choice
from parallel_agents.models.ladders import Ladders
from parallel_agents.models.learning import Lessons
from parallel_agents.models.registry import Registry
from parallel_agents.orchestration.orchestrator import Orchestrator
from parallel_agents.quality.judge_registry import CALIBRATIONS_NAME, JudgeRegistry
from parallel_agents.quality.preflight import Preflight
from parallel_agents.runners.agent.questions import Patience
from parallel_agents.runners.agent.tooling import Tooling
from parallel_agents.session_tools.context import ToolSettings
from parallel_agents.session_tools.records import Records
from parallel_agents.session_tools.toolbox import SessionTools
from parallel_agents.sessions.attaching import Attacher
from parallel_agents.sessions.completions import Completions
from parallel_agents.sessions.directory import Directory
from parallel_agents.sessions.inspection import StoreJournal, StoreLimits
from parallel_agents.sessions.ladder_start import LadderStart
from parallel_agents.sessions.planning import Planner
from parallel_agents.sessions.service import Service, User
from parallel_agents.sessions.sharing import Sharing
from parallel_agents.settings import Environment, Settings
from parallel_agents.workspaces.limits import LIMITS
from parallel_agents.workspaces.service import HomeWorkspaces

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a client is wired from, opened and closed by whoever makes it.

    Attributes:
        now: seconds since the epoch.
        contents: what is in artifacts.
        built_in: the flows that every process has.
        commands: where the commands of sessions run.
        servers: the MCP servers; none of them runs before an agent names it.
    """

    environment: Environment
    settings: Settings
    parts: Parts
    models: Registry
    store: Store
    completions: Completions
    now: Callable[[], float]
    commands: Commands
    servers: HomeServers
    contents: Contents
    built_in: BuiltInFlows

    @property
    def sharing(self) -> Sharing:
        return sharing_of(self.settings, self.store, self.contents)

    @property
    def readiness(self) -> Readiness:
        return Readiness(
            models=self.models,
            tools=self.parts.tools.keys(),
            gates=self.parts.gates.keys(),
            flows=self.parts.flows,
            origin_of=self.parts.flows.origin_of,
            home=self.environment.home,
            project=self.environment.project_name,
            is_project_empty=defines_nothing(self.environment),
            servers=self.servers,
            profiles=self.settings.profiles.keys(),
        )

    @property
    def rules(self) -> RunRules:
        return RunRules(self.settings, self.models, self.readiness)

    @property
    def workers(self) -> Workers:
        home, project = self.environment.home, self.environment.project_name
        return Workers(self.store, self.rules, home, project)


class Client:
    """The verbs without an engine: workers execute what is spawned.

    Attributes:
        sessions: the verbs.
        journal: the events, and how sessions are doing.
        limits: how fast models may be called.
        now: seconds since the epoch, as the store counts them.
        agent: the agent of a name, in the catalog or passed in; raises UnknownAgent if none has it.
        readiness: which runs this process could execute.
        workers: the background processes that execute what others leave.
        workspaces: the folders that sessions work in.
        tended: what a person does with those folders.
        tooling: the tools that runs may call.
        sent: the requests of sessions as they went to models.
        judges: the models that may judge.
        sharing: what the sessions of each tree share.
        care: prunes, copies and shrinks the store.
        flows: the functions of the flows that this process can execute.
        orchestrator: plans goals, and has agents reach them.
        maps: executes maps, and knows how far they are.
        keeping: where agents that are made begin and end up.
        output_types: the output types of agents that the program passed in.
    """

    def __init__(self, resources: Resources, engine: Engine | None = None) -> None:
        engine = engine or AbsentEngine()
        environment, settings = resources.environment, resources.settings
        self.settings = settings
        self.models = resources.models
        self.catalog = Catalog(environment.folders, environment.accept)
        directory = _directory(resources, self.catalog)
        self.now = resources.now
        self.agent = directory.agent
        self.judges = JudgeRegistry(directory, self.models, environment.home / CALIBRATIONS_NAME)
        self.readiness = resources.readiness
        preflight = Preflight(
            directory,
            self.judges,
            lack=None if engine.owner is None else self.readiness.lack,
            allow_weak_judge=settings.allow_weak_judge,
        )
        for each in dangling_in_settings(
            environment, settings, directory.agent, self.models.check_name
        ):
            _log.warning("%s", each)
        tell = telling_policies(partial(_agent_names, resources, self.catalog))

        self.output_types = OutputTypes(resources.parts.agents.values())

        def with_quality(agent: Agent, task: Task, model: str) -> Agent:
            checked = preflight.with_quality(agent, task, model)
            tell(checked)
            self.output_types.learn(agent)
            return checked

        self.service = _service(resources, directory, engine, with_quality)
        self.sessions: SessionVerbs = self.service
        self.journal: Journal = StoreJournal(resources.store, resources.now, settings.stuck_rules)
        self.limits: ModelLimits = StoreLimits(resources.store)
        self.sharing = resources.sharing
        self.care = Care(resources.store, self.sessions, environment, settings)
        self.flows = resources.parts.flows
        self.keeping = make_keeping(environment, self.catalog, self.judges, resources.parts.tools)
        add_creating(self.flows, self.keeping, self.catalog)
        self.orchestrator = Orchestrator(directory, self.readiness.lack)
        resources.built_in.add_orchestrator(self.flows, self.orchestrator)
        self.maps = resources.built_in.maps
        self.session_tools = _session_tools(self.service, self.journal, directory, resources)
        self.workspaces = HomeWorkspaces(
            environment.home, LIMITS._replace(bytes=settings.workspace_megabytes * 1_000_000)
        )
        self.tended = _tended(resources, self.service, self.catalog)
        self.tooling = _tooling(resources, self.session_tools, self.workspaces)
        self.sent: SentRequests = StoredRequests(
            self.sessions, resources.store, self.models, self.tooling
        )
        self.workers = resources.workers

    def is_embedded_by_default(self, team: TeamTask, plans: Sequence[SessionPlan]) -> bool:
        """Whether a team runs on the embedded model only because nobody chose a model or set a key.

        Args:
            team: the team as it was requested.
            plans: the sessions that were planned for it.
        """
        is_chosen = (
            any((self.settings.model, team.model, self.settings.tiers))
            or any(task.model for task in team.tasks)
            or any(plan.session.agent.model or plan.queued.ladder for plan in plans)
        )
        return not is_chosen and any(plan.model.partition("/")[0] == LOCAL for plan in plans)


class App(Client):
    """The verbs with an engine: this process executes what it spawns.

    Attributes:
        engine: executes the runs.
        lessons: what refusals taught about the models.
    """

    def __init__(self, resources: Resources, engine: LocalEngine, lessons: Lessons) -> None:
        super().__init__(resources, engine)
        self.engine = engine
        self.lessons = lessons
        self._completions = resources.completions
        self._subscribe = resources.store.subscribe

    def subscribe(self, on_events: OnEvents) -> Unsubscribe:
        """Call `on_events` on the loop with every batch of new events, whoever wrote them, in order."""
        return self._subscribe(on_events)

    @property
    def owner(self) -> OwnerId:
        """The name of this process in the store."""
        return self.engine.owner

    @property
    def is_idle(self) -> bool:
        """Whether no run of this process is running or queued."""
        return self.engine.is_idle

    @property
    def calls_in_flight(self) -> int:
        """How many runs of this process are in a call that can finish."""
        return self.engine.calls_in_flight

    def cancel_all(self) -> None:
        """Cancel every run at once; each can continue from its last event."""
        self.engine.cancel_all()

    async def let_calls_end(self, on_wait: Callable[[int], None]) -> None:
        """Start nothing new, and return once the calls in flight have ended and are stored.

        Answers that need no further call end their runs. `on_wait` gets the number of the calls.
        """
        self.engine.admit_nothing_new()
        on_wait(self.engine.calls_in_flight)
        await self.engine.wait_calls_ended()

    async def until_failed(self) -> Never:
        """Return never; raise the error of a store that has failed, which has ended the engine.

        Raises:
            StoreError: the store has failed.
        """
        with self._completions.ends() as ends:
            while True:
                await ends.some()

    async def wait_quiet(self, seconds: float) -> None:
        """Return once this process has had nothing to run for that long, and finds nothing to take over."""
        await wait_quiet(self.engine, seconds)


def _session_tools(
    service: Service, journal: Journal, directory: Directory, resources: Resources
) -> SessionTools:
    settings, store = resources.settings, resources.store
    return SessionTools(
        service,
        Records(journal=journal, deliveries=store, subscribe=store.subscribe),
        directory,
        ToolSettings(
            default_agent=settings.default_agent,
            visibility=settings.session_visibility,
            archive_seconds=settings.archive_seconds,
            hand_back_tokens=settings.hand_back_tokens,
            notes=EmbeddedNotes(settings, resources.environment.home / MODELS_FOLDER),
            lacks=resources.readiness.lacks,
        ),
        now=resources.now,
    )


def _tended(resources: Resources, service: Service, catalog: Catalog) -> ResolvingWorkspaces:
    return ResolvingWorkspaces(
        service,
        catalog,
        resources.environment.home,
        resources.settings.workspace_seconds,
        resources.store.note_decision,
        resources.environment.user,
    )


def _tooling(
    resources: Resources, session_tools: SessionTools, workspaces: HomeWorkspaces
) -> Tooling:
    settings = resources.settings
    return make_tooling(
        resources.environment,
        settings,
        resources.parts,
        session_tools=session_tools.as_tools(),
        patience=Patience(resources.now, settings.question_seconds, settings.answer_rules),
        commands=resources.commands,
        workspaces=workspaces,
        sharing=resources.sharing,
        servers=resources.servers,
        store=resources.store,
    )


def _directory(resources: Resources, catalog: Catalog) -> Directory:
    settings, models = resources.settings, resources.models
    choice = Choice(
        default=settings.model,
        tiers=settings.tiers,
        providers=models.providers,
        read_key=resources.environment.read_key,
    )
    ladders = Ladders(settings.ladders)
    return Directory(
        catalog,
        resources.parts.agents,
        choice,
        models,
        ladders=ladders,
        find_profile=Profiles(resources.environment, settings).get,
        on_embedded=resources.parts.on_embedded,
    )


def _agent_names(resources: Resources, catalog: Catalog) -> set[str]:
    """The names of all agents, including those whose files are not valid."""
    return {*resources.parts.agents, *catalog.agent_names()}


def _service(
    resources: Resources,
    directory: Directory,
    engine: Engine,
    with_quality: Callable[[Agent, Task, str], Agent],
) -> Service:
    settings = resources.settings
    return Service(
        resources.store,
        engine=engine,
        planner=Planner(
            directory,
            defaults=settings.limits,
            policy=settings.policy,
            owner=engine.owner,
            needs=resources.readiness,
            with_quality=with_quality,
            at_root=SessionOptions(
                sandbox=settings.sandbox,
                notify=settings.notification,
                tags=settings.tags,
                client=resources.parts.client,
            ),
        ),
        ladder_start=LadderStart(resources.store, resources.now),
        attacher=Attacher(resources.contents, resources.models),
        completions=resources.completions,
        user=User(resources.environment.user, settings.permission_layer),
    )
