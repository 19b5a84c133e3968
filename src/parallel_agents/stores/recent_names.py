"""Recent names: how the newest sessions are called, read at once for a shell that completes a name.

It opens no store of ours, which would take longer than a person waits at a key, and writes nothing.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

_SQL = Path(__file__).parent / "sql" / "sqlite" / "recent_names.sql"
_WAIT_SECONDS = 0.05


def recent_names(file: Path) -> list[tuple[str, str]]:
    """The key and the label of each of the newest sessions without a parent; none if there is no store.

    Raises:
        sqlite3.Error: it is not a store, or is busy.
        OSError: it cannot be read.
    """
    if not file.is_file():
        return []
    uri = f"{file.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS)) as database:
        return [(str(key), str(label)) for key, label in database.execute(_SQL.read_text("utf-8"))]
