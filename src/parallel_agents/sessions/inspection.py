"""Inspection on a store: pages of events, snapshots of sessions, and the limits of models."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from parallel_agents.core.audit import Audit
from parallel_agents.core.budget import BudgetAccountState, account_of
from parallel_agents.core.event import Event, Noticed, Started, Steered
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE, Snapshot
from parallel_agents.core.notification import Unsent
from parallel_agents.core.overview import Cost, Origin
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.question import Question
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunStatus
from parallel_agents.core.silence import Silence, silences_of
from parallel_agents.core.store import Store
from parallel_agents.core.store_care import Pages
from parallel_agents.core.stuck_rules import STUCK_RULES, StuckRules
from parallel_agents.core.throttle import Throttle
from parallel_agents.core.vitals import Vitals

# Enough to say what stopped runs of a team lack, and when the last of them was worked on.
_MEMBERS_LOOKED_AT = 100


class StoreJournal:
    """See `core.inspection.Journal`.

    Args:
        now: returns seconds since the epoch.
        rules: when silence means that a run is stuck.
    """

    def __init__(
        self, store: Store, now: Callable[[], float], rules: StuckRules = STUCK_RULES
    ) -> None:
        self._store = store
        self._now = now
        self._rules = rules

    async def look(self, rows: Sequence[Row]) -> Snapshot:
        store, waiting = self._store, [row for row in rows if _may_wait(row)]
        teams = [row for row in rows if row.run.kind.is_group]
        tallies, spend_below, owners, of_waiting = await asyncio.gather(
            store.tallies([row.session.key for row in teams]),
            store.spend_below([row.run.id for row in teams]),
            store.owners(),
            asyncio.gather(*(self._live_runs(row) for row in waiting)),
        )
        live = {row.session.key: found for row, found in zip(waiting, of_waiting, strict=True)}
        alive = frozenset(owner.id for owner in owners if owner.state is OwnerState.LIVE)
        are_left = [
            team
            for team, of_team in tallies.items()
            if any(not tally.status.is_over and tally.owner not in alive for tally in of_team)
        ]
        shown = _live([*rows, *_all(live.values())])
        last, silences, asked, of_left = await asyncio.gather(
            store.last_bodies([run.id for run in shown if run.status is not RunStatus.QUEUED]),
            self._silences(shown),
            self._asked(shown),
            asyncio.gather(*(self._members_left(team) for team in are_left)),
        )
        left = dict(zip(are_left, of_left, strict=True))
        unowned = [run.id for run in _live([*rows, *_all(left.values())]) if run.owner not in alive]
        last_steps, last_times = await asyncio.gather(
            store.last_steps(
                [run for run, body in last.items() if isinstance(body, Started | Steered | Noticed)]
            ),
            store.last_times(unowned),
        )
        return Snapshot(
            rows=rows,
            live=live,
            tallies=tallies,
            spend_below=spend_below,
            left=left,
            last=last,
            last_steps=last_steps,
            last_times=last_times,
            silences=silences,
            asked=asked,
            alive=alive,
            now=self._now(),
        )

    async def _silences(self, shown: Sequence[Run]) -> dict[RunId, Silence]:
        if not shown:
            return {}
        now = self._now()
        among = [run.id for run in shown if run.status is RunStatus.RUNNING]
        silent, gaps = await self._store.silent_runs(self._rules, now, among)
        return {each.run: silence for each, silence in silences_of(silent, gaps, self._rules, now)}

    async def _asked(self, shown: Sequence[Run]) -> dict[RunId, Question]:
        if not shown:
            return {}
        newest_first = reversed(await self._store.questions())
        return {each.run: each.question for each in newest_first}

    async def vitals(self, *, since: float) -> Vitals:
        return await self._store.vitals(self._rules, since=since, now=self._now())

    async def pages(self) -> Pages:
        return await self._store.pages()

    async def unsent(self, *, since: float) -> Unsent:
        return await self._store.unsent(since)

    async def _live_runs(self, row: Row) -> list[Row]:
        chosen = Filter(session=row.session.key, is_live=True, every_run=True)
        return sorted(await self._store.rows(chosen), key=lambda found: found.run.number)

    async def _members_left(self, team: SessionKey) -> list[Row]:
        return await self._store.rows(
            Filter(parent=team, asker=team, is_live=True, limit=_MEMBERS_LOOKED_AT)
        )

    async def owners(self) -> list[Owner]:
        return await self._store.owners()

    async def events(
        self,
        *,
        after: int = 0,
        session: SessionKey | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int = PAGE,
    ) -> list[Event]:
        return await self._store.events(
            after=after, session=session, tree=tree, kinds=kinds, limit=limit
        )

    async def last_events(
        self,
        *,
        before: int | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int = PAGE,
    ) -> list[Event]:
        return await self._store.last_events(before=before, tree=tree, kinds=kinds, limit=limit)

    async def count_events(
        self, *, before: int | None = None, tree: SessionKey | None = None
    ) -> int:
        return await self._store.count_events(before=before, tree=tree)

    async def last_seq(self) -> int:
        return await self._store.last_seq()

    async def count_rows(self, chosen: Filter) -> int:
        return await self._store.count_rows(chosen)

    async def costs(
        self,
        *,
        tree: SessionKey | None = None,
        since: float | None = None,
        tag: str | None = None,
    ) -> list[Cost]:
        return await self._store.costs(tree=tree, since=since, tag=tag)

    async def count_unanswered(
        self,
        *,
        tree: SessionKey | None = None,
        since: float | None = None,
        tag: str | None = None,
    ) -> int:
        return await self._store.count_unanswered(tree=tree, since=since, tag=tag)

    async def budget(self, session: SessionKey) -> BudgetAccountState | None:
        return await self._store.account(account_of(session))

    async def origins(self, sessions: Sequence[SessionKey]) -> dict[SessionKey, Origin]:
        return await self._store.origins(sessions)

    async def verify_all(self, head: str = "") -> Audit:
        return await self._store.verify_all(head)

    async def verify_new(self, head: str = "") -> Audit:
        return await self._store.verify_new(head)


class StoreLimits:
    """See `core.inspection.ModelLimits`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def throttles(self) -> list[Throttle]:
        return await self._store.throttles()

    async def set_limit(self, model: str, limit: RateLimit) -> Throttle:
        def change(found: Throttle) -> tuple[Throttle, None]:
            before = found.limit or NO_LIMIT
            requests = limit.requests_per_minute or before.requests_per_minute
            tokens = limit.tokens_per_minute or before.tokens_per_minute
            both = RateLimit(requests_per_minute=requests, tokens_per_minute=tokens)
            return replace(found, limit=both), None

        return (await self._store.change_throttle(model, change))[0]

    async def reset_limit(self, model: str) -> Throttle:
        return (await self._store.change_throttle(model, lambda found: (found.reset(None), None)))[
            0
        ]


def _may_wait(row: Row) -> bool:
    """Whether the latest run of a session may wait for an earlier one."""
    return row.run.status is RunStatus.QUEUED and row.run.number > 1


def _live(rows: Sequence[Row]) -> list[Run]:
    return [row.run for row in rows if not row.run.status.is_over]


def _all(groups: Collection[Sequence[Row]]) -> list[Row]:
    return [row for group in groups for row in group]
