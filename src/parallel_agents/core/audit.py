"""Audit: what a check of the journal's chain of hashes found."""

from __future__ import annotations

from dataclasses import dataclass


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
