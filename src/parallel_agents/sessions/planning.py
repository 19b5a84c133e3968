"""Planner: what is asked for, as sessions to be made; what cannot be had is refused before any is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Event, Queued
from parallel_agents.core.gate import Gate, JudgeGate
from parallel_agents.core.ids import (
    OwnerId,
    is_team_key,
    make_name,
    make_run_id,
    make_session_key,
    make_team_key,
    short,
)
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.session import Session
from parallel_agents.core.store import Row, SessionPlan
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.transcript import fold, forked
from parallel_agents.errors import (
    ConfigError,
    ForkRefused,
    SpawnBound,
    SpawnLimit,
    SpawnRefused,
)
from parallel_agents.models.ladders import PREFIX
from parallel_agents.sessions import requests
from parallel_agents.sessions.directory import Directory

_TEAM = Agent(name="team", description="A team of agents", instructions="")


class Planner:
    """Makes plans of tasks.

    Args:
        directory: the catalog and the models.
        defaults: limits where neither the task nor its agent has them.
        policy: what every session's own is shrunk to.
        owner: whose new runs are; None leaves them to whoever comes.
        allow_weak_judge: a model that is known to judge badly may be a gate.
    """

    def __init__(
        self,
        directory: Directory,
        *,
        defaults: Limits,
        policy: Policy,
        owner: OwnerId | None,
        allow_weak_judge: bool = False,
    ) -> None:
        self._directory = directory
        self._defaults = defaults
        self._policy = policy
        self._owner = owner
        self._allow_weak_judge = allow_weak_judge

    def of_task(self, task: Task, above: Row | None = None) -> SessionPlan:
        """A session for one task, under the session of `above`."""
        requests.check_tasks([task])
        agent = self._agent(task)
        asked = task.model or agent.model or self._inherited(above)
        task = self._with_models(task, agent, asked)
        return self._birth(task, task.key, agent, above and above.session)

    def of_team(self, team: TeamTask, key: str | None) -> list[SessionPlan]:
        """The team's own session first, and one for each of its tasks."""
        name = make_name() if key is None else key
        requests.check_key(name)
        resolved = self.resolve(team)
        session_key = make_team_key(team.name, name)
        session = Session(
            key=session_key, agent=_TEAM, label=team.name, spawn_key=name, root=session_key
        )
        plan = SessionPlan(
            session=session,
            run=make_run_id(),
            kind=RunnerKind.TEAM,
            queued=Queued(text=f"team {team.name}: {len(team.tasks)} tasks", team=resolved),
            digest=requests.team_digest(team),
            owner=self._owner,
            budget=team.budget,
        )
        agents = {agent.name: agent for agent in resolved.agents}
        keyed = zip(resolved.tasks, resolved.keys, strict=True)
        return [
            plan,
            *(
                self._birth(
                    task,
                    key,
                    agents[task.agent] if isinstance(task.agent, str) else task.agent,
                    session,
                )
                for task, key in keyed
            ),
        ]

    def of_retry(self, task: Task, key: str, team: Row | None) -> SessionPlan:
        """A session for a task that failed, under the team that it was of."""
        agent = self._agent(task)
        return self._birth(
            self._with_models(task, agent, task.model), key, agent, team and team.session
        )

    def resolve(self, team: TeamTask) -> TeamTask:
        """The team with its agents and models as they are now; what cannot be spawned is refused."""
        requests.check_tasks(team.tasks)
        agents: dict[str, Agent] = {}
        tasks: list[Task] = []
        for task in team.tasks:
            if isinstance(task.agent, str) and task.agent not in agents:
                agents[task.agent] = self._directory.agent(task.agent)
            agent = agents[task.agent] if isinstance(task.agent, str) else task.agent
            requests.check_task(task, agent)
            tasks.append(self._with_models(task, agent, task.model or team.model))
        return replace(team, tasks=tuple(tasks), agents=tuple(agents.values()))

    def _agent(self, task: Task) -> Agent:
        agent = task.agent if isinstance(task.agent, Agent) else self._directory.agent(task.agent)
        requests.check_task(task, agent)
        return agent

    def _with_models(self, task: Task, agent: Agent, asked: str | None) -> Task:
        """The task with its model, and the ladder that it climbs, where there is one.

        A model that was asked for by name is the only one, and a ladder goes before all others.
        """
        steps = task.ladder or (() if asked else agent.ladder)
        if asked is not None and asked.startswith(PREFIX):
            steps = (asked,)
        if not steps:
            model = self._directory.model(agent, asked)
            return task if task.model == model else replace(task, model=model)
        ladder = self._directory.ladder(steps)
        return replace(task, model=ladder[0], ladder=ladder)

    def _birth(
        self, task: Task, key: str | None, agent: Agent, parent: Session | None
    ) -> SessionPlan:
        is_spawned = parent is not None and not is_team_key(parent.key)
        is_child = is_spawned and not task.options.is_service
        above = _room_below(parent) if parent and is_child else self._policy
        session_key = make_session_key(agent.name)
        return SessionPlan(
            session=Session(
                key=session_key,
                agent=self._with_quality(_narrowed(agent, above), task),
                label=task.label or agent.name,
                spawn_key=key or session_key,
                parent=parent.key if parent else None,
                root=parent.root if parent else session_key,
                depth=parent.depth + 1 if parent else 0,
                options=task.options,
            ),
            run=make_run_id(),
            kind=RunnerKind.AGENT,
            queued=Queued(
                text=task.text,
                input=task.input,
                limits=task.limits.over(agent.limits).over(self._defaults),
                ladder=task.ladder,
                gates=task.gates,
                refine=task.refine,
                cache_seconds=agent.cache_seconds
                if task.cache_seconds is None
                else task.cache_seconds,
            ),
            digest=requests.task_digest(task),
            model=task.model or "",
            priority=task.priority,
            owner=self._owner,
            bounds=above if is_child else Policy(),
            budget=task.budget if task.budget.is_bound else agent.budget,
        )

    def _with_quality(self, agent: Agent, task: Task) -> Agent:
        """The agent with the task's gates, too, and its refine loop.

        Raises:
            UnknownAgent: one that is to judge or refine is not there; better now than once it is paid.
        """
        gates: tuple[Gate, ...] = (*agent.gates, *task.gates)
        if self._allow_weak_judge:
            gates = tuple(
                replace(gate, allow_weak=True) if isinstance(gate, JudgeGate) else gate
                for gate in gates
            )
        refine = task.refine or agent.refine
        for judge in (gate.by for gate in gates if isinstance(gate, JudgeGate)):
            self._directory.agent(judge)
        if refine is not None and refine.by:
            self._directory.agent(refine.by)
        is_same = gates == agent.gates and refine == agent.refine
        return agent if is_same else replace(agent, gates=gates, refine=refine)

    def _inherited(self, above: Row | None) -> str | None:
        """The parent's model, where somebody asked for it: it holds for its children, too."""
        if above is None or not above.run.model:
            return None
        try:
            unasked = self._directory.model(above.session.agent, None)
        except ConfigError:
            return above.run.model
        return None if unasked == above.run.model else above.run.model


