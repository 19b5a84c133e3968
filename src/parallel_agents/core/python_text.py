"""Python text: what models, servers and people wrote in Python's syntax; it is parsed, and never run."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

_NAME = "<text from outside>"
_FILTER = ("ignore", None, Warning, re.compile(_NAME), 0)


def parse_statements(text: str) -> ast.Module:
    """The statements of a text.

    Raises:
        SyntaxError, ValueError, MemoryError, RecursionError: it is not Python.
    """
    _warn_of_none()
    try:
        return ast.parse(text, _NAME)
    except SystemError:
        # Python before 3.11.5 miscounts its own depth now and then: github.com/python/cpython 106905.
        return ast.parse(text, _NAME)


def parse_expression(text: str) -> ast.expr:
    """The expression that a text is.

    Raises:
        SyntaxError, ValueError, MemoryError, RecursionError: it is not an expression.
    """
    _warn_of_none()
    return ast.parse(text.strip(), _NAME, "eval").body


def literal(text: str) -> Any:  # noqa: ANN401 - what a literal of Python may be
    """The value of a text that is a literal.

    Raises:
        SyntaxError, ValueError, TypeError, MemoryError, RecursionError: it is not a literal.
    """
    return ast.literal_eval(parse_expression(text))


def _warn_of_none() -> None:
    r"""Have Python say nothing about these texts.

    From 3.12 on it warns on stderr of a `\d` in one, and where warnings are errors it parses none.
    The filter stays: `catch_warnings` would undo what other threads have set meanwhile.
    """
    if warnings.filters[:1] != [_FILTER]:
        warnings.filterwarnings("ignore", module=_FILTER[3].pattern)
