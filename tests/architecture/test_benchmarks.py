"""Benchmarks import what there is: no other test runs them, and some import late."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

FILES = sorted((Path(__file__).parents[2] / "benchmarks").glob("*.py"))


def imported(file: Path) -> Iterator[tuple[str, str]]:
    """Each name that a file imports from the package, with its module."""
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("parallel_agents"):
            yield from ((str(node.module), alias.name) for alias in node.names)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_each_name_that_a_benchmark_imports_is_there(file: Path) -> None:
    missing = [
        (module, name)
        for module, name in imported(file)
        if not hasattr(import_module(module), name) and find_spec(f"{module}.{name}") is None
    ]

    assert missing == []
