"""Sent maps: maps whose rows other machines have sent, begun on them by their agents here."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from parallel_agents.app.asked_before import asked_before
from parallel_agents.app.asked_map import AskedMap, CheckedMap
from parallel_agents.app.client import Client
from parallel_agents.app.map_files import MapFiles
from parallel_agents.core.ids import make_flow_key
from parallel_agents.core.verbs import SessionVerbs, Spawned
from parallel_agents.maps.request import MAP, MapRequest

# Whoever asked for the run before the last may still be fetching its results.
_KEPT_RUNS = 2


class BegunMap(NamedTuple):
    """A map that was begun; `has_rows` says whether its run does the rows that were sent for it."""

    spawned: Spawned
    has_rows: bool


class SentMaps(MapFiles):
    """The maps of one home whose rows were sent."""

    async def begin(
        self,
        client: Client,
        asked: AskedMap,
        checked: CheckedMap,
        verbs: SessionVerbs,
        tags: Sequence[str],
    ) -> BegunMap:
        """Begin a map on the rows that were sent, or find its live run; older files of it are removed.

        Raises:
            InvalidInput, Conflict: as for `AskedMap.begin`.
        """
        spawned = await asked.begin(client, checked.request, verbs, tags)
        runs = await asked_before(client, make_flow_key(MAP, asked.name))
        latest = MapRequest.of(runs[-1])
        outs = {Path(str(run.options.get("out"))) for run in runs[-_KEPT_RUNS:]}
        rows = Path(latest.source.paths[0])
        await asyncio.to_thread(self.keep_only, asked.name, {rows, *outs})
        # Each run has a file of its own here, which nobody has asked for.
        kept = tuple(name for name in spawned.kept if name != "out")
        return BegunMap(spawned._replace(kept=kept), "rows" not in kept)

    async def drop_unless_begun(self, client: Client, key: str, upload: str) -> None:
        """Remove what was sent for a map, unless its latest run does these rows."""
        runs = await asked_before(client, make_flow_key(MAP, key))
        rows = self.rows_of(key, upload)
        if not runs or Path(MapRequest.of(runs[-1]).source.paths[0]) != rows:
            await asyncio.to_thread(self.drop, key, upload)
