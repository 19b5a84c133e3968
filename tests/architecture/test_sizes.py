"""Modules and functions stay small; the list of exceptions is empty and may only shrink."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src" / "parallel_agents"
MODULE_LINES, FUNCTION_LINES, TEST_FILE_LINES = 400, 60, 600

LONGER_THAN_ALLOWED: dict[str, int] = {}


@dataclass(frozen=True, slots=True)
class Measured:
    """What is kept of a module: the trees of all modules together take long to make and to keep."""

    lines: int
    functions: Sequence[tuple[str, int]]
    opening: str


@cache
def measured() -> dict[str, Measured]:
    """What is measured of each module, by its path."""
    return {str(p.relative_to(SOURCE)): measure(p.read_text("utf-8")) for p in SOURCE.rglob("*.py")}


def measure(text: str) -> Measured:
    parsed = ast.parse(text)
    functions = [
        (node.name, (node.end_lineno or node.lineno) - node.lineno + 1)
        for node in ast.walk(parsed)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return Measured(text.count("\n"), functions, ast.get_docstring(parsed) or "")


def test_no_module_and_no_function_is_too_long() -> None:
    too_long: dict[str, int] = {}
    for name, module in measured().items():
        if module.lines > MODULE_LINES:
            too_long[name] = module.lines
        for function, length in module.functions:
            if length > FUNCTION_LINES:
                too_long[f"{name}:{function}"] = length

    assert too_long == LONGER_THAN_ALLOWED


def test_no_test_file_is_too_long() -> None:
    counts = {path.name: path.read_text("utf-8").count("\n") for path in TESTS.rglob("*.py")}

    assert [name for name, lines in counts.items() if lines > TEST_FILE_LINES] == []


def test_every_module_opens_with_a_sentence() -> None:
    silent = [name for name, module in measured().items() if not module.opening.strip()]

    assert silent == []
