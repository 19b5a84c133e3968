"""Planner: turns tasks into plans of sessions, and refuses what cannot be spawned before any is made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Protocol

from parallel_agents.core.agent import Agent, AnyAgent
from parallel_agents.core.event import Event, Queued
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.forking import forked
from parallel_agents.core.ids import (
    OwnerId,
    is_group_key,
    make_flow_key,
    make_long_name,
    make_name,
    make_run_id,
    make_session_key,
    make_team_key,
)
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message
from parallel_agents.core.needs import Needs
from parallel_agents.core.permission import NO_PERMISSIONS, Permissions
from parallel_agents.core.policy import Policy
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.sandbox import Sandbox, settled
from parallel_agents.core.session import Session, SessionOptions
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.tags import check_tags
from parallel_agents.core.task import AnyTask, Task, TeamTask
from parallel_agents.core.transcript import fold
from parallel_agents.core.unicode import canonical
from parallel_agents.errors import ConfigError, ForkRefused, ProfileRefused, SpawnRefused
from parallel_agents.errors.caller import SpawnBound, SpawnLimit
from parallel_agents.sessions import places, requests
from parallel_agents.sessions.directory import Directory

_TEAM = Agent(name="team", description="A team of agents", instructions="")
_FLOW = Agent(name="flow", description="A flow of steps", instructions="")


class SessionNeeds(Protocol):
    """Says what sessions that are planned here need of any process that executes them."""

    def needs(self, models: Iterable[str]) -> Needs:
        """What a session on these models needs."""
        ...

    def needs_of_flow(self, name: str) -> Needs:
        """What a flow whose function has this name needs."""
        ...


class Planner:
    """Makes plans of tasks.

    Args:
        directory: finds agents and chooses models.
        defaults: limits for what neither the task nor its agent sets.
        policy: the widest policy that any session can have.
        owner: the owner of new runs, or None to leave them to any process.
        needs: says what a session needs of a process.
        at_root: what the settings say of sessions at the root: of the sandbox of their commands, and
            where word of them is sent, and their tags.
        with_quality: returns a task's agent with the task's gates, on the model that was chosen; it
            refuses gates and parts with which the work could only fail.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        defaults: Limits,
        policy: Policy,
        owner: OwnerId | None,
        needs: SessionNeeds,
        with_quality: Callable[[Agent, Task, str], Agent],
        at_root: SessionOptions = SessionOptions(),
    ) -> None:
        self._notify = at_root.notify
        self._tags = at_root.tags
        self._sandbox = at_root.sandbox
        self._client = at_root.client
        self._needs = needs.needs
        self._needs_of_flow = needs.needs_of_flow
        self._directory = directory
        self.defaults = defaults
        self._policy = policy
        self._owner = owner
        self._with_quality = with_quality

    def agent_of(self, task: AnyTask) -> AnyAgent:
        return self._directory.agent_of(task)

    def plan_task(self, task: Task, parent: Row | None = None) -> SessionPlan:
        """A session for one task; a child of `parent` takes on the model that its parent was given.

        Raises:
            UnknownAgent, InvalidFile, InvalidInput, ConfigError, SpawnRefused: it cannot be spawned.
        """
        agent = self._directory.agent_of(task)
        model = task.model or (None if agent.model else self._inherited_model(parent))
        return self._plan(task, task.key, agent, model, parent and parent.session)

    def model_of(self, row: Row, model: str) -> str:
        """The full name of a model that a session's next run is to be on.

        Raises:
            UnknownModel, MissingKey: it cannot be used.
        """
        return self._directory.choose(row.session.agent, model).model

    def plan_team(
        self, team: TeamTask, key: str | None, tags: Iterable[str] = ()
    ) -> list[SessionPlan]:
        """The team's own session, then one for each of its tasks, all with these tags.

        Raises:
            UnknownAgent, InvalidFile, InvalidInput, ConfigError: a task cannot be spawned.
        """
        name = make_name() if key is None else key
        requests.check_key(name)
        requests.check_team(team)
        session_key = make_team_key(team.name, name)
        session = Session(
            key=session_key,
            agent=_TEAM,
            label=team.label,
            spawn_key=name,
            root=session_key,
            options=SessionOptions(
                needs=self._needs(()),
                notify=self._notify,
                tags=check_tags((*self._tags, *tags)),
                client=self._client,
            ),
        )
        # Before the digest, which takes only input that was checked.
        tasks = [
            self._plan(task, key, self._directory.agent_of(task), task.model or team.model, session)
            for task, key in zip(team.tasks, team.keys, strict=True)
        ]
        plan = SessionPlan(
            session=session,
            run=make_run_id(),
            kind=RunnerKind.TEAM,
            queued=Queued(text=f"team {team.name}: {len(team.tasks)} tasks", team=team.by_name),
            digest=requests.team_digest(team),
            owner=self._owner,
            budget=team.budget,
        )
        return [plan, *tasks]

    def plan_flow(
        self,
        flow: FlowTask,
        key: str | None,
        parent: Row | None = None,
        tags: Iterable[str] = (),
    ) -> SessionPlan:
        """The session of a flow; below `parent`, another flow, the key only has to be unique there.

        Its steps have its tags.

        Raises:
            InvalidInput: the key is not valid, or no model can read the input.
        """
        name = make_name() if key is None else key
        if parent is None:
            requests.check_key(name)
        requests.check_text(flow.name, flow.input)
        above = parent.session if parent else None
        session_key = make_flow_key(flow.name, name if above is None else make_long_name())
        options = SessionOptions(
            needs=self._needs_of_flow(flow.name),
            notify=self._notify if above is None else None,
            tags=check_tags((*self._tags_below(above), *tags)),
            client=self._client if above is None else "",
        )
        return SessionPlan(
            session=Session(
                key=session_key,
                agent=_FLOW,
                label=flow.label or flow.name,
                spawn_key=name,
                parent=above.key if above else None,
                root=above.root if above else session_key,
                depth=above.depth if above else 0,
                options=options,
            ),
            run=make_run_id(),
            kind=RunnerKind.FLOW,
            queued=Queued(text=f"flow {flow.label or flow.name}", input=flow.input, flow=flow),
            digest=requests.flow_digest(flow),
            owner=self._owner,
            budget=flow.budget,
        )

    def plan_anew(self, task: Task, key: str, team: Row | None) -> SessionPlan:
        """A session for a task that failed, under its team, or for a conversation that is forked.

        Raises:
            UnknownAgent, InvalidFile, InvalidInput, ConfigError: it cannot be spawned.
        """
        agent = self._directory.agent_of(task)
        return self._plan(task, key, agent, task.model, team and team.session)

    def plan_message(self, task: Task, key: str, team: Row | None) -> SessionPlan:
        """As `plan_anew`, of what is said in a conversation: a message need not have the agent's input."""
        agent = self._directory.agent_of(task)
        plan = self.plan_anew(replace(task, agent=replace(agent, input_schema=None)), key, team)
        planned = replace(plan.session.agent, input_schema=agent.input_schema)
        return replace(plan, session=replace(plan.session, agent=planned))

    def _plan(
        self, task: Task, key: str | None, agent: Agent, model: str | None, parent: Session | None
    ) -> SessionPlan:
        placed = places.settle(task.options, task.workspace or agent.workspace, parent)
        if places.works_in_folder(placed):
            agent = agent.in_folder
        requests.check_task(task, agent)
        chosen = self._directory.choose(agent, model, task.ladder)
        is_spawned = parent is not None and not is_group_key(parent.key)
        is_child = is_spawned and not task.options.is_service
        bounds = _bounds_below(parent) if parent and is_child else self._policy
        session_key = make_session_key(agent.name)
        self._check_profile(agent, parent if is_spawned else None)
        limits = self._limits(task, agent)
        if parent is not None and is_spawned:
            limits = limits.within(parent.options.limits)
        options = replace(
            placed,
            needs=self._needs((chosen.model, *chosen.ladder)),
            permissions=_permissions(agent, task, parent),
            sandbox=settled(task.sandbox, agent.sandbox, above=self._sandbox_above(parent)),
            limits=limits.of_session,
            on_limit=agent.on_limit or (parent.options.on_limit if parent else None),
            on_stuck=agent.on_stuck or (parent.options.on_stuck if parent else None),
            notify=self._notify if parent is None else None,
            tags=check_tags((*self._tags_below(parent), *task.tags)),
            client=(placed.client or self._client) if parent is None else "",
        )
        return SessionPlan(
            session=Session(
                key=session_key,
                agent=self._with_quality(_narrowed(agent, bounds), task, chosen.model),
                label=canonical(task.label or agent.name),
                spawn_key=canonical(key) if key else session_key,
                parent=parent.key if parent else None,
                root=parent.root if parent else session_key,
                depth=parent.depth + 1 if parent else 0,
                options=options,
            ),
            run=make_run_id(),
            kind=RunnerKind.AGENT,
            queued=Queued(
                text=task.text,
                input=task.values,
                files=task.files,
                limits=limits,
                ladder=chosen.ladder,
                gates=task.gates,
                refine=task.refine,
                cache_seconds=agent.cache_seconds
                if task.cache_seconds is None
                else task.cache_seconds,
            ),
            digest=requests.task_digest(task),
            model=chosen.model,
            priority=task.priority,
            owner=self._owner,
            bounds=bounds if is_child else Policy(),
            budget=options.settled(task.budget if task.budget.is_bound else agent.budget),
        )

    def _limits(self, task: Task, agent: Agent) -> Limits:
        return task.limits.over(agent.limits).over(self.defaults)

    def _check_profile(self, agent: Agent, parent: Session | None) -> None:
        """Refuse a profile that is not here, or that gives more than that of the parent.

        Raises:
            ConfigError: there is no such profile.
            ProfileRefused: the parent does not have all that it gives.
        """
        if not agent.profile:
            return
        profile = self._directory.profile(agent.profile)
        if parent is None:
            return
        above = parent.agent.profile
        if above != agent.profile and (
            not above or not self._directory.profile(above).covers(profile)
        ):
            has = f"the profile {above}, which gives less" if above else "no profile"
            raise ProfileRefused(
                f"{agent.name} may not have the profile {agent.profile} here",
                why="a child cannot have more rights than its parent, and its parent "
                f"{parent.agent.name} has {has}",
                hint=f"give {parent.agent.name} a profile with all variables of {agent.profile}, or "
                f"spawn {agent.name} from outside",
            )

    def _sandbox_above(self, parent: Session | None) -> Sandbox:
        """What applies to the children of a session; a team leaves it to the settings."""
        inherited = parent.options.sandbox if parent else Sandbox.INHERIT
        return self._sandbox if inherited is Sandbox.INHERIT else inherited

    def _tags_below(self, parent: Session | None) -> tuple[str, ...]:
        """The tags of what a session spawns; the settings say them at the root."""
        return self._tags if parent is None else parent.options.tags

    def _inherited_model(self, parent: Row | None) -> str | None:
        """The parent's model, if somebody asked for it: its children run on it, too."""
        if parent is None or not parent.run.model:
            return None
        try:
            unasked = self._directory.unasked(parent.session.agent)
        except ConfigError:
            return parent.run.model
        return None if unasked == parent.run.model else parent.run.model


