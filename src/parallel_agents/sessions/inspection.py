"""Inspection on a store: pages of events, snapshots of sessions, and the limits of models."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from parallel_agents.core.audit import Audit
from parallel_agents.core.budget import BudgetAccountState, account_of
from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import PAGE, Snapshot
from parallel_agents.core.notification import Unsent
from parallel_agents.core.overview import Cost, Origin
from parallel_agents.core.owner import Owner
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.row import Row
from parallel_agents.core.store import Store
from parallel_agents.core.store_care import Pages
from parallel_agents.core.stuck_rules import STUCK_RULES, StuckRules
from parallel_agents.core.throttle import Throttle
from parallel_agents.core.vitals import Vitals


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
        return await self._store.look(rows, self._rules, self._now())

    async def vitals(self, *, since: float) -> Vitals:
        return await self._store.vitals(self._rules, since=since, now=self._now())

    async def pages(self) -> Pages:
        return await self._store.pages()

    async def unsent(self, *, since: float) -> Unsent:
        return await self._store.unsent(since)

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
