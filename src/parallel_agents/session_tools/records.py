"""Records: what the tools ask of the store besides the verbs: how sessions are doing, what they cost, who was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from parallel_agents.core.attention import Attention
from parallel_agents.core.deliveries import DeliveryStore
from parallel_agents.core.event_store import OnEvents, Unsubscribe
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import Journal
from parallel_agents.core.row import Row
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.usage import Spend


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What a process can look up.

    Attributes:
        journal: how sessions are doing, and what they cost.
        deliveries: which results clients were given.
        subscribe: calls a function with each batch of new events, whoever wrote them.
    """

    journal: Journal
    deliveries: DeliveryStore
    subscribe: Callable[[OnEvents], Unsubscribe]

    async def needs(self, rows: Sequence[Row]) -> dict[RunId, JsonObject]:
        """The fields `needs` and `asks` of each of these runs that has some."""
        if not rows:
            return {}
        seen = await self.journal.look(rows)
        found = {
            row.run.id: seen.needs_of(row, seen.silences.get(row.run.id))
            for row in rows
            if not row.run.status.is_over
        }
        return {
            run: needs_fields(needs.sessions, "" if needs.first is None else needs.first.told)
            for run, needs in found.items()
            if needs.sessions
        }

    async def spent(self, session: SessionKey) -> Spend:
        """What all runs of a session and of everything below it used, as a report of costs sums it."""
        costs = await self.journal.costs(tree=session)
        return sum((each.spend for each in costs), Spend())


def needs_fields(sessions: Mapping[Attention, int], asks: str) -> JsonObject:
    """How many of a run's sessions need a person, by what for, and what the first of them asks; none for none."""
    if not sessions:
        return {}
    return {"needs": {kind.value: count for kind, count in sessions.items()}, "asks": asks}
