"""Kept lanes: those of the runs that were looked at last, so that opening one again reads only what is new."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

from parallel_agents.app.thin import ThinClient
from parallel_agents.core.ids import SessionKey
from parallel_agents.views.lane_events import LaneEvents, lane_event

MOST_EVENTS, _MOST_TREES = 200_000, 4
# Each page of a tree costs a look at the numbers of all its events.
_PAGE = 20_000


class KeptLanes:
    """The lanes of the trees that were asked for last; only what is new is read from the journal."""

    def __init__(self) -> None:
        self._trees: OrderedDict[SessionKey, LaneEvents] = OrderedDict()
        self._reading = asyncio.Lock()  # guards `_trees`: each event is read and added once

    async def of(self, client: ThinClient, tree: SessionKey) -> LaneEvents:
        """The lanes of a tree up to now, or up to the most that is kept."""
        async with self._reading:
            found = self._trees.pop(tree, None) or LaneEvents()
            while found.count < MOST_EVENTS:
                page = await client.fold_events(lane_event, tree=tree, after=found.seq, limit=_PAGE)
                found.add(page)
                if len(page) < _PAGE:
                    break
            self._trees[tree] = found
            while len(self._trees) > _MOST_TREES:
                self._trees.popitem(last=False)
            return found
