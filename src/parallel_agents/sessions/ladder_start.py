"""LadderStart: start work on the tier of its ladder that, by earlier runs, costs least."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from parallel_agents.core.agent import Start
from parallel_agents.core.event import Event
from parallel_agents.core.store import Filter, SessionPlan, Store
from parallel_agents.core.tiers import Record, describe_start, records_of, start_of

# A tier that is skipped drops out of this window of runs, and so is tried again after a while.
RUNS = 50
REFRESH_SECONDS = 60.0


class LadderStart:
    """Learns from the runs of each agent whose `start` is `learned`.

    Args:
        store: holds the runs.
        now: returns seconds; only differences count.
    """

    def __init__(self, store: Store, now: Callable[[], float]) -> None:
        self._store = store
        self._now = now
        self._known: dict[str, tuple[float, Mapping[str, Record]]] = {}

    async def apply(self, plan: SessionPlan) -> SessionPlan:
        """The plan without the lowest tiers of its ladder, if an attempt on them does not pay off."""
        agent, queued = plan.session.agent, plan.queued
        if agent.start is not Start.LEARNED or len(queued.ladder) < 2:
            return plan
        records = await self._records(agent.name)
        start = start_of(queued.ladder, records)
        if not start:
            return plan
        ladder = queued.ladder[start:]
        why = describe_start(queued.ladder, start, records)
        return replace(plan, model=ladder[0], queued=replace(queued, ladder=ladder, start=why))

    async def _records(self, agent: str) -> Mapping[str, Record]:
        """How the agent's last runs ended on each tier, at most a minute old."""
        now = self._now()
        read_at, known = self._known.get(agent, (float("-inf"), {}))
        if now - read_at < REFRESH_SECONDS:
            return known
        chosen = Filter(agent=agent, is_live=False, every_run=True, limit=RUNS)
        rows = await self._store.rows(chosen)
        runs: list[list[Event]] = []
        for row in rows:
            events = await self._store.events(session=row.session.key)
            runs.append([event for event in events if event.run == row.run.id])
        self._known[agent] = (now, records_of(runs))
        return self._known[agent][1]
