"""The file under a store: foreign, deleted, replaced, older, newer, read-only, or not there."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pytest

import parallel_agents as pa
from parallel_agents.app.reading import open_reader
from parallel_agents.database_files import DatabaseInUse, check_path_not_in_use
from parallel_agents.errors import StoreReplaced, StoreTooNew, StoreUnreachable
from parallel_agents.settings import Environment, Settings
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.stores.sqlite_connection import newest_version
from parallel_agents.surfaces.cli.main import build
from parallel_agents.testing import RepliesWith
from tests.support.loaded import Loaded, write_program

WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")


def tree_of(folder: Path) -> dict[str, bytes]:
    """Each file in a folder, with what is in it."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def vanish(store: Path) -> None:
    for path in store.parent.glob("store.db*"):
        path.unlink()


def replace(store: Path) -> None:
    shutil.copy(store, store.with_name("copy"))
    store.with_name("copy").replace(store)


def move_home(store: Path) -> None:
    store.parent.rename(store.parent.with_name("moved"))


@pytest.mark.parametrize("change", [vanish, replace, move_home])
def test_a_store_that_is_deleted_or_replaced_is_noticed_before_the_next_call(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    calls: list[str] = []
    home = tmp_path / "home"

    def answer(_: object) -> str:
        calls.append("paid")
        if len(calls) == 1:
            change(home / "store.db")
        return "Done."

    model = RepliesWith(answer)

    with pytest.raises(StoreReplaced) as raised:
        pa.run(
            [pa.Task(WRITER, f"tea {n}", key=str(n)) for n in range(30)],
            max_parallel=1,
            model="scripted/m",
            models={"scripted": lambda _: model},
            home=home,
        )

    assert raised.value.code == "PA-E409"
    assert len(calls) == 1
    assert "while this process was using it" in raised.value.message
    assert not (home / "store.db").exists() or change is replace


async def test_waiters_hear_of_a_store_that_is_gone_although_nobody_writes(tmp_path: Path) -> None:
    told = asyncio.get_running_loop().create_future()
    store = await SqliteStore.open(tmp_path / "store.db")
    store.on_failure(told.set_result)
    try:
        vanish(tmp_path / "store.db")

        async with asyncio.timeout(30):
            assert isinstance(await told, StoreReplaced)
    finally:
        await store.aclose()


def make_foreign(path: Path, *, is_wal: bool = False, application: int = 0) -> None:
    with closing(sqlite3.connect(path)) as sql:
        if is_wal:
            sql.execute("PRAGMA journal_mode = WAL")
        sql.execute(f"PRAGMA application_id = {application}")
        sql.execute("CREATE TABLE places (url TEXT)")
        sql.commit()


@pytest.mark.parametrize("is_wal", [False, True])
@pytest.mark.parametrize("application", [0, 252006674])
async def test_nothing_is_written_into_another_programs_database(
    tmp_path: Path, is_wal: bool, application: int
) -> None:
    make_foreign(tmp_path / "store.db", is_wal=is_wal, application=application)
    before = tree_of(tmp_path)

    with pytest.raises(StoreUnreachable, match="is not a store of pagents") as refused:
        await SqliteStore.open(tmp_path / "store.db")

    assert "nothing was written" in refused.value.why
    assert tree_of(tmp_path) == before


@pytest.mark.parametrize("content", [b"x", b"hello", b"\0" * 512, b"SQLite format 3"])
async def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "store.db").write_bytes(content)

    with pytest.raises(StoreUnreachable):
        await SqliteStore.open(tmp_path / "store.db")

    assert tree_of(tmp_path) == {"store.db": content}


async def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "store.db").touch()

    store = await SqliteStore.open(tmp_path / "store.db")
    await store.aclose()

    with closing(sqlite3.connect(tmp_path / "store.db")) as sql:
        assert sql.execute("PRAGMA application_id").fetchone() == (0x50414753,)


def fill(home: Path, key: str = "team") -> None:
    model = RepliesWith(lambda _: "Done.")
    pa.run(
        [pa.Task(WRITER, "tea", key="tea")],
        key=key,
        model="scripted/m",
        models={"scripted": lambda _: model},
        home=home,
    )


READS = (
    ("list", "--all"),
    ("show", "team"),
    ("history", "team"),
    ("cost",),
    ("audit",),
    ("dlq", "list"),
    ("limits", "list"),
    ("doctor",),
)


def run_command(*arguments: str) -> None:
    build(arguments)(args=list(arguments), prog_name="pagents", standalone_mode=False)


def set_version(store: Path, version: int) -> None:
    with closing(sqlite3.connect(store)) as sql:
        sql.execute(f"PRAGMA user_version = {version}")
        sql.commit()


