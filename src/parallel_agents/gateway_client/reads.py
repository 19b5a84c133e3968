"""Reads: the verbs that only look, at a distance; see `core.verbs.SessionReads` for what each promises."""

from __future__ import annotations

import builtins
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import replace

from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import Result
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.usage import Spend
from parallel_agents.gateway_client import following
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.wire import (
    BATCHES,
    CHILD_RUNS,
    CHILDREN_NAMED,
    DEAD_LETTERS,
    FIND,
    HISTORY,
    LIST,
    MEMBER_RUNS,
    QUESTIONS,
    RESULTS,
    ROWS_OF,
    SPENT_BELOW,
    TEAM_RESULT,
    Asked,
)

_ROWS, _RESULTS, _EVENTS, _NAMES = 200, 50, 200, 200
_MOST_LISTED = 1_000_000


class RemoteReads:
    """See `core.verbs.SessionReads`; lists are read in pages, so that no answer is too large."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def find(self, name: str) -> Row:
        return await self._exchange.look(FIND, Asked(look=FIND.name, name=name))

    async def list(self, chosen: Filter | None = None) -> builtins.list[Row]:
        chosen = chosen or Filter()
        if chosen.limit == 0:
            return []
        if chosen.every_run or chosen.prefix is not None or chosen.run is not None:
            return await self._page(chosen)  # no page of these can be told to begin after another
        found: builtins.list[Row] = []
        known: set[SessionKey] = set()
        while True:
            left = _ROWS if chosen.limit is None else min(_ROWS, chosen.limit - len(found))
            page = await self._page(replace(chosen, limit=left))
            fresh = {row.session.key for row in page} - known
            known |= fresh
            found += page
            if len(page) > left or (page and not fresh) or len(found) > _MOST_LISTED:
                raise self._exchange.mismatch("its list of sessions has no end")
            if len(page) < left or len(found) == chosen.limit:
                return found
            chosen = replace(chosen, after=page[-1].session.key)

    async def _page(self, chosen: Filter) -> builtins.list[Row]:
        return await self._exchange.look(LIST, Asked(look=LIST.name, rows=chosen))

    async def child_runs(self, parent: SessionKey) -> builtins.list[ChildRun]:
        return await self._exchange.look(CHILD_RUNS, Asked(look=CHILD_RUNS.name, session=parent))

    async def children_named(
        self, parent: SessionKey, keys: Sequence[str]
    ) -> builtins.list[ChildRun]:
        found: builtins.list[ChildRun] = []
        for part in in_parts(keys, _NAMES):
            asked = Asked(look=CHILDREN_NAMED.name, session=parent, names=part)
            found += await self._exchange.look(CHILDREN_NAMED, asked)
        return found

    async def spent_below(self, run: RunId) -> Spend:
        return await self._exchange.look(SPENT_BELOW, Asked(look=SPENT_BELOW.name, name=run))

    async def batches(self, map: SessionKey, *, after: int = 0) -> builtins.list[Event]:
        return await self._exchange.look(
            BATCHES, Asked(look=BATCHES.name, session=map, after=after)
        )

    async def history(
        self, name: str, *, after: int = 0, limit: int = PAGE
    ) -> builtins.list[Event]:
        found: builtins.list[Event] = []
        while len(found) < limit:
            part = min(_EVENTS, limit - len(found))
            asked = Asked(look=HISTORY.name, name=name, after=after, limit=part)
            page = await self._exchange.look(HISTORY, asked)
            found += page
            if len(page) < part:
                break
            after = page[-1].seq
        return found

    async def follow(self, name: str, *, after: int = 0) -> AsyncGenerator[Event]:
        key = (await self.find(name)).session.key  # the name may mean another one after a cut
        async with aclosing(following.follow(self._exchange, key, after)) as events:
            async for event in events:
                yield event

    async def members(self, team: Row) -> builtins.list[Row]:
        if not team.run.kind.is_group:
            return [team]
        return await self.rows_of(await self.member_runs(team))

    async def member_runs(self, team: Row) -> builtins.list[RunId]:
        if not team.run.kind.is_group:
            return [team.run.id]
        asked = Asked(look=MEMBER_RUNS.name, session=team.session.key)
        return await self._exchange.look(MEMBER_RUNS, asked)

    async def rows_of(self, runs: Sequence[RunId]) -> builtins.list[Row]:
        found: builtins.list[Row] = []
        for part in in_parts(runs, _ROWS):
            found += await self._exchange.look(ROWS_OF, Asked(look=ROWS_OF.name, names=part))
        return found

    async def results(self, runs: Sequence[RunId]) -> builtins.list[Result]:
        found: builtins.list[Result] = []
        for part in in_parts(runs, _RESULTS):
            found += await self._exchange.look(RESULTS, Asked(look=RESULTS.name, names=part))
        return found

    async def team_result(self, name: str) -> TeamResult:
        return await self._exchange.look(TEAM_RESULT, Asked(look=TEAM_RESULT.name, name=name))

    async def questions(self) -> builtins.list[OpenQuestion]:
        return await self._exchange.look(QUESTIONS, Asked(look=QUESTIONS.name))

    async def dead_letters(
        self, chosen: DeadLetterFilter | None = None
    ) -> builtins.list[DeadLetter]:
        asked = Asked(look=DEAD_LETTERS.name, letters=chosen)
        return await self._exchange.look(DEAD_LETTERS, asked)


def in_parts(names: Sequence[str], size: int) -> Iterator[tuple[str, ...]]:
    """Names, so many at once."""
    for start in range(0, len(names), size):
        yield tuple(names[start : start + size])
