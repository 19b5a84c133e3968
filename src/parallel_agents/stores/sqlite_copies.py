"""Copies: a store is copied while others write to it, checked, and only then has its name."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from parallel_agents.errors import BackupFailed, InvalidInput, NoRoom
from parallel_agents.files import check_target, make_private_folders
from parallel_agents.lock import hold_nowait
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.sqlite_connection import mapped_errors, newest_version, stored_version
from parallel_agents.stores.sqlite_database import SqliteDatabase
from parallel_agents.stores.sqlite_file import wal_of
from parallel_agents.stores.sqlite_reading import connection_for_reading
from parallel_agents.stores.verification import verify_new

_PAGES_AT_ONCE = 1_000
_HEADS = "SELECT MAX(number), (SELECT hash FROM links ORDER BY number DESC LIMIT 1) FROM links"


class Copied(NamedTuple):
    """A copy that was made.

    Attributes:
        events: how many events of it match the chain; None if another version wrote the store.
        head: the hash of its last link, in hex.
    """

    bytes: int
    events: int | None
    head: str


def copy_store(path: Path, target: Path, on_progress: Callable[[int, int], None]) -> Copied:
    """Copy a store as it is at one moment; writers do not wait for it.

    Args:
        path: the store.
        target: a file that does not exist; it appears once it is whole and checked, and missing folders with it.
        on_progress: called with the pages that are left, and all of them; what it raises ends the copy.

    Raises:
        InvalidInput: the file exists, or cannot be written.
        NoRoom: the disk has too little room.
        BackupFailed: the copy could not be made, or is not like the store.
        StoreUnreachable: the store cannot be read.
    """
    _check_target(target)
    _check_room(path, target)
    make_private_folders(target.absolute().parent)
    with _beside(target) as aside:
        try:
            with mapped_errors(path), closing(connection_for_reading(path)) as source:
                source.execute("BEGIN")
                head = source.execute(_HEADS).fetchone()
                with closing(sqlite3.connect(aside, isolation_level=None)) as copy:
                    source.backup(
                        copy,
                        pages=_PAGES_AT_ONCE,
                        progress=lambda _, left, all: on_progress(left, all),
                        sleep=0.0,
                    )
                    copy.execute("PRAGMA journal_mode = DELETE")  # it is one file
                    copied = _checked(copy, aside, head)
        except sqlite3.Error as error:
            raise BackupFailed(f"{target} was not written", why=str(error)) from error
        _give_name(aside, target)
    return copied


def _check_target(target: Path) -> None:
    if os.path.lexists(target):
        raise InvalidInput(
            f"{target} exists", why="a backup overwrites nothing", hint="name another file"
        )
    check_target(target)


def _check_room(path: Path, target: Path) -> None:
    needed = sum(file.stat().st_size for file in (path, wal_of(path)) if file.exists())
    folder = next(each for each in target.absolute().parents if each.exists())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoom(
            f"a copy of the store needs {needed:,} bytes",
            why=f"the disk of {folder} has {free:,} left",
            hint="name a file on another disk, or free some space",
        )


@contextmanager
def _beside(target: Path) -> Generator[Path]:
    """A file beside the target that no other process writes; it is gone afterwards.

    What a process that was killed left of one is written over.
    """
    aside = target.with_name(f".{target.name}.part")
    try:
        with hold_nowait(aside) as is_held:
            if not is_held:
                raise BackupFailed(
                    f"{target} is being written by another process", hint="wait for it to end"
                )
            try:
                os.truncate(aside, 0)
                yield aside
            finally:
                aside.unlink(missing_ok=True)
                aside.with_name(f"{aside.name}-journal").unlink(missing_ok=True)
    except OSError as error:
        raise BackupFailed(
            f"{target} was not written",
            why=error.strerror or str(error),
            hint="name a file in a folder that you may write to",
        ) from error


def _checked(copy: sqlite3.Connection, aside: Path, head: tuple[object, ...]) -> Copied:
    """Read the copy as a whole, and verify its chain.

    Raises:
        BackupFailed: it is not like the store, or the store itself is damaged.
    """
    (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok" or copy.execute(_HEADS).fetchone() != head:
        raise BackupFailed(
            "the copy is damaged, so it was not kept",
            why=str(found),
            hint="see whether the store itself is: `pagents store check`",
        )
    size = aside.stat().st_size
    if stored_version(copy) != newest_version():
        return Copied(size, None, "")
    audit = verify_new(Rows(SqliteDatabase(aside, copy)))
    if not audit.is_intact:
        raise BackupFailed(
            "the copy was not kept: its journal does not match its chain",
            why=audit.faults[0],
            hint="see `pagents audit --verify --full`",
        )
    return Copied(size, audit.chain.events + audit.chain.before, audit.chain.head)


def _give_name(aside: Path, target: Path) -> None:
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    try:
        os.link(aside, target)  # unlike a rename, it never replaces what appeared meanwhile
    except FileExistsError as error:
        raise InvalidInput(
            f"{target} exists", why="a backup overwrites nothing", hint="name another file"
        ) from error
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
