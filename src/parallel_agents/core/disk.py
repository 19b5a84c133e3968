"""Disk: whether there is room enough that what is written now is not among the last."""

from __future__ import annotations

from typing import NamedTuple

_LEAST_BYTES, _LEAST_SHARE = 1_000_000_000, 0.02


class Room(NamedTuple):
    """The room that a disk has left, and all of it, in bytes."""

    free: int
    total: int

    @property
    def is_nearly_full(self) -> bool:
        """Whether less than 1 GB or 2 % is left, but never more than a tenth of a small disk."""
        return self.free < max(min(_LEAST_BYTES, self.total // 10), int(self.total * _LEAST_SHARE))
