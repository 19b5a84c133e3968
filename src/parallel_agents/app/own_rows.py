"""Own rows: who asks for a map that is at work on other rows has its own done once that has ended."""

from __future__ import annotations

from collections.abc import Callable, Collection

from parallel_agents.app.asked_map import AskedMap, CheckedMap
from parallel_agents.app.client import Client
from parallel_agents.core.ended_by import OTHER_OPTIONS
from parallel_agents.core.going_on import is_closed
from parallel_agents.core.ids import RunId
from parallel_agents.core.run import Result
from parallel_agents.core.verbs import SessionReads, Spawned
from parallel_agents.maps.checking import changed
from parallel_agents.maps.request import MapRequest

# What decides which answers there are, and where: as `Spawned.kept` names it.
_OF_ANSWERS = frozenset({"rows", "limit", "out", "reduce", "reduce_text"})


class OwnRows:
    """Asks for a map until it is given a run that does what is asked for.

    Args:
        asked: the map.
        client: where it is begun.
        tell: is told that the map is at work on something else.

    Attributes:
        is_next: whether the run that was given last is one of others, so that the map is to be
            asked for again once it has ended.
    """

    def __init__(self, asked: AskedMap, client: Client, tell: Callable[[str], None]) -> None:
        self.is_next = False
        self._asked = asked
        self._client = client
        self._tell = tell
        self._digest = ""

    async def checked(self) -> CheckedMap:
        """The map with its rows as they are now.

        Raises:
            InvalidInput: also if rows that were kept for this map are now those of somebody else.
            PagentsError: as from `AskedMap.checked`.
        """
        found = await self._asked.checked(self._client)
        if self._digest and found.request.source.title and found.request.digest != self._digest:
            raise changed(found.request)
        self._digest = found.request.digest
        return found

    async def begin(self, request: MapRequest) -> Spawned:
        """Begin or continue the map, or find the run that is at work.

        Raises:
            InvalidInput, Conflict: as from `AskedMap.begin`.
        """
        spawned = await self._asked.begin(self._client, request)
        self.is_next = await is_of_others(self._client.sessions, spawned.run_id, spawned.kept)
        if not self.is_next:
            return spawned
        self._tell(told_of_others(spawned.kept))
        return spawned._replace(kept=())


async def is_of_others(sessions: SessionReads, run: RunId, kept: Collection[str]) -> bool:
    """Whether a run that was found gives other answers than were asked for, and another may follow it."""
    if _OF_ANSWERS.isdisjoint(kept):
        return False
    (row,) = await sessions.rows_of([run])
    return not is_closed(row)


def is_replaced(result: Result) -> bool:
    """Whether a run ended because its map was asked for with other options before a process took it."""
    return result.error is not None and result.error.message == f"killed by {OTHER_OPTIONS}"


def told_of_others(kept: Collection[str]) -> str:
    """What to tell whoever has to wait for the end of a run of others."""
    names = " and ".join(name.replace("_", " ") for name in kept if name in _OF_ANSWERS)
    return (
        f"the map is at work on a request with other {names}; this one follows once that has"
        " ended, and what is done by then costs nothing"
    )
