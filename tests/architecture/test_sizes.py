"""Modules and functions stay small; the list of exceptions is empty and may only shrink."""

from __future__ import annotations

import ast
from pathlib import Path

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src" / "parallel_agents"
MODULE_LINES, FUNCTION_LINES, TEST_FILE_LINES = 400, 60, 600

LONGER_THAN_ALLOWED: dict[str, int] = {}


def test_no_module_and_no_function_is_too_long() -> None:
    too_long: dict[str, int] = {}
    for path in SOURCE.rglob("*.py"):
        text, name = path.read_text("utf-8"), str(path.relative_to(SOURCE))
        if (lines := text.count("\n")) > MODULE_LINES:
            too_long[name] = lines
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    too_long[f"{name}:{node.name}"] = length

    assert too_long == LONGER_THAN_ALLOWED


def test_no_test_file_is_too_long() -> None:
    counts = {path.name: path.read_text("utf-8").count("\n") for path in TESTS.rglob("*.py")}

    assert [name for name, lines in counts.items() if lines > TEST_FILE_LINES] == []


def test_every_module_opens_with_a_sentence() -> None:
    silent = [
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if not (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").strip()
    ]

    assert silent == []
