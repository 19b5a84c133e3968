"""Every command works on every store: a record that cannot be read is shown as such and skipped."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

import parallel_agents as pa
from parallel_agents.app.opening import open_app
from parallel_agents.core.ids import RunId
from parallel_agents.core.store import Filter
from parallel_agents.engines import ownership
from parallel_agents.errors import PagentsError
from parallel_agents.settings import Settings, read_environment
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.surfaces.cli.main import build
from parallel_agents.testing import RepliesWith
from tests.integration.filled_home import WRITER, fill
from tests.support.shares import share_of

SEEDS = range(40)
COMMANDS = (
    ("list", "--all"),
    ("list", "--all", "--json"),
    ("list", "team"),
    ("show", "team"),
    ("show", "team", "--json"),
    ("history", "team"),
    ("history", "team", "--json"),
    ("cost",),
    ("cost", "--json"),
    ("audit",),
    ("audit", "--json"),
    ("dlq", "list"),
    ("limits", "list"),
    ("doctor",),
)
# A value of another type, of no known name, or cut off, for any column.
ODD = (
    None,
    "x",
    "",
    -1,
    2**62,
    1e300,
    0.5,
    b"",
    b"{",
    b"\xff\xfe",
    b'{"kind":"teleported"}',
    b"[]",
)
COLUMNS = (
    *(("agents", name) for name in ("body", "format")),
    *(
        ("sessions", name)
        for name in ("agent", "label", "options", "created_at", "depth", "killed")
    ),
    *(("runs", name) for name in ("kind", "status", "title", "model", "number", "owner", "epoch")),
    *(("runs", name) for name in ("calls", "input_tokens", "cost_nanousd", "created_at")),
    *(("runs", name) for name in ("started_at", "finished_at", "error_code", "idle_seconds")),
    *(("events", name) for name in ("body", "at", "key")),
    *(("owners", name) for name in ("host", "pid", "role", "state", "heartbeat_at")),
    *(("budget_accounts", name) for name in ("limit_nanousd", "on_limit", "spent_tokens")),
    *(("dead_letters", name) for name in ("agent", "code", "at", "retried_by")),
    ("throttles", "body"),
    *(("links", name) for name in ("first_seq", "last_seq", "hash")),
)


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a team of which one task failed, and a run that is queued."""
    home = tmp_path_factory.mktemp("intact")
    fill(home)
    return home


def damage(store: Path, seed: int) -> str:
    """Change one value of a store, or one byte of an event; say what was changed."""
    rng = random.Random(seed)
    table, column = rng.choice(COLUMNS)
    with closing(sqlite3.connect(store, isolation_level=None)) as sql:
        sql.execute("PRAGMA ignore_check_constraints = ON")
        if seed % 3 == 0:
            seq, body = rng.choice(sql.execute("SELECT seq, body FROM events").fetchall())
            at = rng.randrange(len(body))
            changed = body[:at] + bytes([rng.randrange(256)]) + body[at + rng.randrange(1, 9) :]
            sql.execute("UPDATE events SET body = ? WHERE seq = ?", (changed, seq))
            return f"event {seq}: byte {at}"
        value = rng.choice(ODD)
        try:
            sql.execute(f"UPDATE {table} SET {column} = ?", (value,))
        except sqlite3.IntegrityError:
            return "nothing: the column takes no NULL, or the key would be there twice"
        return f"{table}.{column} = {value!r}"


def refusal_of(arguments: Sequence[str]) -> str:
    """Carry out a command in this process; return the code of its refusal, if it refuses."""
    try:
        build(arguments)(args=list(arguments), prog_name="pagents", standalone_mode=False)
    except PagentsError as error:
        return error.code
    return ""


@pytest.mark.parametrize("seed", SEEDS)
def test_every_command_reads_a_damaged_store(
    intact: Path, tmp_path: Path, pytestconfig: pytest.Config, seed: int
) -> None:
    home = tmp_path / "home"
    shutil.copytree(intact, home)
    what = damage(home / "store.db", seed)
    # Over the seeds each command is run on a third of the damages.
    for command in share_of(COMMANDS, pytestconfig, one_in=3, first=seed):
        # Nobody can be found by a name that is damaged.
        refusals = {"", "PA-E104", "PA-E105"} if "team" in command else {""}
        assert refusal_of([*command, "--home", str(home)]) in refusals, (what, command)


@pytest.mark.parametrize("seed", range(0, len(SEEDS), 4))
def test_an_engine_on_a_damaged_store_does_its_own_work(
    intact: Path, tmp_path: Path, seed: int
) -> None:
    home = tmp_path / "home"
    shutil.copytree(intact, home)
    damage(home / "store.db", seed)
    model = RepliesWith(lambda _: "Done.")

    team = pa.run(
        [pa.Task(WRITER, "fog")],
        key="mine",
        timeout=20,
        model="scripted/m",
        models={"scripted": lambda _: model},
        home=home,
    )

    assert team.status is pa.RunStatus.DONE


async def test_a_damaged_child_takes_nothing_from_its_team(intact: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(intact, home)
    with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as sql:
        sql.execute("UPDATE sessions SET options = '{' WHERE spawn_key = 'tea'")

    store = await SqliteStore.open(home / "store.db")
    try:
        (team,) = await store.rows(Filter(roots_only=True, prefix="team"))
        children = await store.child_runs(team.session.key)
    finally:
        await store.aclose()

    assert {child.key for child in children} == {"tea", "rain"}


def test_a_run_of_a_newer_version_is_left_to_it(intact: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(intact, home)
    with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as sql:
        (run,) = sql.execute("SELECT id FROM runs WHERE status = 'queued'").fetchone()
        seq = sql.execute("SELECT MAX(seq) + 1 FROM events").fetchone()[0]
        body = b'{"kind":"teleported"}'
        sql.execute("INSERT INTO events VALUES (?, 0, ?, 'teleported', ?)", (seq, run, body))

    async def work() -> list[object]:
        async with open_app(read_environment(home), Settings(model="sim/calm")) as app:
            async with asyncio.timeout(60):
                await app.wait_quiet(ownership.HEARTBEAT_SECONDS * 2)
            rows = await app.sessions.list(Filter(run=RunId(run)))
            return [(row.run.status, row.run.owner) for row in rows]

    assert asyncio.run(work()) == [(pa.RunStatus.QUEUED, None)]


def test_a_damaged_schema_is_said_though_sqlite_quotes_it(intact: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(intact, home)
    with closing(sqlite3.connect(home / "store.db", isolation_level=None)) as sql:
        sql.execute("PRAGMA writable_schema = ON")
        sql.execute(
            "UPDATE sqlite_master SET sql = CAST(x'435245415445bdbd' AS TEXT) WHERE name = 'runs'"
        )

    found = {refusal_of([*command, "--home", str(home)]) for command in COMMANDS[:-1]}

    assert found == {"PA-E401"}
