"""Audit: what checks of the journal's chain of hashes, and of the rows beside it, found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """The chain as it was recomputed from the events.

    Attributes:
        events: those that the links cover, up to the first that does not fit.
        links: as many as fit.
        before: events that were there before the chain began, and that nothing covers.
        head: the hash of the last link that fits, in hex; kept elsewhere it tells whether the
            end of the chain was cut off later.
        fault: what does not fit, or an empty string.
    """

    events: int
    links: int
    before: int
    head: str
    fault: str = ""

    @property
    def is_intact(self) -> bool:
        return not self.fault


class RowFault(NamedTuple):
    """A run whose row is not what its events make of it: its id, the field, and what is wrong."""

    run: str
    field: str
    what: str

    @property
    def words(self) -> str:
        return f"run {self.run}: {self.field} {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCheck:
    """The rows of runs as they were held against the journal.

    Attributes:
        runs: how many there are.
        faults: the first that do not agree, at most ten.
    """

    runs: int = 0
    faults: tuple[RowFault, ...] = ()

    @property
    def is_intact(self) -> bool:
        return not self.faults
