"""Limits: what a workspace may be made of."""

from __future__ import annotations

from typing import NamedTuple


class Limits(NamedTuple):
    """What a workspace may be made of.

    Attributes:
        files: the most files.
        bytes: the most bytes of files that no repository has: what is new, or in a plain folder.
    """

    files: int = 200_000
    bytes: int = 2_000_000_000


LIMITS = Limits()
