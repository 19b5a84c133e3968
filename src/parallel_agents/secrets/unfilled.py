"""Unfilled: a variable that a program handed on as it is written in its configuration, `${NAME}`."""

from __future__ import annotations

import re

_REFERENCE = re.compile(r"\$\{[^{}]*\}|\$[A-Z_][A-Z0-9_]*")


def filled(value: str | None) -> str | None:
    """The value of a variable; None if it is not set, or only names another variable."""
    is_reference = value is not None and _REFERENCE.fullmatch(value.strip()) is not None
    return None if is_reference else value
