"""Vacuum: a file that was made before stores could shrink in steps is written anew, once."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

from parallel_agents.core.store_care import Pages
from parallel_agents.errors import NoRoom
from parallel_agents.stores.sqlite_connection import connect, mapped_errors


def room_needed(pages: Pages) -> int:
    """The bytes that writing a store anew takes: a copy of what it holds, and the same in its log."""
    return 2 * pages.used + pages.used // 10


def check_room(path: Path, pages: Pages) -> None:
    """Refuse to write a store anew if the disk might get full on the way.

    Raises:
        NoRoom: it has too little room.
    """
    needed, free = room_needed(pages), shutil.disk_usage(path.parent).free
    if free < needed:
        raise NoRoom(
            f"to write the store anew takes {needed:,} bytes for a while",
            why=f"the disk of {path.parent} has {free:,} left",
            hint="free some space, or prune more: what comes next fills the holes first",
        )


def write_anew(path: Path) -> None:
    """Write a store's file anew without holes, so that it can shrink in steps from then on.

    Whoever writes to the store waits meanwhile. A process that dies on the way leaves it as it was.

    Raises:
        StoreError: the store cannot be read or written.
    """
    with mapped_errors(path), closing(connect(path, must_exist=True)) as connection:
        # SQLite would use the folder for temporary files, which may be on another disk.
        folder = str(path.parent.absolute()).replace("'", "''")
        connection.execute(f"PRAGMA temp_store_directory = '{folder}'")
        try:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("VACUUM")
        finally:
            connection.execute("PRAGMA temp_store_directory = ''")


def empty_log(path: Path) -> bool:
    """Move all that is in the log into the file, and cut the log; whether nobody was in the way.

    Raises:
        StoreError: the store cannot be read or written.
    """
    with mapped_errors(path), closing(connect(path, must_exist=True)) as connection:
        connection.execute("PRAGMA busy_timeout = 2000")
        busy = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        return not busy


def find_damage(path: Path, most: int) -> list[str]:
    """What SQLite finds wrong with the file's pages and indexes; empty if nothing.

    Raises:
        StoreError: the store cannot be read.
    """
    with mapped_errors(path), closing(connect(path, must_exist=True)) as connection:
        found = [str(text) for (text,) in connection.execute(f"PRAGMA integrity_check({most})")]
    return [] if found == ["ok"] else found
