"""At work: whether some process executes anything, and so may have what others lack."""

from __future__ import annotations

from parallel_agents.core.inspection import Journal
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import SessionReads


async def is_anybody_at_work(journal: Journal, sessions: SessionReads) -> bool:
    """Whether a living process has a live run; one that has none has begun nothing that it could."""
    alive = [each for each in await journal.owners() if each.state is OwnerState.LIVE]
    return any([await sessions.list(Filter(owner=each.id, limit=1)) for each in alive])
