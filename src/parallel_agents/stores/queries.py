"""Named queries: the SQL of the stores, read from its file once, by name."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import NamedTuple

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


class Migration(NamedTuple):
    """One step from an older store to a newer: its number, its file's name, its SQL."""

    number: int
    name: str
    sql: str


@cache
def _queries() -> dict[str, str]:
    text = resources.files("parallel_agents.stores").joinpath("sql/queries.sql").read_text("utf-8")
    parts = _NAME.split(text)[1:]
    return {
        name: sql.strip().rstrip(";") for name, sql in zip(parts[::2], parts[1::2], strict=True)
    }


def query(name: str) -> str:
    """The SQL under `-- name: NAME` in `sql/queries.sql`."""
    return _queries()[name]


def read_migrations() -> list[Migration]:
    """All migrations in order; a file is named `NNNN_what.sql`."""
    folder = resources.files("parallel_agents.stores").joinpath("sql/migrations")
    files = sorted((f for f in folder.iterdir() if f.name.endswith(".sql")), key=lambda f: f.name)
    return [Migration(int(f.name[:4]), f.name, f.read_text("utf-8")) for f in files]
