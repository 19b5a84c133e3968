"""Visibility: which sessions a session sees."""

from __future__ import annotations

from enum import StrEnum


class Visibility(StrEnum):
    """Which sessions a session sees: itself, its tree, those of its agent, or all."""

    SELF = "self"
    TREE = "tree"
    AGENT = "agent"
    ALL = "all"
