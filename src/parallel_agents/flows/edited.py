"""Edited: the steps of a flow that keep answers of agents as these were before an edit."""

from __future__ import annotations

import logging
from contextlib import suppress

from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.children import FlowSessions
from parallel_agents.core.edited import Edited
from parallel_agents.core.ids import RunId
from parallel_agents.core.task import AnyTask
from parallel_agents.errors import PagentsError

_log = logging.getLogger(__name__)

_AT_ONCE = 256


class EditedSteps:
    """The steps that a flow was given from the store, compared at its end with the agents they are asked of now."""

    def __init__(self, sessions: FlowSessions) -> None:
        self._sessions = sessions
        self._given: dict[RunId, AnyAgent] = {}

    def give(self, run: RunId, task: AnyTask) -> None:
        """A step was begun before for this task, and the function gets what that run comes to."""
        with suppress(PagentsError):  # the agent may be gone, and is not needed
            self._given[run] = self._sessions.agent_of(task)

    async def notices(self) -> tuple[str, ...]:
        """What a reader of the flow's result should know; the log says it, too."""
        edited, runs = Edited(), list(self._given)
        for start in range(0, len(runs), _AT_ONCE):
            for row in await self._sessions.rows_of(runs[start : start + _AT_ONCE]):
                edited.compare(row, self._given[row.run.id])
        for notice in edited.notices:
            _log.warning(notice)
        return edited.notices
