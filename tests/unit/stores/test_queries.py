"""Queries are composed from named parts, and each of them is used."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import parallel_agents.stores
from parallel_agents.stores.queries import Queries, read_migrations
from parallel_agents.stores.sqlite_connection import DIALECT

STORES = Path(parallel_agents.stores.__file__).parent
QUERIES = (STORES / "sql" / DIALECT / "queries.sql").read_text("utf-8")
NAMES = re.findall(r"^-- name: ([\w.]+)$", QUERIES, re.MULTILINE)
OF_THE_DATABASE = {
    *("sqlite_connection.py", "sqlite_database.py", "sqlite_file.py", "sqlite_backups.py"),
    *("sqlite_reading.py", "checkpoints.py", "recent_names.py"),
    *("sqlite_copies.py", "sqlite_vacuum.py"),
}


def strings(path: Path) -> Iterator[str]:
    """The string constants of a module, docstrings included."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def rules() -> list[Path]:
    """The modules that are written once for all databases."""
    return [path for path in STORES.glob("*.py") if path.name not in OF_THE_DATABASE]


def test_a_part_is_replaced_by_its_text() -> None:
    queries = Queries({"all": "SELECT 1 FROM ({one})", "one": "SELECT {two}", "two": "2"})

    assert queries.get("all") == "SELECT 1 FROM (SELECT 2)"


def test_chosen_conditions_all_apply() -> None:
    queries = Queries({"q": "SELECT 1 {where} LIMIT 1", "q.a": "x = {one}", "q.b": "y", "one": "1"})

    assert queries.choose("q", ["a", "b"]) == "SELECT 1 WHERE x = 1 AND y LIMIT 1"
    assert queries.choose("q", ["b"]) == "SELECT 1 WHERE y LIMIT 1"
    assert queries.choose("q", []) == "SELECT 1  LIMIT 1"


def test_an_unknown_query_is_an_error() -> None:
    with pytest.raises(KeyError):
        Queries({}).get("nothing")


def test_no_name_is_given_twice() -> None:
    assert len(NAMES) == len(set(NAMES))


def test_every_query_is_used() -> None:
    used = {text for path in rules() for text in strings(path)}
    parts = set(re.findall(r"\{(\w+)\}", QUERIES))

    unused = [name for name in NAMES if name.partition(".")[2] not in used and name not in used]
    assert [name for name in unused if name not in parts] == []


def test_the_rules_of_the_store_name_no_database_and_hold_no_sql() -> None:
    sql = re.compile(r"\b(SELECT .+ FROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|PRAGMA)\b")
    guilty = {
        path.name
        for path in rules()
        if "sqlite3" in path.read_text("utf-8") or any(sql.search(text) for text in strings(path))
    }

    assert guilty == set()


def test_migrations_are_numbered_without_a_gap() -> None:
    steps = read_migrations(DIALECT)

    assert [step.number for step in steps] == list(range(1, len(steps) + 1))
    assert all(step.name.startswith(f"{step.number:04d}_") for step in steps)


def test_values_have_names_or_places_and_no_numbers() -> None:
    """For a number, Python 3.12.0 to 3.12.3 warns that values in order will be refused."""
    assert re.findall(r"\?\d", QUERIES) == []


def test_no_statement_computes_in_what_it_returns() -> None:
    """SQLite up to 3.40 may compare the columns of a table without rowids as texts there."""
    returned = re.findall(r"^RETURNING (.*?);$", QUERIES, re.MULTILINE | re.DOTALL)

    assert len(returned) == QUERIES.count("RETURNING") > 3
    assert [each for each in returned if not re.fullmatch(r"\w+(, \w+)*", each)] == []
