"""Service: the verbs on a store and an engine of this process."""

from __future__ import annotations

import asyncio
import builtins
import uuid
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.core.dead_letter import NO_EDITS, DeadLetter, Edits
from parallel_agents.core.engine import Engine, Scope
from parallel_agents.core.event import QUEUED_KEY, Queued, SteerMode
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.ids import RunId, SessionKey, make_run_id
from parallel_agents.core.message import File
from parallel_agents.core.notification import Notify
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.permission import Permissions
from parallel_agents.core.question import Answer, OpenQuestion, question_number
from parallel_agents.core.row import Row, oldest_first
from parallel_agents.core.run import Result, RunnerKind, RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.session import Session
from parallel_agents.core.store import Filter, Killed, SessionPlan, SpawnOutcome, Store
from parallel_agents.core.task import AnyTask, TeamTask
from parallel_agents.core.verbs import Spawned, Steer, Until
from parallel_agents.engines.team_bounds import hold_to, learn_bound
from parallel_agents.errors import CannotContinue, NotFound, StoreDamaged
from parallel_agents.sessions import requests
from parallel_agents.sessions.attaching import Attacher
from parallel_agents.sessions.completions import Completions
from parallel_agents.sessions.kept_options import kept_options
from parallel_agents.sessions.kept_work import kept_of_child
from parallel_agents.sessions.ladder_start import LadderStart
from parallel_agents.sessions.planning import Planner, context_of
from parallel_agents.sessions.reading import StoreReads
from parallel_agents.sessions.retries import Retries
from parallel_agents.sessions.whole import whole

_TASKS_SHOWN = 5


class User(NamedTuple):
    """Who uses this process: the name in the journal, and the rules for calls of all runs here."""

    name: str
    permissions: Permissions


