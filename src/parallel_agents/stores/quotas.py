"""Quotas: how many sessions a parent may still spawn, counted once per transaction."""

from __future__ import annotations

from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.store import SessionPlan
from parallel_agents.errors import SpawnBound, SpawnLimit, SpawnRefused
from parallel_agents.stores.database import Database


class SpawnQuota:
    """The counts of one transaction; `forget` them when it starts, and when a run in it ends."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._children: dict[SessionKey, int] = {}
        self._trees: dict[SessionKey, int] = {}

    def forget(self) -> None:
        self._children.clear()
        self._trees.clear()

    def take(self, plan: SessionPlan) -> None:
        """Count a new session against its parent's policy.

        Raises:
            SpawnRefused: the policy allows no more sessions.
        """
        parent, root, bounds = plan.session.parent, plan.session.root, plan.bounds
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
            existing = self._count(self._trees, root, "count_tree")
            if existing >= bounds.max_total:
                raise SpawnRefused(
                    f"the tree of {short(root)} already has {existing} sessions",
                    why=f"the maximum is {bounds.max_total}",
                    limit=SpawnLimit(SpawnBound.TOTAL, existing, bounds.max_total),
                    hint="send further work to its sessions, or raise the setting max_tree_sessions",
                )
            self._trees[root] = existing + 1

    def _count(self, counts: dict[SessionKey, int], key: SessionKey, name: str) -> int:
        if key not in counts:
            found = self._database.one(name, (key,))
            counts[key] = 0 if found is None else found[0]
        return counts[key]
