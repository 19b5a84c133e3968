"""Deliveries: which results whoever asked for them has been given, so that each is given once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from parallel_agents.core.ids import RunId


class DeliveryStore(Protocol):
    """Notes to whom outside of any session a result was given; a run's own journal has what it was given."""

    async def note_given(self, runs: Sequence[RunId], *, to: str) -> None:
        """Note that a client was given the results of these runs, which have ended; once for each."""
        ...

    async def given(self, runs: Sequence[RunId], *, to: str) -> frozenset[RunId]:
        """Those of these runs whose results a client was given."""
        ...
