"""Audit: what a check of the journal's chain of hashes, and of its rows, found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Pruned(NamedTuple):
    """What was removed of the journal on purpose.

    Attributes:
        events: how many; the hashes of their links are still in the chain.
        steps: in how many transactions.
        by: who removed them, each once, in the order of their first steps.
        first_at: when the first step was, in seconds since the epoch; None if there was none.
    """

    events: int = 0
    steps: int = 0
    by: tuple[str, ...] = ()
    first_at: float | None = None
    last_at: float | None = None


_NOTHING_PRUNED = Pruned()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainCheck:
    """The chain as recomputed from the events.

    Attributes:
        events: how many events are covered by links that match, those of earlier audits included.
        links: how many links match, up to the first that does not.
        before: how many events were written before the chain began, and are covered by no link.
        head: the hash of the last link that matches, in hex; a copy kept elsewhere reveals whether
            the end of the chain was cut off later.
        fault: what does not match, or an empty string.
        pruned: what was removed on purpose, of the links that match.
    """

    events: int
    links: int
    before: int
    head: str
    fault: str = ""
    pruned: Pruned = _NOTHING_PRUNED

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """How far an audit found the journal intact, so that the next one begins there.

    Attributes:
        number: of the last link.
        hash: of the same link.
        last_seq: the last event that it covers.
        events: how many events there were by then.
        bytes: of their bodies.
        rows_hash: SHA-256 over the rows of the runs that had ended by then.
        at: when it was verified, in seconds since the epoch.
    """

    number: int
    hash: bytes
    last_seq: int
    events: int
    bytes: int
    rows_hash: bytes
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found; the rows are checked only if the chain is intact.

    Attributes:
        earlier: how far an earlier audit had verified the journal, which was not verified again;
            None if everything was.
    """

    chain: ChainCheck
    rows: RowCheck = RowCheck()
    earlier: Checkpoint | None = None

    @property
    def is_intact(self) -> bool:
        return self.chain.is_intact and self.rows.is_intact

    @property
    def faults(self) -> tuple[str, ...]:
        if not self.chain.is_intact:
            return (self.chain.fault,)
        return tuple(fault.text for fault in self.rows.faults)