@pytest.mark.parametrize("command", READS, ids=lambda command: command[0])
def test_a_store_of_a_newer_version_can_be_read_and_is_left_as_it_is(
    tmp_path: Path, command: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    fill(tmp_path)
    set_version(tmp_path / "store.db", newest_version() + 1)
    before = (tmp_path / "store.db").read_bytes()

    run_command(*command, "--home", str(tmp_path))

    assert "a newer version of pagents wrote it" in caplog.text
    assert (tmp_path / "store.db").read_bytes() == before


def test_a_store_of_a_newer_version_is_refused_for_writing_with_the_version_to_install(
    tmp_path: Path,
) -> None:
    fill(tmp_path)
    set_version(tmp_path / "store.db", newest_version() + 1)

    with pytest.raises(StoreTooNew) as refused:
        fill(tmp_path)

    assert "pip install --upgrade ." in refused.value.hint


def make_old(store: Path) -> None:
    """A store as version 6 wrote it."""
    with closing(sqlite3.connect(store)) as sql:
        sql.executescript((Path(__file__).with_name("data") / "store_0006.sql").read_text("utf-8"))
        sql.execute("PRAGMA user_version = 6")
        sql.commit()


@pytest.mark.parametrize("command", [("list", "--all"), ("cost",), ("audit",), ("dlq", "list")])
def test_a_store_of_an_older_version_is_read_without_an_upgrade(
    tmp_path: Path, command: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    make_old(tmp_path / "store.db")
    before = tree_of(tmp_path)

    run_command(*command, "--home", str(tmp_path))

    assert "has version 6: it is read as it is" in caplog.text
    assert tree_of(tmp_path) == before


def test_an_upgrade_keeps_a_copy_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    make_old(tmp_path / "store.db")

    fill(tmp_path, key="new")

    copy = tmp_path / "store.db.v6.bak"
    assert f"from version 6 to {newest_version()}; a copy as it was is in {copy}" in caplog.text
    assert copy.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(copy)) as sql:
        assert sql.execute("PRAGMA user_version").fetchone() == (6,)
        assert sql.execute("SELECT COUNT(*) FROM purses").fetchone() is not None


async def test_a_reader_that_has_ended_holds_the_file_no_longer(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    await asyncio.to_thread(fill, tmp_path)
    set_version(store, newest_version() + 1)

    async with open_reader(Environment(home=tmp_path, variables={}), Settings()) as reader:
        with pytest.raises(DatabaseInUse):
            check_path_not_in_use(store)

    assert reader is not None
    check_path_not_in_use(store)


def test_a_second_upgrade_does_not_overwrite_the_first_copy(tmp_path: Path) -> None:
    for name in ("store.db.v6.bak", "store.db"):
        make_old(tmp_path / name)

    fill(tmp_path, key="new")

    assert (tmp_path / "store.db.v6-2.bak").exists()


# Runs the command that follows it where the folder cannot be written, by root neither.
READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'


class Medium(NamedTuple):
    """A medium that cannot be written, as the program `pagents` sees it."""

    folder: Path
    pagents: Path

    def run(self, home: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command on a home that lies on it."""
        return subprocess.run(
            [self.pagents, *arguments, "--home", self.folder / home],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(scope="module")
def medium(tmp_path_factory: pytest.TempPathFactory, loaded: Loaded | None) -> Iterator[Medium]:
    """With two homes: one that was closed, and one with a change in its log only."""
    folder = tmp_path_factory.mktemp("medium")
    programs = tmp_path_factory.mktemp("programs")
    fill(folder / "closed")
    make_left(folder / "closed", folder / "left")
    under = ("unshare", "-rm", "sh", "-c", READ_ONLY, str(folder))
    if subprocess.run([*under, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespaces here")
    if loaded is None:
        command = shlex.join([*under, sys.executable, "-m", "parallel_agents"])
        write_program(programs / "pagents", f'exec {command} "$@"')
        yield Medium(folder, programs / "pagents")
        return
    inside = Loaded(under=under)
    inside.install(programs)
    yield Medium(folder, programs / "pagents")
    inside.close()


def make_left(closed: Path, left: Path) -> None:
    """A copy of a home as a process leaves it that is killed after a change."""
    home = left.with_name("open")
    shutil.copytree(closed, home)
    with closing(sqlite3.connect(home / "store.db")) as sql:
        sql.execute("PRAGMA wal_autocheckpoint = 0")
        sql.execute("UPDATE sessions SET label = 'only in the log'")
        sql.commit()
        shutil.copytree(home, left, ignore=shutil.ignore_patterns("*-shm"))


@pytest.mark.parametrize("command", READS, ids=lambda command: command[0])
def test_a_read_only_home_can_be_read(medium: Medium, command: tuple[str, ...]) -> None:
    done = medium.run("closed", *command)

    expected = 10 if command == ("doctor",) else 0  # which says that nothing can be started there
    assert (done.returncode, "PA-E" in done.stderr) == (expected, False), done.stderr


def test_what_is_in_the_log_of_a_read_only_home_only_is_read_too(medium: Medium) -> None:
    done = medium.run("left", "list", "--all")

    assert "only in the log" in done.stdout


def test_a_read_only_home_refuses_a_command_that_writes(medium: Medium) -> None:
    done = medium.run("closed", "kill", "team", "--yes")

    assert "PA-E403" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("command", "exit_code"),
    [
        *((command, 0) for command in (("list",), ("cost",), ("audit",), ("dlq", "list"))),
        *((command, 0) for command in (("limits", "list"), ("doctor",))),
        *(((verb, "x"), 2) for verb in ("show", "history", "wait", "kill", "resume")),
        *(((verb, "x", "text"), 2) for verb in ("send", "steer")),
    ],
)
def test_a_command_on_a_home_that_is_not_there_says_so_and_makes_none(
    tmp_path: Path, programs: Path, command: tuple[str, ...], exit_code: int
) -> None:
    home = tmp_path / "mistyped"

    done = subprocess.run(
        [programs / "pagents", *command, "--home", str(home)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert f"no store in {home}" in done.stdout + done.stderr
    assert bool(done.returncode) is bool(exit_code)
    assert not home.exists()


def test_a_home_that_was_named_is_made_and_that_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(partial(fill, tmp_path / "new"), "abcdef"))

    assert caplog.text.count(f"made the folder {tmp_path / 'new'}, with a new store") == 1
