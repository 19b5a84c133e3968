"""Faces and views ask the verbs: they never reach for the store, the rules or the engine behind them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import parallel_agents

PACKAGE = Path(parallel_agents.__file__).parent
BEHIND = {"store", "_store", "rules", "_rules", "engine", "_engine", "service", "_service"}
READ_AND_WRITE = {"Store", "SqliteStore", "MemoryStore", "LocalEngine", "Service", "RunRules"}
FILES = sorted(
    path for folder in ("surfaces", "views") for path in (PACKAGE / folder).rglob("*.py")
)


def uses(source: str) -> Iterator[str]:
    """What a module takes from behind the verbs."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in BEHIND:
            yield f"line {node.lineno}: .{node.attr}"
        elif isinstance(node, ast.ImportFrom):
            yield from (
                f"line {node.lineno}: {name.name}"
                for name in node.names
                if name.name in READ_AND_WRITE
            )


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_face_asks_the_verbs_and_never_the_store(path: Path) -> None:
    assert list(uses(path.read_text("utf-8"))) == []


def test_such_a_use_is_found() -> None:
    source = "from parallel_agents.core.store import Store\n\nrows = app.store.rows  \n"

    assert list(uses(source)) == ["line 1: Store", "line 3: .store"]
