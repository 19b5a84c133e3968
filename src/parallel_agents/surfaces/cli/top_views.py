"""Top views: what the list of the live terminal can show besides the sessions."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from parallel_agents.core.dead_letter import DeadLetter
from parallel_agents.surfaces.cli import top_rows, top_seen
from parallel_agents.surfaces.cli.top_columns import Item
from parallel_agents.surfaces.cli.top_keys import KEY_COLUMN, KEYS
from parallel_agents.surfaces.cli.top_seen import Seen
from parallel_agents.surfaces.cli.top_work import TopWork
from parallel_agents.views import cells

_SCROLLBAR = 2


class View(StrEnum):
    """What the list shows."""

    RUNS = "runs"
    TIMELINE = "timeline"
    INBOX = "inbox"
    DEAD_LETTERS = "dead letters"
    COST = "cost today"
    HEALTH = "health"
    KEYS = "keys"


class Typing(StrEnum):
    """What the line is for."""

    STEER = "steer"
    ANSWER = "answer"
    FILTER = "filter"


class Views:
    """Reads what each view shows.

    Attributes:
        letters: the dead letters that were listed last, by the keys of their rows.
    """

    def __init__(self, work: TopWork) -> None:
        self._work = work
        self.letters: dict[str, DeadLetter] = {}

    async def rows(self, view: View, item: Item | None, seen: Seen, width: int) -> Sequence[Item]:
        """The rows of a view; `item` is the row that was selected before."""
        match view:
            case View.INBOX:
                return top_rows.inbox_rows(seen)
            case View.HEALTH:
                return top_rows.health_rows(await self._work.do(self._work.health()))
            case View.TIMELINE:
                return await self._work.do(self._timeline(item, width))
            case View.COST:
                return await self._work.do(self._costs())
            case View.DEAD_LETTERS:
                return await self._work.do(self._dead_letters(seen.at))
            case View.RUNS | View.KEYS:
                keys = cells.wrapped(KEYS, width - _SCROLLBAR, " " * KEY_COLUMN)
                return top_rows.text_rows("\n".join(keys))

    async def _timeline(self, item: Item | None, width: int) -> Sequence[Item]:
        if item is None or item.session is None:
            return top_rows.text_rows("No session is selected.")
        async with self._work.reader() as reader:
            return top_rows.timeline_rows(await top_seen.frames(reader, item.session), width)

    async def _costs(self) -> Sequence[Item]:
        async with self._work.reader() as reader:
            return top_rows.cost_rows(await top_seen.costs(reader))

    async def _dead_letters(self, at: float) -> Sequence[Item]:
        async with self._work.reader() as reader:
            letters = await top_seen.dead_letters(reader)
        self.letters = {letter.run.id: letter for letter in letters}
        return top_rows.letter_rows(letters, at)
