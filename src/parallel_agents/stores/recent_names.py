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
    return [_named(*map(str, row)) for row in _rows(file, "recent_names.sql")]


def recent_labels_in(file: Path, name: str) -> list[str]:
    """The labels in the tree that a name means, the newest first; raises as `recent_names` does."""
    return [str(label) for (label,) in _rows(file, "recent_labels_in.sql", name=name)]


def recent_letters(file: Path) -> list[RecentName]:
    """The sessions that the newest dead letters are of, and their teams; raises as `recent_names` does."""
    found: list[RecentName] = []
    for key, label, spawn_key, is_root, *root in _rows(file, "recent_letters.sql"):
        found.append(_named(str(key), str(label), str(spawn_key) if is_root else ""))
        found.append(_named(*map(str, root)))
    return found


def _named(key: str, label: str, spawn_key: str) -> RecentName:
    is_own = not key.endswith(spawn_key) and _RETRY not in spawn_key
    return RecentName(key, label, spawn_key if is_own else "")


def recent_tags(file: Path) -> list[str]:
    """The tags of the newest sessions without a parent; raises as `recent_names` does."""
    return [str(tag) for (tag,) in _rows(file, "recent_tags.sql")]


def _rows(file: Path, query: str, **given: str) -> list[tuple[object, ...]]:
    if not file.is_file():
        return []
    uri = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS)) as database:
        return [*database.execute((_SQL / query).read_text("utf-8"), given)]
