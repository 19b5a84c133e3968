"""Service: the seven verbs on a store and, where there is one, an engine of this process."""

from __future__ import annotations

import asyncio
import builtins
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from parallel_agents.core.agent import Agent
from parallel_agents.core.engine import Engine, Scope
from parallel_agents.core.event import Event, Queued, SteerMode
from parallel_agents.core.ids import (
    OwnerId,
    RunId,
    SessionKey,
    make_name,
    make_run_id,
    make_session_key,
    make_team_key,
)
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import Result, RunnerKind, RunStatus, TeamResult
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.session import Session
from parallel_agents.core.store import Birth, Filter, Killed, Row, Store, Unsubscribe
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.verbs import Spawned, Steer
from parallel_agents.sessions import names, requests
from parallel_agents.sessions.completions import Completions

_TEAM = Agent(name="team", description="A team of agents", instructions="")


class Choices(Protocol):
    """How a task's open questions are answered: which agent, which model."""

    def agent(self, name: str) -> Agent: ...

    def model(self, agent: Agent, asked: str | None) -> str: ...


class Service:
    """Sessions of this process; see `core.verbs.Sessions` for what each verb promises.

    Args:
        store: where everything is.
        engine: what carries runs out here; None leaves them to another process.
        choices: the catalog and the models.
        defaults: limits where neither the task nor its agent has them.
        user: who steers and kills, in the journal.
    """

    def __init__(
        self,
        store: Store,
        *,
        engine: Engine | None,
        choices: Choices,
        completions: Completions,
        defaults: Limits,
        user: str,
    ) -> None:
        self._store = store
        self._engine = engine
        self._choices = choices
        self._completions = completions
        self._defaults = defaults
        self._user = user

    async def spawn(self, task: Task, *, parent: SessionKey | None = None) -> Spawned:
        above = None if parent is None else (await self.find(parent)).session
        return (await self._spawn([self._birth(task, above)]))[0]

    async def spawn_team(self, team: TeamTask, *, key: str | None = None) -> Spawned:
        name = key or make_name()
        requests.check_key(name)
        resolved = self.resolve(team)
        session_key = make_team_key(team.name, name)
        session = Session(
            key=session_key, agent=_TEAM, label=team.name, spawn_key=name, root=session_key
        )
        birth = Birth(
            session=session,
            run=make_run_id(),
            kind=RunnerKind.TEAM,
            queued=Queued(text=f"team {team.name}: {len(team.tasks)} tasks", team=resolved),
            digest=requests.team_digest(team),
            owner=self._owner,
        )
        self._bound(session, team)
        # One transaction: either all tasks are accepted, or none is.
        return (await self._spawn([birth, *self._children(session, resolved)]))[0]

    async def take_children(self, parent: Session, team: TeamTask) -> list[RunId]:
        """The runs of a team's tasks, in order; those that are live go on here."""
        self._bound(parent, team)
        children = await self._store.child_runs(parent.key)
        if any(not c.status.is_over and not self._has(c.run) for c in children):
            for row in await self._store.rows(Filter(parent=parent.key, is_live=True)):
                self._submit(row)
        runs = {child.key: child.run for child in children}
        return [runs[key] for key in team.keys]

    def _bound(self, session: Session, team: TeamTask) -> None:
        if self._engine is not None and team.max_parallel is not None:
            self._engine.bound(Scope("team", session.root), team.max_parallel)

    def _children(self, parent: Session, team: TeamTask) -> list[Birth]:
        agents = {agent.name: agent for agent in team.agents}
        return [
            self._birth(
                replace(task, agent=agents.get(task.agent_name, task.agent), key=key), parent
            )
            for task, key in zip(team.tasks, team.keys, strict=True)
        ]

    async def team_result(self, name: str) -> TeamResult:
        """What a team's run gave so far: a result for each task that is over."""
        row = await self.find(name)
        results = await self._store.results(await self._member_runs(row))
        return TeamResult(
            key=row.session.spawn_key,
            status=row.run.status,
            results=tuple(result for result in results if result is not None),
            session_key=row.session.key,
            seconds=row.run.seconds or 0.0,
        )

    async def members(self, team: Row) -> builtins.list[Row]:
        """The sessions of a team, in the order of its tasks; a single session is its own team."""
        if team.run.kind is not RunnerKind.TEAM:
            return [team]
        children = await self._store.rows(Filter(parent=team.session.key))
        by_run = {child.run.id: child for child in children}
        return [by_run[run] for run in await self._member_runs(team)]

    async def _member_runs(self, team: Row) -> builtins.list[RunId]:
        if team.run.kind is not RunnerKind.TEAM:
            return [team.run.id]
        first = (await self._store.events(session=team.session.key, limit=1))[0].body
        keys = first.team.keys if isinstance(first, Queued) and first.team else ()
        runs = {child.key: child.run for child in await self._store.child_runs(team.session.key)}
        return [runs[key] for key in keys]

    async def end_children(self, parent: Session, *, by: str, status: RunStatus) -> None:
        """End what is still live under a team's session."""
        for row in await self._store.rows(Filter(parent=parent.key, is_live=True)):
            await self._store.kill(row.session.key, by=by, status=status)

    async def send(self, name: str, text: str, *, input: JsonObject | None = None) -> Spawned:
        row = await self.find(name)
        values: JsonObject = input or {}
        requests.check_words(text, values)
        requests.check_hears(row)
        queued = Queued(
            text=text, input=values, limits=row.session.agent.limits.over(self._defaults)
        )
        run = await self._store.send(row.session.key, make_run_id(), queued, owner=self._owner)
        self._submit(Row(session=row.session, run=run))
        return Spawned(row.session.key, run.id)

    async def steer(self, name: str, text: str, *, mode: SteerMode = SteerMode.NEXT) -> Steer:
        requests.check_words(text, {})
        row = await self.find(name)
        requests.check_hears(row)
        key = f"steer-{uuid.uuid4().hex[:12]}"
        await self._store.steer(row.run.id, key, text, mode=mode, by=self._user)
        return Steer(row.run.id, key)

    async def kill(self, name: str, *, dry_run: bool = False) -> Killed:
        row = await self.find(name)
        return await self._store.kill(row.session.key, by=self._user, dry_run=dry_run)

    async def wait(self, runs: Sequence[RunId], *, timeout: float | None = None) -> list[Result]:
        async with asyncio.timeout(timeout):
            await self.wait_over(runs)
        results = await self._store.results(runs)
        return [result for result in results if result is not None]

    async def wait_over(self, runs: Sequence[RunId]) -> None:
        """Return when all of them are over."""
        expected = {run: self._completions.expect(run) for run in dict.fromkeys(runs)}
        try:
            for run in await self._store.live_among(runs):
                await expected[run]
        finally:
            for run, future in expected.items():
                self._completions.forget(run, future)

    async def count_children(self, parent: Session) -> Counter[RunStatus]:
        """How many of a team's runs are in which state."""
        return Counter(child.status for child in await self._store.child_runs(parent.key))

    async def list(self, chosen: Filter | None = None) -> list[Row]:
        return await self._store.rows(chosen or Filter())

    async def history(self, name: str) -> list[Event]:
        row = await self.find(name)
        return await self._store.events(session=row.session.key)

    async def follow(self, name: str, *, after: int = 0) -> AsyncGenerator[Event]:
        row = await self.find(name)
        news = asyncio.Event()
        unsubscribe = self._store.subscribe(lambda _: news.set())
        try:
            seen, is_over = after, False
            while not is_over:
                news.clear()
                latest = (await self.find(row.session.key)).run
                is_over = latest.status.is_over
                for event in await self._store.events(after=seen, tree=row.session.key):
                    seen = event.seq
                    yield event
                if not is_over:
                    await self._wait_news(latest.id, news)
        finally:
            unsubscribe()

    async def _wait_news(self, run: RunId, news: asyncio.Event) -> None:
        """Wait for an event, or raise what ended the engine, after which none comes."""
        ended = self._completions.expect(run)

        def wake(_: asyncio.Future[None]) -> None:
            news.set()

        ended.add_done_callback(wake)
        try:
            await news.wait()
            if ended.done():
                ended.result()
        finally:
            ended.remove_done_callback(wake)
            self._completions.forget(run, ended)

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        return _nobody if self._engine is None else self._engine.listen(run, on_text)

    async def find(self, name: str) -> Row:
        return await names.find(self._store, name)

    async def resume(self, name: str) -> Spawned:
        """Carry on here what nobody works on in the tree of a session."""
        row = await self.find(name)
        for live in await self._store.rows(Filter(tree=row.session.root, is_live=True)):
            self._submit(live)
        return Spawned(row.session.key, row.run.id, is_new=False)

    @property
    def _owner(self) -> OwnerId | None:
        """Whose new runs are: this process's where it has an engine, else whoever's comes."""
        return None if self._engine is None else self._engine.owner

    def _birth(self, task: Task, parent: Session | None) -> Birth:
        agent = task.agent if isinstance(task.agent, Agent) else self._choices.agent(task.agent)
        requests.check_task(task, agent)
        session_key = make_session_key(agent.name)
        return Birth(
            session=Session(
                key=session_key,
                agent=agent,
                label=task.label or agent.name,
                spawn_key=task.key or session_key,
                parent=parent.key if parent else None,
                root=parent.root if parent else session_key,
                depth=parent.depth + 1 if parent else 0,
            ),
            run=make_run_id(),
            kind=RunnerKind.SUBAGENT,
            queued=Queued(
                text=task.text,
                input=task.input,
                limits=task.limits.over(agent.limits).over(self._defaults),
            ),
            digest=requests.task_digest(task),
            model=self._choices.model(agent, task.model),
            priority=task.priority,
            owner=self._owner,
        )

    def resolve(self, team: TeamTask) -> TeamTask:
        """The team with its agents and models as they are now; what cannot be spawned is refused."""
        agents: dict[str, Agent] = {}
        tasks: list[Task] = []
        for task in team.tasks:
            if isinstance(task.agent, str) and task.agent not in agents:
                agents[task.agent] = self._choices.agent(task.agent)
            agent = agents[task.agent] if isinstance(task.agent, str) else task.agent
            requests.check_task(task, agent)
            model = self._choices.model(agent, task.model or team.model)
            tasks.append(replace(task, model=model))
        return replace(team, tasks=tuple(tasks), agents=tuple(agents.values()))

    async def _spawn(self, births: Sequence[Birth]) -> list[Spawned]:
        born = await self._store.spawn(births)
        for found in born:
            self._submit(Row(session=found.session, run=found.run))
        return [Spawned(b.session.key, b.run.id, b.is_new) for b in born]

    def _has(self, run: RunId) -> bool:
        return self._engine is not None and self._engine.has(run)

    def _submit(self, row: Row) -> None:
        if self._engine is not None:
            self._engine.submit(row)


def _nobody() -> None:
    """There was nothing to hear without an engine, so nobody stops to listen."""
