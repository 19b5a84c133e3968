"""Service: the verbs on a store and an engine of this process."""

from __future__ import annotations

import asyncio
import builtins
import uuid
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.children import Step
from parallel_agents.core.dead_letter import NO_EDITS, DeadLetter, Edits
from parallel_agents.core.engine import Engine, Scope
from parallel_agents.core.event import QUEUED_KEY, Queued, SteerMode
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.fork import NO_FORK, Fork
from parallel_agents.core.going_on import may_go_on
from parallel_agents.core.ids import RunId, SessionKey, make_run_id
from parallel_agents.core.message import File
from parallel_agents.core.notification import Notify
from parallel_agents.core.pause import Paused
from parallel_agents.core.permission import Permissions
from parallel_agents.core.question import Answer, OpenQuestion, question_number
from parallel_agents.core.row import Row, oldest_first
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.runner import OnText
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Filter, Killed, SessionPlan, SpawnOutcome, Store
from parallel_agents.core.task import AnyTask, TeamTask
from parallel_agents.core.verbs import Spawned, Steer
from parallel_agents.engines.team_bounds import hold_to
from parallel_agents.errors import NotFound
from parallel_agents.sessions import requests
from parallel_agents.sessions.attaching import Attacher
from parallel_agents.sessions.completions import Completions
from parallel_agents.sessions.executing import Executing
from parallel_agents.sessions.flow_depth import check_flow_depth
from parallel_agents.sessions.forks import Forks
from parallel_agents.sessions.kept_options import kept_options
from parallel_agents.sessions.kept_work import kept_of_child
from parallel_agents.sessions.ladder_start import LadderStart
from parallel_agents.sessions.planning import Planner, context_of
from parallel_agents.sessions.retries import Retries, next_try
from parallel_agents.sessions.whole import whole

_TASKS_SHOWN = 5


class User(NamedTuple):
    """Who uses this process: the name in the journal, and the rules for calls of all runs here."""

    name: str
    permissions: Permissions


