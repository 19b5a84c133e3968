"""The store's clock agrees between processes, and follows the wall clock only while nobody works."""

from __future__ import annotations

import pytest

from parallel_agents import clock
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.owner import Owner
from parallel_agents.stores.journal import Journal
from parallel_agents.stores.sqlite_database import SqliteDatabase
from parallel_agents.stores.store_clock import read_clock

HOUR = 3600.0

pytestmark = pytest.mark.skipif(not clock.boot_id(), reason="the system names no start")


def shift(database: SqliteDatabase, seconds: float) -> None:
    """Make the kept offset differ from the wall clock's, as if that had been set since."""
    with database.writing():
        now = clock.wall() - clock.steady() - seconds
        database.run("put_boot", {"id": clock.boot_id(), "offset": now})


def begin_work(database: SqliteDatabase) -> None:
    journal = Journal(database, clock.wall)
    with database.writing():
        journal.owners.heartbeat(Owner(id=OwnerId("me"), host="here", pid=1))


def test_a_new_store_begins_at_the_wall_clock() -> None:
    made = read_clock(SqliteDatabase.in_memory())

    assert abs(made.now() - clock.wall()) < 1


def test_a_step_of_the_wall_clock_is_not_followed_while_a_process_works() -> None:
    database = SqliteDatabase.in_memory()
    shift(database, HOUR)
    begin_work(database)

    later = read_clock(database)

    assert abs(clock.wall() - later.now() - HOUR) < 1


def test_a_step_of_the_wall_clock_is_followed_once_no_process_works() -> None:
    database = SqliteDatabase.in_memory()
    shift(database, HOUR)

    later = read_clock(database)

    assert abs(later.now() - clock.wall()) < 1


def test_nothing_grows_old_because_the_wall_clock_was_set_forward() -> None:
    database = SqliteDatabase.in_memory()
    shift(database, HOUR)

    later = read_clock(database)

    assert abs(later.now() - later.least_now() - HOUR) < 1
