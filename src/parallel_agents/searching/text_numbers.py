"""Text numbers: which of very many texts of an index are of some sessions, and match.

SQLite is asked for lists in JSON, which are faster than as many rows, and a filter is a look at an array.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Generator, Sequence

import orjson

from parallel_agents.core.ids import SessionKey

_OF_SESSIONS = (
    "SELECT json_group_array(id) FROM (SELECT id FROM texts WHERE session IN (SELECT id FROM sessions"
    " WHERE key IN (SELECT value FROM json_each(?))) AND id BETWEEN ? AND ?)"
)
_MATCHING = (
    "SELECT json_group_array(rowid) FROM (SELECT rowid FROM words WHERE words MATCH ?"
    " AND rowid BETWEEN ? AND ?)"
)


class TextNumbers:
    """The numbers of the texts of one index."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._kept: tuple[tuple[object, ...], bytearray] | None = None

    def of_sessions(
        self, sessions: Sequence[SessionKey], until: int, place: tuple[object, ...], at_once: int
    ) -> bytearray:
        """Whether each text, up to a number, is one of these sessions.

        It is kept for who asks again while the index is at this place.
        """
        keys = as_array(sessions)
        asked = keys, until, place
        if self._kept is None or self._kept[0] != asked:
            is_theirs = bytearray(until + 1)
            for numbers in self._numbers(_OF_SESSIONS, keys, until, at_once):
                for number in numbers:
                    is_theirs[number] = 1
            self._kept = asked, is_theirs
        return self._kept[1]

    def matching(
        self, expression: str, until: int, is_theirs: bytearray, at_once: int
    ) -> Sequence[int]:
        """The numbers of those of some texts that match an expression, in order."""
        matching = array("q")
        for numbers in self._numbers(_MATCHING, expression, until, at_once):
            matching.extend([number for number in numbers if is_theirs[number]])
        return matching

    def _numbers(self, query: str, value: str, until: int, at_once: int) -> Generator[list[int]]:
        for first in range(0, until + 1, at_once):
            last = min(until, first + at_once - 1)
            yield sorted(orjson.loads(self._sql.execute(query, (value, first, last)).fetchone()[0]))


def as_array(sessions: Sequence[SessionKey]) -> str:
    """The sessions as SQLite reads them."""
    return orjson.dumps(list(sessions)).decode()
