"""Modules and functions stay small; the list of exceptions is empty and may only shrink."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

TESTS = Path(__file__).parents[1]
SOURCE = TESTS.parent / "src" / "parallel_agents"
MODULE_LINES, FUNCTION_LINES, TEST_FILE_LINES = 400, 60, 600

LONGER_THAN_ALLOWED: dict[str, int] = {}


@cache
def sources() -> dict[str, tuple[str, ast.Module]]:
    """The text of each module, and what it is parsed to."""
    texts = {str(p.relative_to(SOURCE)): p.read_text("utf-8") for p in SOURCE.rglob("*.py")}
    return {name: (text, ast.parse(text)) for name, text in texts.items()}


def test_no_module_and_no_function_is_too_long() -> None:
    too_long: dict[str, int] = {}
    for name, (text, parsed) in sources().items():
        if (lines := text.count("\n")) > MODULE_LINES:
            too_long[name] = lines
        for node in ast.walk(parsed):
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
        name
        for name, (_, parsed) in sources().items()
        if not (ast.get_docstring(parsed) or "").strip()
    ]

    assert silent == []