class Service(Executing):
    """The verbs; see `core.verbs.SessionVerbs` for what each promises.

    Args:
        store: holds everything.
        engine: executes runs here, or leaves them to workers.
        planner: turns tasks into plans of sessions.
        ladder_start: decides where on its ladder work begins.
        attacher: keeps the files that sessions are shown.
        completions: tells when runs end.
        user: whoever steers, answers and kills.
    """

    def __init__(
        self,
        store: Store,
        *,
        engine: Engine,
        planner: Planner,
        ladder_start: LadderStart,
        attacher: Attacher,
        completions: Completions,
        user: User,
    ) -> None:
        super().__init__(store, completions, engine)
        self._planner = planner
        self._ladder_start = ladder_start
        self._attacher = attacher
        self._user = user.name
        self._asked_by = ""  # of what is spawned and sent; empty for the user of this process
        self._permissions = user.permissions
        self._retries = Retries(store, planner)
        self._forks = Forks(store, planner)

    def on_behalf(self, via: str) -> Service:
        """The same verbs for somebody who acts through this process; the journal says so."""
        acting = copy(self)
        acting.call_user(f"{self._user} by {via}")
        return acting

    def call_user(self, name: str) -> None:
        """Call whoever asks for something by this name in the journal from now on."""
        self._user = self._asked_by = name

    async def spawn(
        self,
        task: AnyTask,
        *,
        parent: SessionKey | None = None,
        again: str = "",
        on_text: OnText | None = None,
    ) -> Spawned:
        plan = await self.plan_task(task, parent=parent)
        if again and (kept := await kept_of_child(self._store, again)):
            plan = replace(plan, queued=replace(plan.queued, kept=kept))
        return self._heard(await self.start([plan]), on_text)

    async def spawn_team(
        self, team: TeamTask, *, key: str | None = None, tags: Sequence[str] = ()
    ) -> Spawned:
        return await self.start(await self.plan_team(team, key=key, tags=tags))

    async def spawn_flow(
        self,
        flow: FlowTask,
        *,
        key: str | None = None,
        parent: SessionKey | None = None,
        tags: Sequence[str] = (),
    ) -> Spawned:
        return await self.start([await self.plan_flow(flow, key=key, parent=parent, tags=tags)])

    async def start_steps(
        self, parent: SessionKey, steps: Sequence[Step]
    ) -> builtins.list[Spawned]:
        """Start children of a group in one transaction, all or none, each under its task's key."""
        row = await self.find(parent)
        plans = [await self._plan_step(row, step) for step in steps]
        return await whole(lambda: self._start_children(plans))

    def agent_of(self, task: AnyTask) -> AnyAgent:
        return self._planner.agent_of(task)

    async def _plan_step(self, parent: Row, step: Step) -> SessionPlan:
        plan = await self._plan(step.task, parent)
        return plan if step.tried is None else await next_try(self._store, plan, step.tried)

    async def plan_fork(self, name: str, fork: Fork = NO_FORK) -> SessionPlan:
        """What `fork` would start."""
        plan = await self._forks.plan(await self.find(name), fork)
        self._check_sees(plan)
        return plan

    async def fork(self, name: str, fork: Fork = NO_FORK) -> Spawned:
        return await self.start([await self.plan_fork(name, fork)])

    async def _start_children(self, plans: Sequence[SessionPlan]) -> builtins.list[Spawned]:
        outcomes = await self._store.spawn(plans)
        for outcome in outcomes:
            await self.submit(Row(session=outcome.session, run=outcome.run))
        return [Spawned(each.session.key, each.run.id, each.is_new) for each in outcomes]

    async def attached(self, task: AnyTask) -> AnyTask:
        """The task with its files as artifacts, as it is stored."""
        return await self._attacher.attached(task)

    async def plan_task(self, task: AnyTask, *, parent: SessionKey | None = None) -> SessionPlan:
        """What `spawn` would start, with its agent and models as they are now."""
        return await self._plan(task, None if parent is None else await self.find(parent))

    async def _plan(self, task: AnyTask, row: Row | None) -> SessionPlan:
        task = await self._attacher.attached(task)
        plan = await self._ladder_start.apply(self._planner.plan_task(task, row))
        self._check_sees(plan)
        if not task.is_fork:
            return plan
        events = await self._store.events(session=row.session.key) if row else []
        queued = replace(plan.queued, context=context_of(task, row, events))
        return replace(plan, queued=queued)

    async def plan_team(
        self, team: TeamTask, *, key: str | None = None, tags: Sequence[str] = ()
    ) -> builtins.list[SessionPlan]:
        """What `spawn_team` would start: the team's session, then one for each task."""
        if any(task.files or _has_files(task) for task in team.tasks):
            tasks = [await self._attacher.attached(task) for task in team.tasks]
            team = replace(team, tasks=tuple(tasks))
        planned = self._planner.plan_team(team, key, tags)
        plans = [await self._ladder_start.apply(plan) for plan in planned]
        for plan in plans:
            self._check_sees(plan)
        return plans

    async def plan_flow(
        self,
        flow: FlowTask,
        *,
        key: str | None = None,
        parent: SessionKey | None = None,
        tags: Sequence[str] = (),
    ) -> SessionPlan:
        """What `spawn_flow` would start."""
        row = None if parent is None else await self.find(parent)
        if row is not None:
            await check_flow_depth(flow, row, self.find)
        return self._planner.plan_flow(flow, key, row, tags)

    def _check_sees(self, plan: SessionPlan) -> None:
        queued = plan.queued
        self._attacher.check(queued.files, (plan.model, *queued.ladder))

    async def attach(self, content: bytes, name: str) -> File:
        """Content as a file that sessions can be shown."""
        return await self._attacher.keep_content(content, name)

    async def check(self, plans: Sequence[SessionPlan]) -> None:
        """Refuse what `start` would refuse, and keep nothing."""
        await self._store.check(plans)

    async def start(self, plans: Sequence[SessionPlan]) -> Spawned:
        """Start sessions that were planned together, all or none; returns the first."""
        return await whole(lambda: self._start(plans))

    async def _start(self, plans: Sequence[SessionPlan]) -> Spawned:
        if self._asked_by:
            plans = [
                replace(plan, queued=replace(plan.queued, by=self._asked_by)) for plan in plans
            ]
        outcomes = await self._store.spawn(plans)
        if plans[0].kind.is_group and outcomes[0].is_new:
            hold_to(self._engine, outcomes[0].session.root, plans[0].queued)
        earlier = [Row(session=o.session, run=o.run) for o in outcomes if not o.is_new]
        await self.check_able(earlier)
        rows = [Row(session=outcome.session, run=outcome.run) for outcome in outcomes]
        first = outcomes[0]
        if not first.is_new and may_go_on(first.session, first.run):
            request = plans[0].queued if plans[0].queued.flow else None
            owner = self._engine.owner
            again = await self._store.go_on(first.session.key, owner, request=request)
            anew = {row.session.key for row in again}
            rows = [*again, *(row for row in rows if row.session.key not in anew)]
        for row in rows:
            await self.submit(row)
        run = rows[0].run.id
        is_same = run == first.run.id or first.run.kind is RunnerKind.FLOW
        kept = await self._kept(run, outcomes, plans) if is_same and not first.is_new else ()
        return Spawned(first.session.key, run, first.is_new, kept, first.has_new_budget)

    async def _kept(
        self, run: RunId, outcomes: Sequence[SpawnOutcome], plans: Sequence[SessionPlan]
    ) -> tuple[str, ...]:
        if outcomes[0].session.parent is not None:
            return ()  # an agent or a team asks again for what it asked for before
        events = await self._store.events(session=outcomes[0].session.key, kinds=("queued",))
        asked = (event.body for event in events if event.run == run)
        return kept_options(outcomes, next(asked, None), plans)

    def limit_parallel(self, root: SessionKey, at_most: int) -> None:
        self._engine.bound(Scope("team", root), at_most)

    async def send(  # noqa: PLR0913 - as the verb
        self,
        name: str,
        text: str,
        *,
        input: JsonObject | None = None,
        sender: SessionKey | None = None,
        files: Sequence[File] = (),
        notify: Notify | None = None,
        run: RunId | None = None,
        model: str | None = None,
        on_text: OnText | None = None,
    ) -> Spawned:
        row = await self.find(name)
        chosen = row.run.model if model is None else self._planner.model_of(row, model)
        values: JsonObject = input or {}
        requests.check_message(text, values)
        requests.check_reads_messages(row)
        self.check_here(row)
        queued = Queued(
            text=text,
            input=values,
            limits=row.session.agent.limits.over(self._planner.defaults),
            cache_seconds=row.session.agent.cache_seconds,
            files=await self._attacher.keep(files),
            by=self._asked_by,
        )
        self._attacher.check(queued.files, (chosen, *queued.ladder))
        run_id = run or make_run_id()

        async def send() -> Spawned:
            sent = await self._store.send(
                row.session.key,
                run_id,
                queued,
                owner=self._engine.owner,
                sender=sender,
                notify=notify,
                model=chosen,
            )
            if sent.session == row.session.key:
                await self.submit(Row(session=row.session, run=sent))
            return Spawned(sent.session, sent.id)

        return self._heard(await whole(send), on_text)

    def _heard(self, spawned: Spawned, on_text: OnText | None) -> Spawned:
        if on_text is not None:
            self.listen(spawned.run_id, on_text)
        return spawned

    async def steer(
        self, name: str, text: str, *, mode: SteerMode = SteerMode.NEXT, key: str | None = None
    ) -> Steer:
        if mode is SteerMode.AFTER:
            return Steer((await self.send(name, text)).run_id, QUEUED_KEY)
        requests.check_message(text, {})
        row = await self._find_executed(name)
        requests.check_reads_messages(row)
        key = f"steer-{key or uuid.uuid4().hex[:12]}"
        await self._store.steer(row.run.id, key, text, mode=mode, by=self._user)
        return Steer(row.run.id, key)

    async def _find_executed(self, name: str) -> Row:
        """The session of this name with the run that is executed or comes next; else its latest."""
        row = await self.find(name)
        live = Filter(session=row.session.key, is_live=True, every_run=True)
        return min(await self._store.rows(live), key=lambda live: live.run.number, default=row)

    async def answer(self, question: str, answer: Answer, *, via: str = "") -> OpenQuestion:
        number = question_number(question)
        waiting = {found.id: found for found in await self._store.questions()}
        if number is not None and question in waiting:
            requests.check_answer(waiting[question].question, answer)
            await self._check_permitted(waiting[question], answer)
        if number is None:
            raise NotFound(
                f"no question {question!r}", hint="`pagents inbox` lists the questions that wait"
            )
        by = f"{self._user} by {via}" if via else self._user
        return await self._store.answer(number, answer, by=by)

    async def _check_permitted(self, asked: OpenQuestion, answer: Answer) -> None:
        if answer.arguments is None or not answer.allow:
            return
        (row,) = await self._store.rows_of([asked.run])
        layers = (self._permissions, *row.session.options.permissions)
        await asyncio.to_thread(
            requests.check_permitted,
            asked.question,
            answer.arguments,
            layers,
            row.session.options.cwd,
        )

    async def kill(
        self, name: str, *, dry_run: bool = False, keeps_session: bool = False
    ) -> Killed:
        row = await self.find(name)
        return await self._store.kill(
            row.session.key, by=self._user, dry_run=dry_run, keeps_session=keeps_session
        )

    async def pause(self, name: str) -> Paused:
        return await self._store.pause((await self.find(name)).session.key, by=self._user)

    async def unpause(self, name: str) -> Paused:
        return await self._store.unpause((await self.find(name)).session.key, by=self._user)

    async def resume(self, name: str) -> Spawned:
        row = await self.find(name)
        live = Filter(tree=row.session.key, is_live=True, every_run=True)
        await self.check_able(await self._store.rows(live))
        resumed, *_ = await whole(lambda: self._go_on(row))
        for each in oldest_first(await self._store.rows(live)):
            await self.submit(each)
        return Spawned(resumed.session.key, resumed.run.id, is_new=False)

    async def _go_on(self, found: Row) -> list[Row]:
        key, owner = found.session.key, self._engine.owner
        rows = await self._store.go_on(key, owner, since=found.run.id)
        for row in rows:
            await self.submit(row)
        return rows

    async def plan_retry(
        self, letter: DeadLetter, edits: Edits = NO_EDITS
    ) -> SessionPlan | Spawned:
        return await self._retries.plan(letter, edits)

    async def retry(self, letter: DeadLetter, edits: Edits = NO_EDITS) -> Spawned:
        planned = await self.plan_retry(letter, edits)
        return planned if isinstance(planned, Spawned) else await self.start([planned])

    async def drop(self, letters: Sequence[DeadLetter]) -> int:
        return await self._store.drop_dead_letters([letter.run.id for letter in letters])


def _has_files(task: AnyTask) -> bool:
    return any(isinstance(value, File) for value in task.input.values())
