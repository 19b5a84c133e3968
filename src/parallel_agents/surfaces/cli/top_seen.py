"""Seen by top: what the live terminal shows, read from the store, in a bounded number of rows."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from parallel_agents.app.reading import Reader
from parallel_agents.core.dead_letter import DeadLetter
from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import Origin
from parallel_agents.core.overview import Cost
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.views.costs import total_of
from parallel_agents.views.exports.tree import read_tree
from parallel_agents.views.frames import Frames
from parallel_agents.views.sessions import SessionLine, lines_of

_RECENT_SECONDS = 3600.0
_MOST_TOPS, MOST_BELOW, _MOST_EVENTS = 200, 2000, 40
_OF_INTEREST = tuple(
    status for status in RunStatus if status not in (RunStatus.DONE, RunStatus.KILLED)
)


class Seen(NamedTuple):
    """All that is live or ended in the last hour.

    Attributes:
        tops: the sessions that have no parent, newest first.
        below: of the groups among them, what is live or failed; all of those that are open.
        total: how many there are, if `tops` are not all.
        today: what all runs cost that are live or ended today, by the clock of this machine.
    """

    tops: Sequence[SessionLine] = ()
    below: Mapping[SessionKey, Sequence[SessionLine]] = {}
    questions: Sequence[OpenQuestion] = ()
    origins: Mapping[SessionKey, Origin] = {}
    total: int = 0
    today: Spend = Spend()
    at: float = 0.0

    @property
    def needed(self) -> int:
        """How many sessions need a person."""
        return sum(top.needed for top in self.tops)

    @property
    def labels(self) -> dict[SessionKey, str]:
        """What the sessions are called."""
        lines = (line for found in self.below.values() for line in found)
        return {line.row.session.key: line.row.session.label for line in lines}


async def look(reader: Reader, opened: Collection[SessionKey]) -> Seen:
    """What there is now."""
    await reader.notice_deaths()
    chosen = Filter(roots_only=True, since=time.time() - _RECENT_SECONDS, limit=_MOST_TOPS)
    rows = await reader.sessions.list(chosen)
    tops = lines_of(await reader.journal.look(rows))
    below: dict[SessionKey, Sequence[SessionLine]] = {}
    for top in tops:
        if top.counts or top.row.run.kind.is_group:
            key = top.row.session.key
            statuses = None if key in opened else _OF_INTEREST
            found = await reader.sessions.list(
                Filter(tree=key, statuses=statuses, limit=MOST_BELOW)
            )
            others = [row for row in reversed(found) if row.session.key != key]
            below[key] = lines_of(await reader.journal.look(others))
    questions = await reader.sessions.questions()
    return Seen(
        tops=tops,
        below=below,
        questions=questions,
        origins=await reader.journal.origins(list({each.session for each in questions})),
        total=await reader.journal.count_rows(chosen),
        today=total_of(await reader.journal.costs(since=_midnight())).spend,
        at=reader.now(),
    )


async def tail(reader: Reader, session: SessionKey) -> list[Event]:
    """The last that happened in a session and below it."""
    return await reader.journal.last_events(tree=session, limit=_MOST_EVENTS)


async def frames(reader: Reader, session: SessionKey) -> Frames:
    """What each session below did and when."""

    async def none(_: SessionKey) -> tuple[()]:
        return ()

    tree = await read_tree(reader.sessions, reader.journal, session, artifacts=none)
    return await tree.frames()


async def costs(reader: Reader) -> list[Cost]:
    return await reader.journal.costs(since=_midnight())


async def dead_letters(reader: Reader) -> list[DeadLetter]:
    return await reader.sessions.dead_letters()


def _midnight() -> float:
    now = datetime.fromtimestamp(time.time(), UTC).astimezone()
    return now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
