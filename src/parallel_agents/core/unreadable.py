"""Unreadable: what stands for a stored event that this version cannot read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An event that this version cannot read; it is shown, skipped, and never written.

    Attributes:
        found: the kind that the stored event names; empty if it names none.
        why: what is wrong with it.
        is_unknown: it is intact, and of a kind that only a newer version knows.
    """

    found: str
    why: str
    is_unknown: bool
    kind: Literal["unreadable"] = "unreadable"
