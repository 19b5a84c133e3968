"""Root count: how many sessions nothing spawned, counted once by each connection and then by what is new."""

from __future__ import annotations

from typing import NamedTuple

from parallel_agents.stores.database import Database


class _Kept(NamedTuple):
    seq: int
    pruning: int | None
    roots: int


class RootCount:
    """What is kept of the count of one store.

    Args:
        most_new: after more new events than this, all are counted anew.
    """

    def __init__(self, most_new: int = 5000) -> None:
        self._most_new = most_new
        self._kept: _Kept | None = None

    def read(self, database: Database) -> int:
        """How many there are now."""
        with database.reading():
            (seq,) = database.one("last_seq") or (0,)
            _, pruning = database.one("last_end") or (None, None)
            kept = self._kept
            if kept and kept.pruning == pruning and 0 <= seq - kept.seq <= self._most_new:
                (new,) = database.one("count_roots_after", (kept.seq,)) or (0,)
                roots = kept.roots + new
            else:
                (roots,) = database.one("count_roots") or (0,)
            self._kept = _Kept(seq, pruning, roots)
            return roots