def _bounds_below(parent: Session) -> Policy:
    """The policy that limits the children of a session.

    Raises:
        SpawnRefused: the session is at the maximum depth.
    """
    policy = parent.agent.policy
    if policy.max_depth is not None and parent.depth >= policy.max_depth:
        raise SpawnRefused(
            f"session {parent.name} is at depth {parent.depth} and may not spawn",
            why=f"the maximum depth is {policy.max_depth}",
            limit=SpawnLimit(SpawnBound.DEPTH, parent.depth, policy.max_depth),
            hint="spawn from a session nearer the root, or raise the setting max_spawn_depth",
        )
    return policy


def _permissions(agent: Agent, task: Task, parent: Session | None) -> tuple[Permissions, ...]:
    """The layers of rules that a session has; a child has all of its parent's.

    A retry and a fork have those of the session that they are of, which its options say.
    """
    above = parent.options.permissions if parent else ()
    own = (*task.options.permissions, agent.permissions, task.permissions)
    further = (layer for layer in own if layer != NO_PERMISSIONS and layer not in above)
    return (*above, *dict.fromkeys(further))


def _narrowed(agent: Agent, bounds: Policy) -> Agent:
    """The agent with its policy within these bounds; the same object if that changes nothing."""
    policy = agent.policy.within(bounds)
    return agent if policy == agent.policy else replace(agent, policy=policy)


def context_of(task: Task, parent: Row | None, events: Iterable[Event]) -> tuple[Message, ...]:
    """The parent's transcript so far, for a fork of it.

    Raises:
        ForkRefused: there is no parent, or it is a session of a different agent.
    """
    if parent is None:
        raise ForkRefused(
            f"there is no session for {task.agent_name} to fork",
            why="a fork begins with the transcript of its parent, and this task has none",
            hint="pass parent=, or leave is_fork out and put all that matters into the task",
        )
    if parent.session.agent.name != task.agent_name:
        raise ForkRefused(
            f"{task.agent_name} cannot fork a session of {parent.session.agent.name}",
            why="a fork continues its parent's conversation as the same agent",
            hint=f"spawn {parent.session.agent.name}, or leave is_fork out",
        )
    return forked(fold(events).messages)
