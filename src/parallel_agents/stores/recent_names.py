"""Recent names: how the newest sessions are called, read at once for a shell that completes a name.

It opens no store of ours, which would take longer than a person waits at a key, and writes nothing.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

_SQL = Path(__file__).parent / "sql" / "sqlite"
_WAIT_SECONDS = 0.05
_RETRY = "/retry-"


class RecentName(NamedTuple):
    """What a session is called.

    Attributes:
        id: the key that whoever spawned it chose; empty without one, and for a retry.
    """

    key: str
    label: str
    id: str


def recent_names(file: Path) -> list[RecentName]:
    """What the newest sessions without a parent are called; none if there is no store.

    Raises:
        sqlite3.Error: it is not a store, or is busy.
        OSError: it cannot be read.
    """
    found: list[RecentName] = []
    for row in _rows(file, "recent_names.sql"):
        key, label, spawn_key = map(str, row)
        is_own = not key.endswith(spawn_key) and _RETRY not in spawn_key
        found.append(RecentName(key, label, spawn_key if is_own else ""))
    return found


def recent_tags(file: Path) -> list[str]:
    """The tags of the newest sessions without a parent; raises as `recent_names` does."""
    return [str(tag) for (tag,) in _rows(file, "recent_tags.sql")]


def _rows(file: Path, query: str) -> list[tuple[object, ...]]:
    if not file.is_file():
        return []
    uri = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS)) as database:
        return [*database.execute((_SQL / query).read_text("utf-8"))]
