"""Faults of a store's file: a full disk, no permission, other content, other versions."""

from __future__ import annotations

import logging
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from typing_extensions import override

from parallel_agents.core.ids import OwnerId
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Filter
from parallel_agents.errors import StoreError, StoreTooNew, StoreUnreachable
from parallel_agents.stores.queries import Migration, read_migrations
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.stores.sqlite_connection import DIALECT, connect, migrate
from parallel_agents.stores.sqlite_database import SqliteDatabase
from parallel_agents.stores.sqlite_file import wal_of
from parallel_agents.testing import Behaviour, Hang, serve
from parallel_agents.testing.behaviour import Fault, Reply, last_text

PROGRAM = Path(__file__).with_name("crew_program.py")
PATIENCE_SECONDS = 30.0
NOBODY = "http://127.0.0.1:9/v1"
PARTS, AT_ONCE = 60, 8
TASKS = [f"Part {n} of crew." for n in range(PARTS)]

# No file of this process may be larger; the journal comes to that in the middle of the work.
LIMIT_FILES = (
    "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (800_000, 800_000)); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)
# A disk of 1.2 MB at $0, for this command alone; what is on it at the end is copied to $1.
ON_A_SMALL_DISK = """
    mount -t tmpfs -o size=1200k none "$0" || exit 99
    copy="$1"; shift; "$@"; code=$?
    cp -R "$0/." "$copy" && exit $code
"""
OWN_MOUNTS = ("unshare", "--map-root-user", "--mount")
# To root no permission is refused as long as it has its privileges.
UNPRIVILEGED = ("setpriv", "--bounding-set=-all") if os.geteuid() == 0 else ()

Command = Sequence[str | Path]
# Without -B a limit on files would cut the bytecode that Python keeps beside its modules.
PYTHON = (sys.executable, "-B")


class Ended(NamedTuple):
    code: int
    told: list[tuple[str, str, str]]
    log: str
    at: float


def run_crew(python: Command, home: Path, base_url: str = NOBODY) -> Ended:
    """Let the program run to its end, by a command that begins an interpreter."""
    done = subprocess.run(
        [*python, PROGRAM, home, base_url, "crew", str(PARTS), str(AT_ONCE)],
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    ended_at = time.time()
    told = orjson.loads(done.stdout or b"[]")
    results = [(label, status, output) for label, status, output in told]
    return Ended(done.returncode, results, done.stderr.decode(), ended_at)


def kept_replies(home: Path) -> set[str]:
    """The tasks whose reply is in the store."""
    with closing(sqlite3.connect(home / "store.db")) as store:
        kept = store.execute(
            "SELECT title FROM runs JOIN events ON run = id WHERE key = 'turn-1/model'"
        ).fetchall()
    return {title for (title,) in kept}


def fill_files(home: Path, base_url: str) -> Ended:
    """The program's end where its files may not grow beyond 800 kB."""
    return run_crew((sys.executable, "-c", LIMIT_FILES, *PYTHON), home, base_url)


def fill_disk(home: Path, base_url: str) -> Ended:
    """The program's end on a disk that is too small; the store is moved to a larger one."""
    copy = home.with_name("copy")
    home.mkdir(mode=0o700)
    copy.mkdir()
    if shutil.which(OWN_MOUNTS[0]) is None or subprocess.call([*OWN_MOUNTS, "true"]) != 0:
        pytest.skip("a disk of our own takes a mount namespace, which this machine does not give")
    end = run_crew((*OWN_MOUNTS, "sh", "-c", ON_A_SMALL_DISK, home, copy, *PYTHON), home, base_url)
    shutil.copytree(copy, home, dirs_exist_ok=True)
    return end


@pytest.mark.parametrize("fill", [fill_disk, fill_files])
def test_when_the_disk_is_full_every_waiter_learns_it_and_only_lost_calls_are_made_again(
    tmp_path: Path, programs: Path, fill: Callable[[Path, str], Ended]
) -> None:
    home = tmp_path / "home"

    def hang_at_first(number: int, body: JsonObject) -> Fault | None:
        return Hang() if number <= AT_ONCE and last_text(body) == TASKS[0] else None

    def at_length(body: JsonObject) -> Reply:
        return last_text(body) * 1000

    with serve(Behaviour(answer=at_length, fault=hang_at_first)) as provider:
        full = fill(home, provider.base_url)
        kept = kept_replies(home)
        first_time, last_answer = (
            len(provider.requests),
            max(request.finished_at or 0.0 for request in provider.requests),
        )
        resumed = run_crew((programs / "python",), home, provider.base_url)
    asked_again = Counter(last_text(r.body) for r in provider.requests[first_time:])

    assert full.code == 1
    assert "PA-E402" in full.log
    assert "Traceback" not in full.log
    assert full.at - last_answer < 5  # one call hangs, and nobody waits for it
    assert 0 < len(kept) < PARTS
    assert resumed.code == 0
    assert resumed.told == [(f"part-{n}", "done", text * 1000) for n, text in enumerate(TASKS)]
    assert asked_again == dict.fromkeys(set(TASKS) - kept, 1)


async def make_store(path: Path) -> None:
    await (await SqliteStore.open(path)).aclose()


@pytest.mark.parametrize("what", ["file", "folder", "folder of no store"])
async def test_a_read_only_store_is_reported_and_left_as_it_is(tmp_path: Path, what: str) -> None:
    if UNPRIVILEGED and shutil.which(UNPRIVILEGED[0]) is None:
        pytest.skip("permissions mean nothing to root, and setpriv is not there")
    file = tmp_path / "home" / "store.db"
    file.parent.mkdir()
    if what != "folder of no store":
        await make_store(file)
    before = {each: each.read_bytes() for each in file.parent.iterdir()}
    locked = file if what == "file" else file.parent
    locked.chmod(0o555)

    end = run_crew((*UNPRIVILEGED, *PYTHON), file.parent)

    locked.chmod(0o755)
    assert end.code == 1
    assert f"PA-E403 store {file} cannot be written" in end.log
    assert "Traceback" not in end.log
    assert {each: each.read_bytes() for each in before} == before


async def error_of_opening(path: Path) -> StoreError:
    with pytest.raises(StoreError) as met:
        await make_store(path)
    return met.value


async def test_a_file_that_is_not_a_store_is_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    file.write_text("Dear diary, " * 100, "utf-8")

    error = await error_of_opening(file)

    assert isinstance(error, StoreUnreachable)
    assert error.message == f"{file} is not a store of pagents"
    assert error.why == "it is not a SQLite database; nothing was written into it"
    assert file.read_text("utf-8") == "Dear diary, " * 100


def look_elsewhere(file: Path) -> None:
    """Read a database in another process, which deletes the log unless somebody else uses it."""
    look = (
        "import sqlite3, sys; sql = sqlite3.connect(sys.argv[1]); sql.execute('SELECT * FROM runs')"
    )
    subprocess.run([sys.executable, "-I", "-c", f"{look}; sql.close()", file], check=True)


async def test_another_opening_in_this_process_leaves_the_log_to_it(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    store = await SqliteStore.open(file)
    try:
        await make_store(file)
        look_elsewhere(file)
        has_log = wal_of(file).exists()
    finally:
        await store.aclose()

    assert has_log


async def test_a_folder_in_place_of_the_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "store.db"
    folder.mkdir()

    error = await error_of_opening(folder)

    assert isinstance(error, StoreUnreachable)
    assert error.message == f"store {folder} cannot be used"


async def test_a_file_in_place_of_the_folder_is_an_error_that_names_it(tmp_path: Path) -> None:
    file = tmp_path / "home"
    file.touch()

    error = await error_of_opening(file / "store.db")

    assert isinstance(error, StoreUnreachable)
    assert str(file / "store.db") in error.message


async def test_a_store_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    await make_store(file)
    known = read_migrations(DIALECT)[-1].number
    with closing(sqlite3.connect(file)) as store:
        store.execute(f"PRAGMA user_version = {known + 1}")
    before = file.read_bytes()

    error = await error_of_opening(file)

    assert isinstance(error, StoreTooNew)
    assert f"the store has version {known + 1}; pagents" in error.message
    assert f"writes versions up to {known}" in error.message
    assert "pip install --upgrade ." in error.hint
    assert file.read_bytes() == before


async def test_a_process_writes_nothing_more_into_a_store_that_a_newer_version_has_migrated(
    tmp_path: Path,
) -> None:
    file = tmp_path / "store.db"
    store = await SqliteStore.open(file)
    try:
        with closing(sqlite3.connect(file)) as newer:
            newer.execute(f"PRAGMA user_version = {read_migrations(DIALECT)[-1].number + 1}")

        with pytest.raises(StoreTooNew, match="upgraded while this process was running") as caught:
            await store.mark_dead(OwnerId("other"))

        assert await store.rows(Filter()) == []
    finally:
        await store.aclose()
    assert "restart" in str(caught.value.hint)


def test_opening_a_store_waits_for_a_process_that_is_creating_it(tmp_path: Path) -> None:
    file = tmp_path / "store.db"
    with (
        closing(sqlite3.connect(file, isolation_level=None)) as maker,
        ThreadPoolExecutor(1) as threads,
    ):
        maker.execute("BEGIN IMMEDIATE")
        opening = threads.submit(connect, file)
        with pytest.raises(TimeoutError):
            opening.result(timeout=0.2)

        maker.execute("COMMIT")

        with closing(opening.result(timeout=PATIENCE_SECONDS)) as store:
            assert store.execute("PRAGMA journal_mode").fetchone() == ("wal",)


OLD_STORE = Path(__file__).with_name("data") / "store_0006.sql"
FIRST = read_migrations(DIALECT)[:1]
NEXT = Migration(
    read_migrations(DIALECT)[-1].number + 1,
    "next.sql",
    "ALTER TABLE runs ADD COLUMN colour TEXT NOT NULL DEFAULT 'red';\n"
    "CREATE INDEX runs_by_colour ON runs (colour);\n",
)


def rows_of(
    store: sqlite3.Connection, columns: dict[str, list[str]]
) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of the tables, in these columns."""
    return {
        table: store.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()
        for table, names in columns.items()
    }


def columns_of(store: sqlite3.Connection) -> dict[str, list[str]]:
    tables = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return {
        table: [name for _, name, *_ in store.execute(f"PRAGMA table_info({table})")]
        for (table,) in tables
    }


def version_of(store: sqlite3.Connection) -> int:
    return store.execute("PRAGMA user_version").fetchone()[0]


def write_first_version(file: Path) -> dict[str, list[str]]:
    """A store as the first version wrote it, filled from a later one; the columns of its tables."""
    with closing(connect(file)) as old, closing(sqlite3.connect(":memory:")) as later:
        migrate(old, FIRST)
        later.executescript(OLD_STORE.read_text("utf-8"))
        columns = columns_of(old)
        rows = rows_of(later, columns)
        for table, names in columns.items():
            marks = ", ".join("?" * len(names))
            old.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", rows[table]
            )
        return columns


async def look(path: Path) -> list[tuple[str, str]]:
    """The labels and outputs in a store."""
    store = await SqliteStore.open(path)
    try:
        rows = await store.rows(Filter())
        results = await store.results([row.run.id for row in rows])
        return [(result.label, str(result.output)) for result in results if result]
    finally:
        await store.aclose()


async def test_a_store_of_the_first_version_is_brought_up_to_the_newest_with_all_that_is_in_it(
    tmp_path: Path,
) -> None:
    file = tmp_path / "store.db"
    columns = write_first_version(file)
    with closing(connect(file)) as store:
        before = rows_of(store, columns)
        heartbeats = store.execute("SELECT beat_at FROM owners").fetchall()

    found = await look(file)

    assert ("reader", "done: depth: 42") in found
    assert len(found) == 17
    assert all(before.values())
    columns["owners"].remove("beat_at")
    columns["runs"].remove("kind")
    with closing(connect(file)) as store, closing(sqlite3.connect(":memory:")) as old:
        assert version_of(store) == read_migrations(DIALECT)[-1].number
        migrate(store, [*read_migrations(DIALECT), NEXT])
        migrate(store, [*read_migrations(DIALECT), NEXT])
        old.executescript(OLD_STORE.read_text("utf-8"))
        assert rows_of(store, columns) == rows_of(old, columns)
        assert store.execute("SELECT heartbeat_at FROM owners").fetchall() == heartbeats
        kinds = store.execute("SELECT kind, COUNT(*) FROM runs GROUP BY kind").fetchall()
        assert kinds == [("agent", 19), ("team", 2)]
        assert set(store.execute("SELECT colour FROM runs")) == {("red",)}


def test_a_migration_that_fails_leaves_the_store_as_it_is(tmp_path: Path) -> None:
    broken = NEXT._replace(sql=f"{NEXT.sql}ALTER TABLE nowhere ADD COLUMN colour TEXT;\n")
    with closing(connect(tmp_path / "store.db")) as store:
        migrate(store)
        columns = columns_of(store)

        with pytest.raises(sqlite3.OperationalError, match="no such table: nowhere"):
            migrate(store, [*read_migrations(DIALECT), broken])

        assert version_of(store) == read_migrations(DIALECT)[-1].number
        assert columns_of(store) == columns
        assert not store.in_transaction


def test_a_disk_that_is_full_at_the_first_opening_is_reported_as_full(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "store.db")) as store:
        store.execute("PRAGMA max_page_count = 2")

        with pytest.raises(sqlite3.OperationalError) as met:
            migrate(store)

        assert met.value.sqlite_errorcode == sqlite3.SQLITE_FULL


def test_a_new_store_is_what_the_migrations_make() -> None:
    with closing(sqlite3.connect(":memory:")) as new, closing(sqlite3.connect(":memory:")) as made:
        migrate(new)
        migrate(made, read_migrations(DIALECT))

        assert master_of(new) == master_of(made)
        assert rows_of(new, columns_of(made)) == rows_of(made, columns_of(made))
        assert version_of(new) == version_of(made)
        assert application_of(new) == application_of(made)


def application_of(store: sqlite3.Connection) -> int:
    return store.execute("PRAGMA application_id").fetchone()[0]


def master_of(store: sqlite3.Connection) -> list[tuple[str, ...]]:
    """Tables and indexes with the SQL that made them, without the spaces that ALTER changes."""
    master = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
    return [
        (
            kind,
            name,
            table,
            re.sub(r"\s*([,()])\s*", r"\1", " ".join(str(sql).replace(chr(34), "").split())),
        )
        for kind, name, table, sql in store.execute(master)
    ]


class Heard(logging.Handler):
    """Sets an event at the first record."""

    def __init__(self) -> None:
        super().__init__()
        self.event = threading.Event()

    @override
    def emit(self, record: logging.LogRecord) -> None:
        del record
        self.event.set()


def locked(path: Path) -> tuple[SqliteDatabase, sqlite3.Connection]:
    """A store that waits 20 ms at a time, and the connection of another program that holds it."""
    with closing(connect(path)) as made:
        migrate(made)
    waiting = sqlite3.connect(path, timeout=0.02, isolation_level=None, check_same_thread=False)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return SqliteDatabase(path, waiting), other


def test_a_store_that_another_program_locks_for_long_is_waited_for(tmp_path: Path) -> None:
    database, other = locked(tmp_path / "store.db")
    heard, log = Heard(), logging.getLogger("parallel_agents.stores.sqlite_database")
    log.addHandler(heard)

    def write() -> None:
        with database.writing():
            database.run("put_boot", {"id": "a", "offset": 1.0})

    try:
        with ThreadPoolExecutor() as pool:
            written = pool.submit(write)
            was_told = heard.event.wait(PATIENCE_SECONDS)
            was_waiting = not written.done()
            other.execute("ROLLBACK")
            written.result(PATIENCE_SECONDS)
    finally:
        log.removeHandler(heard)
        other.close()

    assert was_told
    assert was_waiting
    assert database.one("boot", ("a",)) is not None
    database.close()
