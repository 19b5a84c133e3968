"""Views: the journal and the limits of models at a distance; see `core.inspection`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from urllib.parse import quote

from parallel_agents.core.audit import Audit
from parallel_agents.core.budget import BudgetAccountState
from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import PAGE, Snapshot
from parallel_agents.core.notification import Unsent
from parallel_agents.core.overview import Cost, Origin
from parallel_agents.core.owner import Owner
from parallel_agents.core.rates import RateLimit
from parallel_agents.core.row import Row
from parallel_agents.core.store_care import Pages
from parallel_agents.core.throttle import Throttle
from parallel_agents.core.vitals import Vitals
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.forms import SignForm
from parallel_agents.gateway_client.reads import in_parts
from parallel_agents.gateway_client.wire import (
    AUDIT,
    BUDGET,
    COSTS,
    COUNT_EVENTS,
    COUNT_ROWS,
    COUNT_UNANSWERED,
    EVENTS,
    HEALTH,
    LAST_EVENTS,
    LAST_SEQ,
    ORIGINS,
    OWNERS,
    PAGES,
    SNAPSHOT,
    THROTTLES,
    UNSENT,
    VERIFY,
    VITALS,
    Asked,
)

_LOOKED_AT, _NAMES, _EVENTS = 200, 200, 200


class RemoteJournal:
    """See `core.inspection.Journal`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def look(self, rows: Sequence[Row]) -> Snapshot:
        """How sessions are doing; those runs are looked at which the rows have."""
        runs = [row.run.id for row in rows]
        parts = list(in_parts(runs, _LOOKED_AT)) or [()]
        found = [
            await self._exchange.look(SNAPSHOT, Asked(look=SNAPSHOT.name, names=part))
            for part in parts
        ]
        whole = found[0]
        for each in found[1:]:
            whole = replace(
                whole,
                live={**whole.live, **each.live},
                tallies={**whole.tallies, **each.tallies},
                spent={**whole.spent, **each.spent},
                seconds_before={**whole.seconds_before, **each.seconds_before},
                left={**whole.left, **each.left},
                last={**whole.last, **each.last},
                last_steps={**whole.last_steps, **each.last_steps},
                last_times={**whole.last_times, **each.last_times},
                silences={**whole.silences, **each.silences},
                asked={**whole.asked, **each.asked},
                needs_below={**whole.needs_below, **each.needs_below},
                retries={**whole.retries, **each.retries},
                former=whole.former | each.former,
                uncounted=whole.uncounted | each.uncounted,
            )
        return replace(whole, rows=rows)

    async def owners(self) -> list[Owner]:
        return await self._exchange.look(OWNERS, Asked(look=OWNERS.name))

    async def events(
        self,
        *,
        after: int = 0,
        session: SessionKey | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int = PAGE,
    ) -> list[Event]:
        asked = Asked(look=EVENTS.name, session=session, tree=tree, kinds=_kinds(kinds))
        found: list[Event] = []
        while len(found) < limit:
            part = min(_EVENTS, limit - len(found))
            page = await self._exchange.look(EVENTS, replace(asked, after=after, limit=part))
            found += page
            if len(page) < part:
                break
            after = page[-1].seq
        return found

    async def last_events(
        self,
        *,
        before: int | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int = PAGE,
    ) -> list[Event]:
        asked = Asked(look=LAST_EVENTS.name, tree=tree, kinds=_kinds(kinds))
        found: list[Event] = []
        while len(found) < limit:
            part = min(_EVENTS, limit - len(found))
            page = await self._exchange.look(LAST_EVENTS, replace(asked, before=before, limit=part))
            found = page + found
            if len(page) < part:
                break
            before = page[0].seq
        return found

    async def vitals(self, *, since: float) -> Vitals:
        return await self._exchange.look(VITALS, Asked(look=VITALS.name, since=since))

    async def last_seq(self) -> int:
        return await self._exchange.look(LAST_SEQ, Asked(look=LAST_SEQ.name))

    async def pages(self) -> Pages:
        return await self._exchange.look(PAGES, Asked(look=PAGES.name))

    async def unsent(self, *, since: float) -> Unsent:
        return await self._exchange.look(UNSENT, Asked(look=UNSENT.name, since=since))

    async def health(self) -> list[SignForm]:
        """What runs there, and what of it needs a person."""
        return await self._exchange.look(HEALTH, Asked(look=HEALTH.name))

    async def count_events(
        self, *, before: int | None = None, tree: SessionKey | None = None
    ) -> int:
        asked = Asked(look=COUNT_EVENTS.name, before=before, tree=tree)
        return await self._exchange.look(COUNT_EVENTS, asked)

    async def count_rows(self, chosen: Filter) -> int:
        return await self._exchange.look(COUNT_ROWS, Asked(look=COUNT_ROWS.name, rows=chosen))

    async def costs(
        self,
        *,
        tree: SessionKey | None = None,
        since: float | None = None,
        tag: str | None = None,
    ) -> list[Cost]:
        asked = Asked(look=COSTS.name, tree=tree, since=since, tag=tag)
        return await self._exchange.look(COSTS, asked)

    async def count_unanswered(
        self,
        *,
        tree: SessionKey | None = None,
        since: float | None = None,
        tag: str | None = None,
    ) -> int:
        asked = Asked(look=COUNT_UNANSWERED.name, tree=tree, since=since, tag=tag)
        return await self._exchange.look(COUNT_UNANSWERED, asked)

    async def budget(self, session: SessionKey) -> BudgetAccountState | None:
        return await self._exchange.look(BUDGET, Asked(look=BUDGET.name, session=session))

    async def origins(self, sessions: Sequence[SessionKey]) -> dict[SessionKey, Origin]:
        found: dict[SessionKey, Origin] = {}
        for part in in_parts(sessions, _NAMES):
            found |= await self._exchange.look(ORIGINS, Asked(look=ORIGINS.name, names=part))
        return found

    async def verify_all(self, head: str = "") -> Audit:
        """What the gateway finds; a head that was kept elsewhere need not believe it."""
        return await self._verify(head, is_full=True)

    async def verify_new(self, head: str = "") -> Audit:
        """The same, of what came after the last audit there."""
        return await self._verify(head, is_full=False)

    async def _verify(self, head: str, *, is_full: bool) -> Audit:
        query = {"head": head, "full": "true" if is_full else "false"}
        while True:  # it answers at the latest after half a minute; a large journal takes longer
            answer = await self._exchange.get(VERIFY, query=query)
            if (found := self._exchange.read(AUDIT, answer)) is not None:
                return found.audit


class RemoteLimits:
    """See `core.inspection.ModelLimits`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def throttles(self) -> list[Throttle]:
        return await self._exchange.look(THROTTLES, Asked(look=THROTTLES.name))

    async def set_limit(self, model: str, limit: RateLimit) -> Throttle:
        body = {
            "requests_per_minute": limit.requests_per_minute,
            "tokens_per_minute": limit.tokens_per_minute,
        }
        await self._exchange.change(_path_of(model), body, method="PUT")
        return await self._throttle(model)

    async def reset_limit(self, model: str) -> Throttle:
        await self._exchange.change(_path_of(model), method="DELETE")
        return await self._throttle(model)

    async def _throttle(self, model: str) -> Throttle:
        """The throttle of a model; a new one once nothing is known of it any more."""
        found = {each.model: each for each in await self.throttles()}
        return found.get(model) or Throttle(model=model)


def _path_of(model: str) -> str:
    return f"/limits/{quote(model, safe='')}"


def _kinds(kinds: Collection[str] | None) -> tuple[str, ...] | None:
    return None if kinds is None else tuple(sorted(kinds))
