"""Which files nothing but SQLite opens in this process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection

import pytest

from parallel_agents.database_files import (
    DatabaseInUse,
    check_path_not_in_use,
    connect_to,
    open_given,
)
from parallel_agents.errors import InvalidInput
from parallel_agents.files import draft_of, write_private
from parallel_agents.folder import Folder, PathRefused
from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.copying import copy

FILES = ("store.db", "store.db-wal", "store.db-shm")


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Connection]:
    connection = connect_to(tmp_path / "store.db", "mode=rwc")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("CREATE TABLE things (name)")
    yield connection
    connection.close()


@pytest.mark.parametrize("name", FILES)
def test_no_file_of_an_open_database_is_opened_by_a_path_in_a_folder(
    database: Connection, tmp_path: Path, name: str
) -> None:
    with pytest.raises(PathRefused, match="a database that this process is using"):
        Folder(tmp_path).read(name, 1_000_000)


def test_another_name_of_its_file_is_that_file(database: Connection, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").hardlink_to(tmp_path / "store.db")
    (tmp_path / "link.txt").symlink_to(tmp_path / "store.db")

    with pytest.raises(DatabaseInUse):
        check_path_not_in_use(tmp_path / "notes.txt")
    with pytest.raises(DatabaseInUse):
        check_path_not_in_use(tmp_path / "link.txt")


def test_no_open_database_is_read_as_a_given_file_or_replaced_by_a_written_one(
    database: Connection, tmp_path: Path
) -> None:
    with pytest.raises(DatabaseInUse):
        open_given(tmp_path / "store.db")
    with pytest.raises(InvalidInput, match="cannot be written") as refused:
        write_private(tmp_path / "store.db", b"")
    assert refused.value.why == "it is a database that this process is using"
    with pytest.raises(InvalidInput, match="cannot be written"), draft_of(tmp_path / "store.db"):
        pass


def test_a_database_that_was_closed_is_a_file_like_others(tmp_path: Path) -> None:
    with_it = connect_to(tmp_path / "old.db", "mode=rwc")
    with_it.execute("CREATE TABLE things (name)")
    with_it.close()

    assert Folder(tmp_path).read("old.db", 1_000_000).startswith(b"SQLite")


def test_a_workspace_is_made_without_an_open_database(database: Connection, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("tea", "utf-8")
    target = tmp_path / "copy"
    target.mkdir()

    copied = copy(tmp_path, ["notes.txt", *FILES], target, Blobs(tmp_path / "blobs"), ())

    assert [path for path, _ in copied.files] == ["notes.txt"]
    assert copied.skipped == list(FILES)
