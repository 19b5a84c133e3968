"""Checkpoints: a second thread moves committed pages from SQLite's log into its file.

A checkpoint waits for the disk, for up to a quarter of a second while others write to it. SQLite's
default runs it in the thread that commits: no reply would become durable meanwhile, and after a
crash at that moment all of them would have to be paid for again.
"""

from __future__ import annotations

import logging
import sqlite3
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

from parallel_agents.errors import StoreError
from parallel_agents.stores.own_thread import OwnThread
from parallel_agents.stores.sqlite_connection import connect

_log = logging.getLogger(__name__)
_EVERY_COMMITS = 256
# While commits never pause, another thread cannot empty the log; this bounds it to 32 MB.
_MOST_PAGES = 8000


class Checkpoints:
    """The checkpoints of one store's file, for the connection that writes to it.

    Args:
        path: the store's file.
        sql: the connection; its own checkpoints now run only once the log has grown large.
    """

    def __init__(self, path: Path, sql: sqlite3.Connection) -> None:
        sql.execute(f"PRAGMA wal_autocheckpoint = {_MOST_PAGES}")
        self._path = path
        self._thread = OwnThread("pagents-checkpoint")
        self._under_way: Future[None] | None = None
        self._commits = 0

    def note_commit(self) -> None:
        """Count a commit, and start a checkpoint after a number of them."""
        self._commits += 1
        is_idle = self._under_way is None or self._under_way.done()
        if self._commits >= _EVERY_COMMITS and is_idle:
            self._commits = 0
            self._under_way = self._thread.submit(self._move)

    def stop(self) -> None:
        """Wait for a running checkpoint, and end the thread."""
        self._thread.shutdown()

    def _move(self) -> None:
        """Move what can be moved without waiting for other users; the next call moves the rest."""
        try:
            with closing(connect(self._path, must_exist=True)) as sql:
                sql.execute("PRAGMA wal_checkpoint(PASSIVE)")
        except (sqlite3.Error, StoreError) as error:
            # Nothing is lost; the next commit meets the same fault and reports it.
            _log.info("could not checkpoint the store's write-ahead log: %s", error)
