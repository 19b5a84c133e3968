"""Quotas: how many sessions a parent may still spawn, counted once per transaction."""

from __future__ import annotations

from parallel_agents.core.ids import RunId, short
from parallel_agents.core.store import SessionPlan
from parallel_agents.errors import SpawnRefused
from parallel_agents.errors.caller import SpawnBound, SpawnLimit
from parallel_agents.stores.database import Database


class SpawnQuota:
    """The counts of one transaction; `forget` them when it starts, and when a run in it ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._children: dict[str, int] = {}
        self._requests: dict[str, int] = {}

    def forget(self) -> None:
        self._children.clear()
        self._requests.clear()

    def take(self, plan: SessionPlan, request: RunId) -> None:
        """Count a new session against its parent's policy.

        The total is counted by request from outside, not by tree: a session that lives for years
        may spawn as much for today's message as for its first one. What agents ask of each other
        counts for the request that it goes back to, so that no tree grows by itself without end.

        Raises:
            SpawnRefused: the policy allows no more sessions.
        """
        parent, bounds = plan.session.parent, plan.bounds
        if parent is None:
            return
        if bounds.max_children is not None:
            live = self._count(self._children, parent, "count_live_children")
            if live >= bounds.max_children:
                raise SpawnRefused(
                    f"session {short(parent)} already has {live} live children",
                    why=f"the maximum is {bounds.max_children}",
                    limit=SpawnLimit(SpawnBound.CHILDREN, live, bounds.max_children),
                    hint="wait for some of them, kill some, or raise the setting max_children",
                )
            self._children[parent] = live + 1
        if bounds.max_total is not None:
            spawned = self._count(self._requests, request, "count_spawned")
            existing = spawned + 1  # the session that was asked counts, too
            if existing >= bounds.max_total:
                raise SpawnRefused(
                    f"one request has led to {existing} sessions in {short(plan.session.root)}",
                    why=f"the maximum is {bounds.max_total}",
                    limit=SpawnLimit(SpawnBound.TOTAL, existing, bounds.max_total),
                    hint="send further work to its sessions, or raise the setting max_tree_sessions",
                )
            self._requests[request] = spawned + 1

    def _count(self, counts: dict[str, int], key: str, name: str) -> int:
        if key not in counts:
            found = self._database.one(name, (key,))
            counts[key] = 0 if found is None else found[0]
        return counts[key]
