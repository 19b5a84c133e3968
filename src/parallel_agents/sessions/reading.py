"""Reading: the verbs that only look, on a store alone; whoever only reads loads nothing else."""

from __future__ import annotations

import builtins
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import Result, RunnerKind
from parallel_agents.core.store import Store
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.usage import Spend
from parallel_agents.engines.team_bounds import kept_team
from parallel_agents.sessions import names
from parallel_agents.sessions.completions import Completions
from parallel_agents.sessions.event_names import EventNames
from parallel_agents.sessions.following import follow
from parallel_agents.sessions.letters import letters_of


class StoreReads:
    """See `core.verbs.SessionReads` for what each verb promises."""

    def __init__(self, store: Store, completions: Completions) -> None:
        self._store = store
        self._completions = completions

    async def find(self, name: str) -> Row:
        return await names.find(self._store, name)

    async def list(self, chosen: Filter | None = None) -> builtins.list[Row]:
        return await self._store.rows(chosen or Filter())

    async def child_runs(self, parent: SessionKey) -> builtins.list[ChildRun]:
        return await self._store.child_runs(parent)

    async def children_named(
        self, parent: SessionKey, keys: Sequence[str]
    ) -> builtins.list[ChildRun]:
        found = await self._store.children_named(parent, keys)
        return list({name_of(child.key): child for child in found}.values())

    async def spent_below(self, run: RunId) -> Spend:
        return (await self._store.spend_below([run])).get(run, Spend())

    async def batches(self, map: SessionKey, *, after: int = 0) -> builtins.list[Event]:
        kinds = {"batched", "rows_changed"}
        return await self._store.events(session=map, kinds=kinds, after=after, limit=PAGE)

    async def history(
        self, name: str, *, after: int = 0, limit: int = PAGE
    ) -> builtins.list[Event]:
        row = await self.find(name)
        page = await self._store.events(session=row.session.key, after=after, limit=limit)
        return await EventNames(self._store).named(page)

    async def follow(self, name: str, *, after: int = 0) -> AsyncGenerator[Event]:
        row = await self.find(name)
        async with aclosing(follow(self._store, self._completions, row, after=after)) as events:
            async for event in events:
                yield event

    async def members(self, team: Row) -> builtins.list[Row]:
        if not team.run.kind.is_group:
            return [team]
        return await self._store.rows_of(await self.member_runs(team))

    async def member_runs(self, team: Row) -> builtins.list[RunId]:
        if not team.run.kind.is_group:
            return [team.run.id]
        runs = {child.key: child.run for child in await self._store.child_runs(team.session.key)}
        if team.run.kind is RunnerKind.FLOW:
            return list(runs.values())
        keys = (await kept_team(self._store, team.session.key)).keys
        return [runs[key] for key in keys if key in runs]

    async def rows_of(self, runs: Sequence[RunId]) -> builtins.list[Row]:
        return await self._store.rows_of(runs)

    async def results(self, runs: Sequence[RunId]) -> builtins.list[Result]:
        results = await self._store.results(runs)
        return [result for result in results if result is not None]

    async def team_result(self, name: str) -> TeamResult:
        row = await self.find(name)
        return TeamResult(
            key=row.session.spawn_key,
            status=row.run.status,
            results=tuple(await self.results(await self.member_runs(row))),
            session_key=row.session.key,
            seconds=row.run.seconds or 0.0,
        )

    async def questions(self) -> builtins.list[OpenQuestion]:
        questions = await self._store.questions()
        if not questions:
            return questions
        found = await self._store.origins([each.session for each in questions])
        known = [(each, found.get(each.session)) for each in questions]
        return [
            each if origin is None else each._replace(label=origin.label, path=origin.path)
            for each, origin in known
        ]

    async def dead_letters(
        self, chosen: DeadLetterFilter | None = None
    ) -> builtins.list[DeadLetter]:
        return await letters_of(self._store, chosen or DeadLetterFilter())
