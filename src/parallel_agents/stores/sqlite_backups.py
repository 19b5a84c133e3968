"""Backups: a copy of a store as it was, beside it, before a new version changes its form."""

from __future__ import annotations

import logging
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from parallel_agents.stores.sqlite_file import read_only

_log = logging.getLogger(__name__)


def back_up(path: Path, version: int, newest: int) -> None:
    """Copy a store that is about to be upgraded, and say so in one line.

    Args:
        path: the store; no other process may write to it meanwhile.
        version: the store's version.
        newest: the version that it is upgraded to.

    Raises:
        sqlite3.Error, OSError: there is no room for the copy, or no permission.
    """
    copy = _new_file(path, version)
    try:
        with closing(read_only(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    except BaseException:
        copy.unlink(missing_ok=True)
        raise
    _log.warning(
        "upgrading store %s from version %d to %d; a copy as it was is in %s",
        path,
        version,
        newest,
        copy,
    )


def _new_file(path: Path, version: int) -> Path:
    """A file that nobody else has: processes that upgrade at once keep a copy each."""
    number = 1
    while True:
        suffix = "" if number == 1 else f"-{number}"
        copy = path.with_name(f"{path.name}.v{version}{suffix}.bak")
        try:
            os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError:
            number += 1
        else:
            return copy
