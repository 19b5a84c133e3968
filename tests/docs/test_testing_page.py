"""The tests in docs/testing.md pass with the fixtures that the package installs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "testing.md"


BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_function_on_the_page_has_the_annotations_that_type_checkers_ask_for(block: str) -> None:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    functions = [node for node in ast.walk(ast.parse(block)) if isinstance(node, kinds)]

    bare = [each.name for each in functions if not all(a.annotation for a in each.args.args)]
    assert bare == []
    assert [each.name for each in functions if each.returns is None] == []


def test_the_tests_on_the_page_pass(tmp_path: Path) -> None:
    for number, block in enumerate(BLOCKS):
        (tmp_path / f"test_block_{number}.py").write_text(block)
    shown = sum(block.count("\ndef test_") for block in BLOCKS)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{shown} passed" in done.stdout
