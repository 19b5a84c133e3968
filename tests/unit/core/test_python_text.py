"""Texts from outside are parsed without a word of Python's on stderr."""

from __future__ import annotations

import warnings

import pytest

from parallel_agents.core.python_text import literal, parse_expression, parse_statements


@pytest.mark.parametrize("is_error", [False, True])
def test_python_warns_of_no_text_from_outside(is_error: bool) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("error" if is_error else "always")

        assert literal(r"{'pattern': '\d+'}") == {"pattern": r"\d+"}
        assert parse_statements(r"look(pattern='\d+')").body
        assert parse_expression(r"text == '\d'")

    assert told == []


def test_python_warns_of_other_code_as_before() -> None:
    literal("1")

    with pytest.warns((DeprecationWarning, SyntaxWarning), match="escape"):
        compile(r"'\d'", "own.py", "eval")


def test_what_is_no_literal_is_refused() -> None:
    with pytest.raises(ValueError, match="malformed"):
        literal("open('x')")
