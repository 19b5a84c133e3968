"""Patterns of code that are right in every Python and for every agent."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "parallel_agents"
# Python before 3.11.5 goes on behind an alternative of such a group that has failed halfway:
# https://github.com/python/cpython/issues/101955. One character that is repeated so is right in all.
POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[\d,{}]+\})\+[\"')|]|\(\?>")


def test_no_group_is_repeated_possessively() -> None:
    found = {
        f"{file.relative_to(SOURCE)}:{number}"
        for file in SOURCE.rglob("*.py")
        for number, line in enumerate(file.read_text("utf-8").splitlines(), start=1)
        if POSSESSIVE_GROUP.search(line)
    }

    assert found == set()


def test_links_are_followed_by_the_same_rule_in_every_python() -> None:
    """Of links that lead to each other, `Path.resolve` raises another error up to 3.12, and none since."""
    found = {
        f"{file.relative_to(SOURCE)}:{call.lineno}"
        for file in SOURCE.rglob("*.py")
        if "skill" not in file.parts
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        if call.func.attr == "resolve" and not call.args
    }

    assert found == set()


@pytest.mark.slow
def test_an_agent_that_answers_otherwise_leaves_its_examples_out() -> None:
    """Examples with answers of another form would be refused, but only for agents that have some."""
    calls = {
        f"{file.relative_to(SOURCE)}:{call.lineno}": {keyword.arg for keyword in call.keywords}
        for file in SOURCE.rglob("*.py")
        if "models"
        not in file.parts  # where a request is changed, which has the examples in its text
        for call in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name)
        if call.func.id == "replace"
    }

    found = {
        at for at, names in calls.items() if "output_schema" in names and "examples" not in names
    }

    assert found == set()
