"""Audit: what a check of the journal's chain of hashes, and of its rows, found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """The chain as recomputed from the events.

    Attributes:
        events: how many events are covered by links that match.
        links: how many links match, up to the first that does not.
        before: how many events were written before the chain began, and are covered by no link.
        head: the hash of the last link that matches, in hex; a copy kept elsewhere reveals whether
            the end of the chain was cut off later.
        fault: what does not match, or an empty string.
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
    """A run whose row contradicts its events: the run's id, the field, and what is wrong."""

    run: str
    field: str
    what: str

    @property
    def text(self) -> str:
        return f"run {self.run}: {self.field} {self.what}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RowCheck:
    """Whether each run's row matches its events.

    Attributes:
        runs: how many runs there are.
        faults: the first contradictions, at most ten.
    """

    runs: int = 0
    faults: tuple[RowFault, ...] = ()

    @property
    def is_intact(self) -> bool:
        return not self.faults