def _room_below(parent: Session) -> Policy:
    """The policy of a parent that may have children at all."""
    policy = parent.agent.policy
    if policy.max_depth is not None and parent.depth >= policy.max_depth:
        raise SpawnRefused(
            f"session {short(parent.key)} is at depth {parent.depth} of at most {policy.max_depth}, "
            "and may not spawn",
            limit=SpawnLimit(SpawnBound.DEPTH, parent.depth, policy.max_depth),
            hint="spawn from a session nearer the root, or raise the setting max_spawn_depth",
        )
    return policy


def _narrowed(agent: Agent, above: Policy) -> Agent:
    """The agent with no more than the policy above allows; the same object where it spawns none."""
    policy = agent.policy.within(above)
    return agent if policy == agent.policy else replace(agent, policy=policy)


def context_of(task: Task, above: Row | None, events: Iterable[Event]) -> tuple[Message, ...]:
    """The parent's transcript so far, for a fork of it.

    Raises:
        ForkRefused: there is no parent, or it is a session of another agent.
    """
    if above is None:
        raise ForkRefused(
            f"there is no session for {task.agent_name} to fork",
            why="a fork begins with the transcript of its parent, and this task has none",
            hint="pass parent=, or leave is_fork out and put all that matters into the task",
        )
    if above.session.agent.name != task.agent_name:
        raise ForkRefused(
            f"{task.agent_name} cannot fork a session of {above.session.agent.name}",
            why="a fork continues its parent's conversation as the same agent",
            hint=f"spawn {above.session.agent.name}, or leave is_fork out",
        )
    return forked(fold(events).messages)