class Service(StoreReads):
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
        super().__init__(store, completions)
        self._engine = engine
        self._planner = planner
        self._ladder_start = ladder_start
        self._attacher = attacher
        self._user = user.name
        self._permissions = user.permissions
        self._retries = Retries(store, planner)

    async def spawn(
        self, task: AnyTask, *, parent: SessionKey | None = None, again: str = ""
    ) -> Spawned:
        plan = await self.plan_task(task, parent=parent)
        if again and (kept := await kept_of_child(self._store, again)):
            plan = replace(plan, queued=replace(plan.queued, kept=kept))
        return await self.start([plan])

    async def spawn_team(self, team: TeamTask, *, key: str | None = None) -> Spawned:
        return await self.start(await self.plan_team(team, key=key))

    async def plan_task(self, task: AnyTask, *, parent: SessionKey | None = None) -> SessionPlan:
        """What `spawn` would start, with its agent and models as they are now."""
        row = None if parent is None else await self.find(parent)
        task = await self._attacher.attached(task)
        plan = await self._ladder_start.apply(self._planner.plan_task(task, row))
        self._check_sees(plan)
        if not task.is_fork:
            return plan
        events = await self._store.events(session=row.session.key) if row else []
        queued = replace(plan.queued, context=context_of(task, row, events))
        return replace(plan, queued=queued)

    async def plan_team(
        self, team: TeamTask, *, key: str | None = None
    ) -> builtins.list[SessionPlan]:
        """What `spawn_team` would start: the team's session, then one for each task."""
        if any(task.files or _has_files(task) for task in team.tasks):
            tasks = [await self._attacher.attached(task) for task in team.tasks]
            team = replace(team, tasks=tuple(tasks))
        plans = [await self._ladder_start.apply(p) for p in self._planner.plan_team(team, key)]
        for plan in plans:
            self._check_sees(plan)
        return plans

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
        outcomes = await self._store.spawn(plans)
        team = plans[0].queued.team
        if team is not None and outcomes[0].is_new:
            hold_to(self._engine, outcomes[0].session.key, team)
        earlier = [Row(session=o.session, run=o.run) for o in outcomes if not o.is_new]
        await self._check_able(earlier)
        rows = [Row(session=outcome.session, run=outcome.run) for outcome in outcomes]
        first = outcomes[0]
        if _may_go_on(first):
            rows = [*await self._store.go_on(first.session.key, self._engine.owner), *rows]
        for row in rows:
            await self._submit(row)
        kept = () if first.is_new else await self._kept_options(first, plans[0])
        return Spawned(first.session.key, rows[0].run.id, first.is_new, kept)

    async def _kept_options(self, found: SpawnOutcome, plan: SessionPlan) -> tuple[str, ...]:
        if found.session.parent is not None:
            return ()  # an agent or a team asks again for what it asked for before
        events = await self._store.events(session=found.session.key, limit=1)
        return kept_options(found, events[0].body, plan) if events else ()

    def limit_parallel(self, root: SessionKey, at_most: int) -> None:
        self._engine.bound(Scope("team", root), at_most)

    async def take_children(self, parent: Session, team: TeamTask) -> list[RunId]:
        """The runs of a team's tasks, in order; live runs are executed here."""
        children = await self._store.child_runs(parent.key)
        if any(not c.status.is_over and not self._engine.has(c.run) for c in children):
            await self.continue_children(parent)
        runs = {child.key: child.run for child in children}
        if missing := [key for key in team.keys if key not in runs]:
            raise StoreDamaged(
                f"the record of {len(missing)} of the team's {len(team.keys)} tasks is missing",
                why=f"the store has no readable run of {', '.join(missing[:_TASKS_SHOWN])}",
                hint="restore a copy of the store, or spawn the team again under another key",
            )
        return [runs[key] for key in team.keys]

    async def continue_children(self, parent: Session) -> None:
        """Execute here the live runs under a session, except those that another process executes."""
        live = Filter(parent=parent.key, is_live=True, every_run=True)
        for row in oldest_first(await self._store.rows(live)):
            if not self._engine.lacks(row):  # whoever has it takes it over
                await self._submit(row)

    async def end_children(self, parent: Session, *, by: str, status: RunStatus) -> None:
        """End the live runs under a session, except those that outlive their parent."""
        await self._store.end_children(parent.key, by=by, status=status)

    async def end_unbegun(self, parent: Session, *, by: str) -> None:
        """End the children of a session that nobody has started."""
        await self._store.end_unbegun(parent.key, by=by)

    async def child_ends(self, parent: Session, runs: Sequence[RunId]) -> AsyncGenerator[RunStatus]:
        """The status of each of these runs of a session's children, as they end, until all have."""
        with self._completions.ends() as ends:
            waiting = set(runs)
            for child in await self._store.child_runs(parent.key):
                if child.run in waiting and child.status.is_over:
                    waiting.discard(child.run)
                    yield child.status
            while waiting:
                run, status = await ends.next()
                if run in waiting:
                    waiting.discard(run)
                    yield status

    async def send(
        self,
        name: str,
        text: str,
        *,
        input: JsonObject | None = None,
        sender: SessionKey | None = None,
        files: Sequence[File] = (),
        notify: Notify | None = None,
    ) -> Spawned:
        row = await self.find(name)
        values: JsonObject = input or {}
        requests.check_text(text, values)
        requests.check_reads_messages(row)
        if lack := self._engine.lacks(row):
            raise _cannot_continue(row, lack)
        queued = Queued(
            text=text,
            input=values,
            limits=row.session.agent.limits.over(self._planner.defaults),
            cache_seconds=row.session.agent.cache_seconds,
            files=await self._attacher.keep(files),
        )
        self._attacher.check(queued.files, (row.run.model, *queued.ladder))
        run_id = make_run_id()

        async def send() -> Spawned:
            run = await self._store.send(
                row.session.key,
                run_id,
                queued,
                owner=self._engine.owner,
                sender=sender,
                notify=notify,
            )
            await self._submit(Row(session=row.session, run=run))
            return Spawned(row.session.key, run.id)

        return await whole(send)

    async def steer(self, name: str, text: str, *, mode: SteerMode = SteerMode.NEXT) -> Steer:
        if mode is SteerMode.AFTER:
            return Steer((await self.send(name, text)).run_id, QUEUED_KEY)
        requests.check_text(text, {})
        row = await self._find_executed(name)
        requests.check_reads_messages(row)
        key = f"steer-{uuid.uuid4().hex[:12]}"
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

    async def kill(self, name: str, *, dry_run: bool = False) -> Killed:
        row = await self.find(name)
        return await self._store.kill(row.session.key, by=self._user, dry_run=dry_run)

    async def wait(
        self, runs: Sequence[RunId], *, timeout: float | None = None, until: Until = Until.ALL
    ) -> list[Result]:
        if until is not Until.NOW:
            try:
                async with asyncio.timeout(timeout):
                    await self.wait_over(runs, until)
            except TimeoutError:
                raise TimeoutError(
                    f"the runs have not ended in {timeout:g} s; they continue"
                ) from None
        return await self.results(runs)

    async def wait_over(self, runs: Sequence[RunId], until: Until = Until.ALL) -> None:
        """Return when the runs have ended as `until` says."""
        expected = {run: self._completions.expect(run) for run in dict.fromkeys(runs)}
        try:
            live = await self._store.live_among(runs)
            if not await self._is_enough(runs, live, until):
                await self._completions.wait({run: expected[run] for run in live}, until)
        finally:
            for run, future in expected.items():
                self._completions.forget(run, future)

    async def _is_enough(self, runs: Sequence[RunId], live: Sequence[RunId], until: Until) -> bool:
        """Whether the runs that have ended already are enough."""
        over = set(runs) - set(live)
        if until is Until.ALL or not over:
            return not live
        if until is Until.ANY:
            return True
        return any(result and result.is_done for result in await self._store.results(list(over)))

    async def count_children(self, parent: Session, team: TeamTask) -> Counter[RunStatus]:
        """How many of a team's tasks have each status."""
        children = await self._store.child_runs(parent.key)
        statuses = {child.key: child.status for child in children}
        return Counter(statuses.get(key, RunStatus.UNREADABLE) for key in team.keys)

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        return self._engine.listen(run, on_text)

    async def resume(self, name: str) -> Spawned:
        row = await self.find(name)
        live = Filter(tree=row.session.key, is_live=True, every_run=True)
        await self._check_able(await self._store.rows(live))
        resumed, *_ = await whole(lambda: self._go_on(row.session.key))
        for each in oldest_first(await self._store.rows(live)):
            await self._submit(each)
        return Spawned(resumed.session.key, resumed.run.id, is_new=False)

    async def _go_on(self, session: SessionKey) -> list[Row]:
        rows = await self._store.go_on(session, self._engine.owner)
        for row in rows:
            await self._submit(row)
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

    async def _check_able(self, rows: Sequence[Row]) -> None:
        """Refuse to continue here what this process would only break.

        Raises:
            CannotContinue: it lacks something that a run needs which no living process executes.
        """
        for row in rows:
            if row.run.status.is_over or not (lack := self._engine.lacks(row)):
                continue
            now = await self._store.rows(Filter(run=row.run.id))
            if now and (now[0].run.status.is_over or now[0].owner_state is OwnerState.LIVE):
                continue
            raise _cannot_continue(row, lack)

    async def _submit(self, row: Row) -> None:
        """Execute a run here, within its team's limit."""
        await learn_bound(self._engine, self._store, row.session.root)
        self._engine.submit(row)


def _has_files(task: AnyTask) -> bool:
    return any(isinstance(value, File) for value in task.input.values())


def _cannot_continue(row: Row, lack: str) -> CannotContinue:
    return CannotContinue(
        f"{row.session.label} cannot be continued by this process",
        why=lack,
        hint="continue it where it was started; `pagents list` says what a run waits for",
    )


def _may_go_on(found: SpawnOutcome) -> bool:
    """Whether work that was found under its key may have ended over budget.

    What an agent spawned has ended for good: the agent has been told so.
    """
    run = found.run
    if found.is_new or found.session.parent is not None:
        return False
    return run.kind is RunnerKind.TEAM or run.status is RunStatus.OVER_BUDGET
