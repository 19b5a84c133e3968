"""Stuck rules: from which silence on a run is stuck."""

from __future__ import annotations

from typing import NamedTuple


class StuckRules(NamedTuple):
    """When silence means that a run is stuck.

    Attributes:
        factor: how many times its agent's usual gap.
        least_seconds: the shortest silence that counts, however fast the agent usually is.
        unknown_seconds: the silence that counts while nobody knows what is usual for an agent.
    """

    factor: float = 10.0
    least_seconds: float = 60.0
    unknown_seconds: float = 600.0

    @property
    def earliest_seconds(self) -> float:
        """No run is stuck before it has been silent for so long."""
        return min(self.least_seconds, self.unknown_seconds)


STUCK_RULES = StuckRules()
