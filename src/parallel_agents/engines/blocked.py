"""Blocked: runs of this process that wait until another run of their session ends."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.row import Row
from parallel_agents.engines.slots import ScheduledRun


class BlockedRuns:
    """The runs of each session that could not be claimed while another one of it is live."""

    def __init__(self) -> None:
        self._sessions: dict[SessionKey, dict[RunId, ScheduledRun]] = {}

    def __bool__(self) -> bool:
        return bool(self._sessions)

    def __contains__(self, row: Row) -> bool:
        return row.run.id in self._sessions.get(row.session.key, {})

    def add(self, scheduled: ScheduledRun) -> None:
        row = scheduled.row
        self._sessions.setdefault(row.session.key, {})[row.run.id] = scheduled

    def drop(self, session: SessionKey, run: RunId) -> None:
        """A run was claimed, or has ended."""
        blocked = self._sessions.get(session, {})
        blocked.pop(run, None)
        if not blocked:
            self._sessions.pop(session, None)

    def take(self, session: SessionKey) -> Sequence[ScheduledRun]:
        """Those of a session of which a run has ended: one of them may be claimed now."""
        return [*self._sessions.pop(session, {}).values()]
