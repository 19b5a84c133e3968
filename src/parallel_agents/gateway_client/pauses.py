"""Pauses: how long a client asks again for a gateway that is away, since it may be starting again."""

from __future__ import annotations

_FIRST_SECONDS, _LONGEST_SECONDS = 0.2, 5.0
AWAY_SECONDS = 60.0
MOST_CUTS = 20


def pause_after(cuts: int) -> float:
    """How many seconds to wait before asking again, after so many cuts one after another."""
    return min(_FIRST_SECONDS * 2 ** (cuts - 1), _LONGEST_SECONDS)
