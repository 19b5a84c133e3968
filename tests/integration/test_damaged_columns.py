"""Any value in any column: every command that reads shows the rest of the store."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from parallel_agents.app.opening import open_app
from parallel_agents.errors import PagentsError
from parallel_agents.settings import Settings, read_environment
from parallel_agents.surfaces.cli.main import build
from tests.integration.filled_home import fill
from tests.support.shares import share_of

# The last one is text that is not UTF-8.
VALUES = ("NULL", "''", "'x'", "x'fffe'", "-1", str(2**62), "'[]'", "'{'", "CAST(x'fffe' AS TEXT)")
COMMANDS = (
    ("list", "--all"),
    ("list", "--all", "--json"),
    ("list", "team"),
    ("show", "team"),
    ("show", "team", "--json"),
    ("show", "snow"),
    ("history", "team/tea"),
    ("history", "team/tea", "--json"),
    ("cost",),
    ("cost", "--json"),
    ("audit",),
    ("audit", "--verify"),
    ("dlq", "list"),
    ("limits", "list"),
)
# Nobody can be found by a name that is damaged.
REFUSALS = {"PA-E104", "PA-E105"}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a team of which one task failed, and a run that is queued."""
    home = tmp_path_factory.mktemp("intact")
    fill(home)
    with closing(sqlite3.connect(home / "store.db")) as sql:
        sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return home


def columns_of(store: Path) -> Iterator[tuple[str, str]]:
    with closing(sqlite3.connect(store)) as sql:
        tables = sql.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for _, column, *_ in sql.execute(f"PRAGMA table_info({table})").fetchall():
                yield table, column


def damage(store: Path, table: str, column: str, value: str) -> bool:
    """Replace one value of the last row of a table; False if SQLite itself refuses."""
    with closing(sqlite3.connect(store, isolation_level=None)) as sql:
        sql.execute("PRAGMA ignore_check_constraints = ON")
        key = ", ".join(
            name
            for _, name, _, _, _, place in sql.execute(f"PRAGMA table_info({table})")
            if place > 0
        )
        last = f"SELECT {key} FROM {table} ORDER BY {key} DESC LIMIT 1"
        try:
            sql.execute(f"UPDATE {table} SET {column} = {value} WHERE ({key}) = ({last})")
        except sqlite3.IntegrityError:
            return False
        return True


def outcome_of(arguments: Sequence[str]) -> str:
    """Carry out a command in this process; return the code of its refusal, if it refuses."""
    try:
        build(arguments)(args=list(arguments), prog_name="pagents", standalone_mode=False)
    except PagentsError as error:
        return error.code
    return ""


@pytest.mark.timeout(900)  # with --long
def test_a_reading_command_reads_around_any_value(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], pytestconfig: pytest.Config
) -> None:
    store = tmp_path / "store.db"
    unexpected: list[tuple[object, ...]] = []
    damages = [(*column, value) for column in columns_of(home / "store.db") for value in VALUES]
    # Each column has one or two of the nine values, and each value every seventh column.
    for turn, (table, column, value) in enumerate(share_of(damages, pytestconfig, one_in=7)):
        for left in tmp_path.glob("store.db*"):
            left.unlink()
        shutil.copyfile(home / "store.db", store)
        if not damage(store, table, column, value):
            continue
        # The commands take turns: what they read, they read by the same few queries.
        for command in share_of(COMMANDS, pytestconfig, one_in=len(COMMANDS), first=turn):
            try:
                refusal = outcome_of([*command, "--home", str(tmp_path)])
            except Exception as error:  # noqa: BLE001 - a traceback, for a user
                unexpected.append((table, column, value, command, repr(error)))
                continue
            if refusal not in {"", *REFUSALS}:
                unexpected.append((table, column, value, command, refusal))
        capsys.readouterr()

    assert unexpected == []


@pytest.mark.parametrize("damaged", ["x'fffe'", "''", "'x'"])
def test_a_team_that_lost_the_record_of_a_task_is_not_done(
    home: Path, tmp_path: Path, damaged: str
) -> None:
    store = tmp_path / "store.db"
    shutil.copyfile(home / "store.db", store)
    with closing(sqlite3.connect(store, isolation_level=None)) as sql:
        sql.execute("UPDATE runs SET status = 'queued', finished_at = NULL WHERE kind = 'team'")
        sql.execute(
            "DELETE FROM events WHERE key = 'finished'"
            " AND run = (SELECT id FROM runs WHERE kind = 'team')"
        )
        sql.execute(
            f"UPDATE runs SET session = {damaged}"
            " WHERE session = (SELECT key FROM sessions WHERE spawn_key = 'tea')"
        )

    async def resume() -> None:
        async with open_app(read_environment(tmp_path), Settings(model="sim/calm")) as app:
            await app.sessions.wait([(await app.sessions.resume("team")).run_id], timeout=20)

    asyncio.run(resume())

    with closing(sqlite3.connect(store)) as sql:
        found = sql.execute("SELECT status, error_code FROM runs WHERE kind = 'team'").fetchall()
    assert found == [("failed", "PA-E408")]
