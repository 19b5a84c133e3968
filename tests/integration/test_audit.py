"""The chain over a store's events: changes in the file are detected, whoever writes to it."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, closing, suppress
from pathlib import Path

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.audit import Audit, ChainCheck, RowCheck
from parallel_agents.core.event import Entry, Noticed
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.store import Filter, Store
from parallel_agents.core.task import Task
from parallel_agents.stores.chain import check_chain
from parallel_agents.stores.database import Database
from parallel_agents.stores.event_log import Draft, EventLog
from parallel_agents.stores.projection import check_rows
from parallel_agents.stores.queries import read_migrations
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.stores.sqlite_connection import DIALECT, connect, migrate
from parallel_agents.stores.sqlite_database import SqliteDatabase
from parallel_agents.testing import RepliesWith, open_rig, serve

OpenStore = Callable[[], AbstractAsyncContextManager[Store]]

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
PROGRAM = Path(__file__).with_name("crew_program.py")


async def work(store: Store, count: int = 4) -> None:
    """Some runs, one after the other, so that there are many transactions."""
    async with open_rig(RepliesWith(lambda _: "done"), store=store) as rig:
        for n in range(count):
            await (await rig.sessions.spawn(Task(WRITER, f"Page {n}", key=f"page-{n}"))).wait()


def on_file(path: Path, *, head: str = "", is_working: bool = False) -> ChainCheck:
    async def body() -> ChainCheck:
        store = await SqliteStore.open(path)
        try:
            if is_working:
                await work(store)
            return await store.check_chain(head)
        finally:
            await store.aclose()

    return asyncio.run(body())


def rows_of(path: Path) -> RowCheck:
    with closing(SqliteDatabase.open_for_reading(path)) as store:
        return check_rows(Rows(store))


def change(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path)) as store, store:
        for statement in statements:
            assert store.execute(statement).rowcount > 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store in which some work was done; its chain is intact."""
    path = tmp_path / "store.db"
    assert on_file(path, is_working=True).is_intact
    return path


async def test_an_untouched_journal_of_any_store_is_intact(open_store: OpenStore) -> None:
    async with open_store() as store:
        empty = await store.check_chain()
        await work(store)
        found = await store.check_chain(empty.head)

        assert empty.events == 0
        assert empty.links == 0
        assert empty.is_intact
        assert found.is_intact
        assert found.events == len(await store.events()) == 16
        assert 4 < found.links <= 16
        assert (await store.check_chain(found.head.upper())).is_intact
        assert await store.check_rows() == RowCheck(runs=4)
        assert "no link has the given head" in (await store.check_chain("0f" * 32)).fault
        assert len(await store.rows(Filter())) == 4


FIRST = "(SELECT MIN(id) FROM runs)"
ROWS_ALTERED = {
    "status": ("UPDATE runs SET status = 'failed'", "is 'failed'; its events say 'done'"),
    "cost_nanousd": ("UPDATE runs SET cost_nanousd = 7", "is 7; its events say 0"),
    "output_tokens": ("UPDATE runs SET output_tokens = 9", "is 9; its events say 0"),
    "calls": ("UPDATE runs SET calls = 0", "is 0; its events say 1"),
    "attempts": ("UPDATE runs SET attempts = 3", "is 3; its events say 1"),
    "epoch": ("UPDATE runs SET epoch = 2", "is 2; its events say 1"),
    "title": ("UPDATE runs SET title = 'Other'", "is 'Other'; its events say 'Page "),
    "kind": ("UPDATE runs SET kind = 'team'", "is 'team'; its events say 'agent'"),
    "error_code": ("UPDATE runs SET error_code = 'PA-E301'", "is 'PA-E301'; its events say ''"),
    "finished_at": ("UPDATE runs SET finished_at = finished_at - 86400", "; its events say"),
    "row": ("DELETE FROM runs", "is missing, although its events exist"),
}


@pytest.mark.parametrize(("field", "altered"), ROWS_ALTERED.items(), ids=ROWS_ALTERED)
def test_an_altered_row_is_reported_with_its_run_and_field(
    path: Path, field: str, altered: tuple[str, str]
) -> None:
    with closing(sqlite3.connect(path)) as store:
        (first,) = store.execute(f"SELECT {FIRST}").fetchone()
    statement, what = altered
    change(path, f"{statement} WHERE id = '{first}'")

    found = rows_of(path)

    assert on_file(path).is_intact
    assert [(fault.run, fault.field) for fault in found.faults] == [(first, field)]
    assert what in found.faults[0].text


