"""SpawnQuota: how many sessions a parent may still spawn, counted once for all that share a transaction."""

from __future__ import annotations

import sqlite3

from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.store import SessionPlan
from parallel_agents.errors import SpawnBound, SpawnLimit, SpawnRefused
from parallel_agents.stores.queries import query


class SpawnQuota:
    """The counts of one transaction; `forget` them at its start, and when a run in it has ended."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._children: dict[SessionKey, int] = {}
        self._trees: dict[SessionKey, int] = {}

    def forget(self) -> None:
        self._children.clear()
        self._trees.clear()

    def take(self, plan: SessionPlan) -> None:
        """Take a room for a session that is not there yet.

        Raises:
            SpawnRefused: the parent's policy leaves none.
        """
        parent, root, bounds = plan.session.parent, plan.session.root, plan.bounds
        if parent is None:
            return
        if bounds.max_children is not None:
            live = self._count(self._children, parent, "count_live_children")
            if live >= bounds.max_children:
                raise SpawnRefused(
                    f"session {short(parent)} has {live} of at most {bounds.max_children} live children",
                    limit=SpawnLimit(SpawnBound.CHILDREN, live, bounds.max_children),
                    hint="wait for some of them, kill some, or raise the setting max_children",
                )
            self._children[parent] = live + 1
        if bounds.max_total is not None:
            there = self._count(self._trees, root, "count_tree")
            if there >= bounds.max_total:
                raise SpawnRefused(
                    f"the tree of {short(root)} has {there} of at most {bounds.max_total} sessions",
                    limit=SpawnLimit(SpawnBound.TOTAL, there, bounds.max_total),
                    hint="send further work to its sessions, or raise the setting max_tree_sessions",
                )
            self._trees[root] = there + 1

    def _count(self, counts: dict[SessionKey, int], key: SessionKey, name: str) -> int:
        if key not in counts:
            counts[key] = self._sql.execute(query(name), (key,)).fetchone()[0]
        return counts[key]
