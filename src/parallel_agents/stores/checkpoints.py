"""Checkpoints: what was committed is moved from the log into the file, beside the thread that commits.

To move it SQLite waits for the disk, a quarter of a second where others write to it, too. In the
thread that commits, as is its default, no reply would be durable meanwhile, and a kill at that
moment would have all of them paid again.
"""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

from parallel_agents.errors import StoreError
from parallel_agents.stores.sqlite_database import connect

_log = logging.getLogger(__name__)
_EVERY_COMMITS = 256
# Where commits never pause, the log does not come to its end in another thread; 32 MB are enough.
_MOST_PAGES = 8000


class Checkpoints:
    """The checkpoints of one store's file, for the connection that writes to it.

    Args:
        path: the store's file.
        sql: the connection; it makes none any more but of a log that has grown large.
    """

    def __init__(self, path: Path, sql: sqlite3.Connection) -> None:
        sql.execute(f"PRAGMA wal_autocheckpoint = {_MOST_PAGES}")
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="pagents-checkpoint")
        self._under_way: Future[None] | None = None
        self._commits = 0

    def note_commit(self) -> None:
        """A transaction was committed: the log is moved once there are enough of them."""
        self._commits += 1
        is_idle = self._under_way is None or self._under_way.done()
        if self._commits >= _EVERY_COMMITS and is_idle:
            self._commits = 0
            self._under_way = self._thread.submit(self._move)

    def stop(self) -> None:
        """Wait for what is under way, and give the thread back."""
        self._thread.shutdown()

    def _move(self) -> None:
        """Move what can be without waiting for anybody; the rest is for the next time."""
        try:
            with closing(connect(self._path)) as sql:
                sql.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except (sqlite3.Error, StoreError) as error:
            # Nothing is lost, and the next commit meets the same fault and reports it.
            _log.info("the store's log could not be moved into its file: %s", error)