async def test_the_marks_of_killed_sessions_are_compared_with_the_ends_of_their_runs(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"

    store = await SqliteStore.open(path)
    model = RepliesWith(lambda _: "done", latency_seconds=60)
    async with open_rig(model, store=store) as rig:
        handles = [await rig.sessions.spawn(Task(WRITER, "Go.")) for _ in range(2)]
        await handles[0].kill()
        rig.engine.cancel_all()
    rows = [(await store.rows(Filter(session=handle.key)))[0] for handle in handles]
    await store.aclose()
    killed, live = [row.run.id for row in rows]

    assert rows_of(path) == RowCheck(runs=2)
    change(path, "UPDATE sessions SET killed = 1 - killed")
    told = {fault.run: fault.text.partition(": ")[2] for fault in rows_of(path).faults}
    assert told[live] == "killed is set, although its events say that the run is live"
    assert told[killed].startswith("killed is not set, although its events say that ")
    assert told[killed].endswith(" ended the run")


def test_a_row_whose_events_are_damaged_or_missing_is_reported(path: Path) -> None:
    change(path, f"UPDATE events SET body = CAST('{{}}' AS BLOB) WHERE run = {FIRST}")
    assert [fault.what for fault in rows_of(path).faults] == ["cannot all be read"]

    change(path, f"DELETE FROM events WHERE run = {FIRST}")
    assert [fault.what for fault in rows_of(path).faults] == [
        "are missing, although its row exists"
    ]

    change(path, "DELETE FROM sessions")
    assert {f.text.partition(": ")[2] for f in rows_of(path).faults} == {
        "events are missing, although its row exists",
        "killed is missing, and so is its session",
    }


async def test_at_most_ten_rows_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "store.db"

    store = await SqliteStore.open(path)
    await work(store, 12)
    await store.aclose()
    change(path, "UPDATE runs SET calls = 5")

    assert len(rows_of(path).faults) == 10


MIDDLE = "(SELECT first_seq FROM links WHERE number = 5)"
TAMPERED = {
    "a body": (f"UPDATE events SET body = CAST('{{}}' AS BLOB) WHERE seq = {MIDDLE}",),
    "a body as text": (f"UPDATE events SET body = CAST(body AS TEXT) WHERE seq = {MIDDLE}",),
    "a time": (f"UPDATE events SET at = at + 0.001 WHERE seq = {MIDDLE}",),
    "a key": (f"UPDATE events SET key = key || 'x' WHERE seq = {MIDDLE}",),
    "a run": (f"UPDATE events SET run = run || 'x' WHERE seq = {MIDDLE}",),
    "two swapped": (
        f"UPDATE events SET seq = -1 WHERE seq = {MIDDLE}",
        f"UPDATE events SET seq = {MIDDLE} WHERE seq = {MIDDLE} + 1",
        f"UPDATE events SET seq = {MIDDLE} + 1 WHERE seq = -1",
    ),
    "a hash": ("UPDATE links SET hash = zeroblob(32) WHERE number = 5",),
    "the bounds of a link": ("UPDATE links SET last_seq = last_seq + 1 WHERE number = 5",),
}


@pytest.mark.parametrize("statements", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_change_in_the_file_is_reported_with_its_link(
    path: Path, statements: tuple[str, ...]
) -> None:
    change(path, *statements)

    found = on_file(path)

    assert found.fault.startswith("link 5 (events ")
    assert "does not match" in found.fault
    assert found.links == 4


def test_a_deleted_event_is_reported(path: Path) -> None:
    change(path, "DELETE FROM events WHERE seq = 7")

    assert on_file(path).fault.endswith("does not match: event 7 is missing")


def test_a_deleted_link_is_missed_with_and_without_its_events(path: Path) -> None:
    change(path, "DELETE FROM links WHERE number = 5")

    assert "a link between them is missing" in on_file(path).fault

    change(path, "UPDATE links SET number = number - 1 WHERE number > 5")

    assert "no link covers the events between them" in on_file(path).fault


def test_no_link_covers_an_inserted_event(path: Path) -> None:
    change(path, "INSERT INTO events (at, run, key, body) VALUES (1.0, 'r', 'k', x'7b7d')")

    assert "no link covers event 17 and those after it" in on_file(path).fault


def test_a_chain_without_its_beginning_is_not_intact(path: Path) -> None:
    change(path, "DELETE FROM links WHERE number < 5")

    assert on_file(path).fault == "the chain has no beginning"


def test_events_cut_off_the_end_are_missed(path: Path) -> None:
    change(path, "DELETE FROM events WHERE seq > 12")

    assert "event 13 is missing" in on_file(path).fault


def test_links_cut_off_the_end_are_missed_only_with_a_head_that_was_kept(
    path: Path,
) -> None:
    kept = on_file(path).head
    change(
        path,
        "DELETE FROM events WHERE seq >= (SELECT first_seq FROM links WHERE number = 5)",
        "DELETE FROM links WHERE number >= 5",
    )

    assert on_file(path).is_intact
    assert "cut off or rewritten" in on_file(path, head=kept).fault


def test_work_continues_after_a_cut_and_no_link_prevents_it(path: Path) -> None:
    change(path, "DELETE FROM events WHERE seq > 12", "DELETE FROM sessions", "DELETE FROM runs")

    found = on_file(path, is_working=True)

    assert not found.is_intact


def test_a_store_from_before_the_chain_begins_it_at_its_next_event(
    path: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old.db"
    with closing(connect(old)) as before:
        migrate(before, [step for step in read_migrations(DIALECT) if step.name < "0006"])
        before.execute("ATTACH ? AS full", (str(path),))
        before.execute("INSERT INTO events SELECT * FROM full.events WHERE seq <= 9")

    opened = on_file(old)
    found = on_file(old, is_working=True)

    assert opened.before == 9
    assert opened.events == 0
    assert opened.is_intact
    assert found.before == 9
    assert found.events == 16
    assert found.is_intact


class Undone(Exception):
    """Rolls a transaction back."""


def write(
    database: Database, log: EventLog, keys: Sequence[str], *, is_undone: bool = False
) -> None:
    """Write these events in one transaction, as a store does."""
    run, session = RunId("run"), SessionKey("session")
    drafts = [Draft(run, session, Entry(key, Noticed(text=key))) for key in keys]
    with suppress(Undone), database.writing():
        log.begin()
        log.write_new(drafts)
        log.seal()
        if is_undone:
            raise Undone


def test_a_transaction_that_was_rolled_back_leaves_no_trace_in_the_chain(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with (
        closing(SqliteDatabase.open_for_writing(path)) as ours,
        closing(SqliteDatabase.open_for_writing(path)) as theirs,
    ):
        mine, other = EventLog(ours, time.time), EventLog(theirs, time.time)
        write(ours, mine, ["a"])
        write(ours, mine, ["b", "c"], is_undone=True)
        write(theirs, other, ["d", "e"])
        write(ours, mine, ["f"])
        write(ours, mine, ["g"])
        write(theirs, other, ["h"])
        write(theirs, other, ["i"], is_undone=True)
        write(theirs, other, ["j"])

        found = check_chain(ours)

    assert found.is_intact, found.fault
    assert found.events == 7
    assert found.links == 6


def test_several_processes_write_one_chain(tmp_path: Path, programs: Path) -> None:
    with serve() as provider:
        crews = [
            subprocess.Popen(
                [programs / "python", PROGRAM, tmp_path, provider.base_url, key, "20", "5"],
                stdout=subprocess.DEVNULL,
            )
            for key in ("north", "south", "east")
        ]
        codes = [crew.wait(timeout=50) for crew in crews]

    found = on_file(tmp_path / "store.db")

    assert codes == [0, 0, 0]
    assert found.is_intact, found.fault
    assert rows_of(tmp_path / "store.db") == RowCheck(runs=3 * 21)
    assert found.events >= 3 * 20 * 4
    with closing(sqlite3.connect(tmp_path / "store.db")) as store:
        (written,) = store.execute("SELECT COUNT(*) FROM events").fetchone()
    assert found.events == written


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def audit(programs: Path, path: Path) -> Command:
    """`pagents audit` of the store."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [programs / "pagents", "audit", *arguments, "--home", path.parent],
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )

    return run


def test_the_command_reports_rows_that_contradict_their_events(path: Path, audit: Command) -> None:
    change(path, f"UPDATE runs SET status = 'failed', input_tokens = 5 WHERE id = {FIRST}")

    told = audit("--verify")
    (item,) = orjson.loads(audit("--verify", "--json").stdout)["items"]

    assert told.returncode == 1
    assert "status is 'failed'; its events say 'done'" in told.stdout
    assert "input_tokens is 5; its events say 0" in told.stdout
    assert "ok    16 events" in told.stdout
    assert item["is_intact"] is False
    assert item["fault"] == ""
    assert item["runs"] == 4
    assert [fault["field"] for fault in item["row_faults"]] == ["input_tokens", "status"]


def test_the_command_lists_and_verifies(path: Path, audit: Command) -> None:
    listed = audit()
    intact = audit("--verify")
    head = intact.stdout.split()[-1]
    kept = audit("--head", head)
    change(path, "DELETE FROM events WHERE seq = 7")
    broken = audit("--verify")

    assert listed.stdout.count("spawn") == listed.stdout.count("accept") == 4
    assert intact.returncode == 0
    assert kept.returncode == 0
    assert broken.returncode == 1
    assert "intact (16 events, " in intact.stdout
    assert "event 7 is missing" in broken.stdout
    assert audit("--head", "beef").returncode == 2
    assert audit("writer", "--verify").returncode == 2


def audited(path: Path, *, head: str = "", is_full: bool = False) -> Audit:
    async def body() -> Audit:
        store = await SqliteStore.open(path)
        try:
            return await (store.verify_all if is_full else store.verify_new)(head)
        finally:
            await store.aclose()

    return asyncio.run(body())


def work_more(path: Path) -> None:
    """Two runs more than there are."""

    async def body() -> None:
        store = await SqliteStore.open(path)
        try:
            await work(store, len(await store.rows(Filter())) + 2)
        finally:
            await store.aclose()

    asyncio.run(body())


def test_a_second_audit_begins_where_the_first_ended(path: Path) -> None:
    first = audited(path)
    work_more(path)
    second, full = audited(path), audited(path, is_full=True)

    assert first.earlier is None
    assert second.earlier is not None
    assert second.earlier.events == first.chain.events
    assert second.is_intact
    assert full.earlier is None
    assert (second.chain, second.rows) == (full.chain, full.rows)
    assert second.chain.events > first.chain.events


LATE = "(SELECT MAX(number) FROM links)"


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE links SET hash = zeroblob(32) WHERE number = {LATE}",
        "UPDATE events SET at = at + 0.001 WHERE seq = (SELECT MAX(seq) FROM events)",
        "DELETE FROM events WHERE seq = (SELECT MAX(seq) FROM events)",
    ],
)
def test_a_change_after_the_first_audit_is_found(path: Path, statement: str) -> None:
    audited(path)
    work_more(path)
    change(path, statement)

    assert not audited(path).is_intact


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("DELETE FROM events WHERE seq = 7", "event 7 is missing"),
        ("UPDATE events SET body = body || ' ' WHERE seq = 7", "does not match"),
        ("UPDATE runs SET status = 'failed'", "status is 'failed'; its events say 'done'"),
        ("UPDATE runs SET calls = 5", "calls is 5; its events say 1"),
        ("DELETE FROM runs", "row is missing, although its events exist"),
    ],
)
def test_what_an_audit_verified_is_verified_again_if_it_looks_different(
    path: Path, statement: str, fault: str
) -> None:
    assert audited(path).is_intact
    change(path, statement)

    found = audited(path)

    assert found.earlier is None
    assert fault in found.faults[0]


def test_only_a_full_audit_finds_an_old_change_that_leaves_no_trace(path: Path) -> None:
    audited(path)
    change(path, "UPDATE events SET at = at + 0.001 WHERE seq = 7")

    assert audited(path).is_intact
    assert "does not match" in audited(path, is_full=True).faults[0]


def test_a_head_from_before_the_last_audit_is_looked_for_in_the_whole_chain(path: Path) -> None:
    kept = audited(path).chain.head
    work_more(path)
    audited(path, is_full=True)
    work_more(path)

    assert audited(path, head=kept).is_intact
    assert "no link has the given head" in audited(path, head="0f" * 32).faults[0]


def test_no_checkpoint_is_kept_of_a_journal_that_is_not_intact(path: Path) -> None:
    change(path, "DELETE FROM events WHERE seq = 7")
    audited(path)

    with closing(sqlite3.connect(path)) as store:
        assert store.execute("SELECT COUNT(*) FROM checkpoints").fetchone() == (0,)
