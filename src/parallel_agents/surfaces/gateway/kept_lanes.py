"""Kept lanes: those of the runs that were looked at last, so that opening one again reads only what is new."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from parallel_agents.app.thin import ThinClient
from parallel_agents.core.ids import SessionKey
from parallel_agents.views.lane_events import LaneEvents

MOST_EVENTS, _MOST_TREES = 200_000, 4


class KeptLanes:
    """The lanes of the trees that were asked for last; only what is new is read from the journal."""

    def __init__(self) -> None:
        self._trees: OrderedDict[SessionKey, LaneEvents] = OrderedDict()
        self._reading = asyncio.Lock()  # guards `_trees`: each event is read and added once

    async def of(self, client: ThinClient, tree: SessionKey) -> LaneEvents:
        """The lanes of a tree up to now, or up to the most that is kept."""
        async with self._reading:
            found = self._trees.pop(tree, None) or LaneEvents()
            if found.count < MOST_EVENTS:
                limit = MOST_EVENTS - found.count
                found = await client.fold_events(
                    found.grown, tree=tree, after=found.seq, limit=limit
                )
            self._trees[tree] = found
            while len(self._trees) > _MOST_TREES:
                self._trees.popitem(last=False)
            return found
