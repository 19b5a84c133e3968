"""`pagents store`: a store is looked at, pruned, copied, shrunk and checked, by hand and by itself."""

from __future__ import annotations

import signal
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parallel_agents.stores.queries import read_migrations
from parallel_agents.stores.sqlite_connection import DIALECT

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents

WRITER = ("spawn", "content_writer_funny")
BEFORE_CARE = 17  # the last migration before stores could be pruned
DUMP = Path(__file__).parents[1] / "integration" / "data" / "store_0006.sql"


def verified(pagents: Pagents) -> str:
    audit = pagents("audit", "--verify")
    assert audit.code == 0, audit.err
    return audit.out


@pytest.fixture
def old(pagents: Pagents) -> Pagents:
    """A home whose store an earlier version wrote, long ago."""
    with closing(sqlite3.connect(pagents.home / "store.db")) as store:
        store.executescript(DUMP.read_text("utf-8"))
        for migration in read_migrations(DIALECT):
            if 6 < migration.number <= BEFORE_CARE:
                store.executescript(migration.sql)
        store.execute(f"PRAGMA user_version = {BEFORE_CARE}")
    return pagents


def test_a_store_is_looked_at_pruned_copied_shrunk_and_checked(pagents: Pagents) -> None:
    one, other = (pagents(*WRITER, f"About {n}.").out.strip() for n in range(2))
    pagents("wait", one, other)

    stats = pagents("store", "stats")
    young = pagents("store", "prune", "--keep-last", "0", "--dry-run")
    planned = pagents("store", "prune", one, "--dry-run")
    listed = pagents.items("list")
    pruned = pagents("store", "prune", one)
    copied = pagents("store", "backup", "copies/copy.db")
    again = pagents("store", "backup", "copies/copy.db")
    shrunk = pagents("store", "vacuum")
    checked = pagents("store", "check")

    assert "2 trees, 2 sessions, 2 runs in" in stats.out
    assert young.out == "Nothing is old enough, or all of it has to stay.\n"
    assert "1 tree would be removed, which cost $0.001" in planned.out
    assert len(listed) == 2
    assert "1 tree removed: 1 session, 1 run, 4 events" in pruned.out
    assert "(4 events, verified)" in copied.out
    assert (again.code, "copy.db exists" in again.err) == (2, True)
    assert (shrunk.code, checked.code) == (0, 0)
    assert "4 events were pruned on " in verified(pagents)
    (pagents.folder / "copies" / "copy.db").rename(pagents.home / "store.db")
    for name in ("store.db-wal", "store.db-shm"):
        (pagents.home / name).unlink(missing_ok=True)
    assert pagents("show", other).code == 0


def test_an_old_store_is_upgraded_pruned_and_verified(old: Pagents) -> None:
    planned = old("store", "prune", "--older-than", "1d", "--dry-run")
    pruned = old("store", "prune", "--older-than", "1d")
    shrunk = old("store", "vacuum", "--while-running")

    assert "3 trees would be removed" in planned.out
    assert "upgrading store" in pruned.err
    assert "1 stay: each has a dead letter" in pruned.out
    assert "3 trees removed: 3 sessions, 4 runs, 17 events" in pruned.out
    assert shrunk.code == 0
    assert "17 events were pruned on " in verified(old)


def test_a_worker_that_stays_removes_what_the_retention_does_not_keep(old: Pagents) -> None:
    old.configure("retention_days = 1")
    (before,) = old.query("SELECT COUNT(*) FROM sessions")

    worker = old.start("work", "--stay")
    old.wait_until(lambda: old.query("SELECT COUNT(*) + 3 FROM sessions") == [before])
    worker.signal(signal.SIGTERM)

    assert worker.ended().code == 0
    assert "by retention" in verified(old)
