"""Store clock: seconds since 1970 that every process of a store reads alike, whatever sets the wall clock.

The store keeps one offset to the machine's steady clock for each start of the machine. A step of
the wall clock is followed only once no process is alive: then nothing is measured across it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from parallel_agents.clock import anchored, boot_id, steady, wall
from parallel_agents.stores.database import Database

# The wall clock and the steady clock differ by less while nobody sets the former.
_STEP_SECONDS = 1.0


class StoreClock(NamedTuple):
    """The time now, and the time by which things are old enough to be deleted.

    The second never runs ahead because the wall clock was set forward.
    """

    now: Callable[[], float]
    least_now: Callable[[], float]


def read_clock(database: Database) -> StoreClock:
    """The clock of a store; the first process since the machine's start sets it by the wall clock."""
    boot = boot_id()
    offset = wall() - steady()
    if not boot:
        return StoreClock(anchored(offset), anchored(offset))
    found = _find(database, boot, offset)
    if found is None:
        with database.writing():
            found = _find(database, boot, offset)
            if found is None:
                database.run("put_boot", {"id": boot, "offset": offset})
                found = _find(database, boot, offset)
    kept, least = found or (offset, offset)
    return StoreClock(anchored(kept), anchored(least))


def _find(database: Database, boot: str, offset: float) -> tuple[float, float] | None:
    """The offsets of this start of the machine; None if they must be set."""
    row = database.one("boot", (boot,))
    if row is None or row[0] is None:
        return None
    kept, least, is_used = row
    return (kept, least) if is_used or abs(kept - offset) < _STEP_SECONDS else None
