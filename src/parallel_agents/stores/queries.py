"""Queries: the SQL of a dialect, read from its files once, by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import NamedTuple

_NAME = re.compile(r"^-- name: ([\w.]+)$", re.MULTILINE)
_PART = re.compile(r"\{(\w+)\}")
_WHERE = "{where}"


class Migration(NamedTuple):
    """One step from an older store to a newer: its number, its file's name, its SQL."""

    number: int
    name: str
    sql: str


class Queries:
    """The statements of `queries.sql`.

    `{name}` in a statement stands for the text of another one, and `{where}` for the conditions
    that a caller chooses: `tree` of the statement `costs` means `costs.tree`.
    """

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self._built: dict[str, str] = {}
        self._chosen: dict[tuple[str, tuple[str, ...]], str] = {}

    def get(self, name: str) -> str:
        """The SQL of a statement."""
        try:
            return self._built[name]
        except KeyError:
            built = _PART.sub(self._part, self._texts[name])
            return self._built.setdefault(name, built)

    def choose(self, name: str, conditions: Sequence[str]) -> str:
        """The SQL of a statement whose rows meet all of the conditions."""
        key = (name, tuple(conditions))
        if key not in self._chosen:
            full = (c if "." in c else f"{name}.{c}" for c in conditions)
            met = " AND ".join(self.get(condition) for condition in full)
            where = f"WHERE {met}" if met else ""
            self._chosen[key] = self.get(name).replace(_WHERE, where)
        return self._chosen[key]

    def _part(self, found: re.Match[str]) -> str:
        return _WHERE if found[0] == _WHERE else self.get(found[1])


def _folder(dialect: str) -> Traversable:
    return resources.files("parallel_agents.stores").joinpath("sql", dialect)


@cache
def read_queries(dialect: str) -> Queries:
    """The statements of `sql/DIALECT/queries.sql`."""
    text = _folder(dialect).joinpath("queries.sql").read_text("utf-8")
    parts = _NAME.split(text)[1:]
    named = zip(parts[::2], parts[1::2], strict=True)
    return Queries({name: _without_comments(sql).rstrip(";") for name, sql in named})


def _without_comments(sql: str) -> str:
    return "\n".join(line for line in sql.splitlines() if not line.startswith("--")).strip()


def _migration_files(dialect: str) -> list[Traversable]:
    folder = _folder(dialect).joinpath("migrations")
    return [file for file in folder.iterdir() if file.name.endswith(".sql")]


def _number_of(file: Traversable) -> int:
    return int(file.name[:4])


def read_migrations(dialect: str) -> list[Migration]:
    """All migrations in order; a file is named `NNNN_what.sql`."""
    return sorted(
        Migration(_number_of(file), file.name, file.read_text("utf-8"))
        for file in _migration_files(dialect)
    )


@cache
def newest_migration(dialect: str) -> int:
    """The number of the last migration; none is read for it."""
    return max(map(_number_of, _migration_files(dialect)))


def read_schema(dialect: str) -> str:
    """What the migrations make of an empty store, in a third of their time."""
    return _folder(dialect).joinpath("schema.sql").read_text("utf-8")
