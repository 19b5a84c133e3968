"""Program reads: the verbs of a program that change nothing, the same on an open store and at a distant gateway."""

from __future__ import annotations

import builtins
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Protocol

from parallel_agents.comparing.comparison import Comparison
from parallel_agents.comparing.reading import compare
from parallel_agents.core.annotations import Count, Index, Name, Seconds
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.async_use import Followed
from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import Journal
from parallel_agents.core.overview import Cost, added_up
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter
from parallel_agents.core.verb_words import NamesVerbs
from parallel_agents.core.verbs import DeadLetters, Sessions, whole_history
from parallel_agents.sessions.handle import SessionHandle, name_of


class ProgramService(Sessions, DeadLetters, Protocol):
    """What the verbs of a program are made of."""


@checked_methods
class ProgramReads(NamesVerbs):
    """What a program can read of its sessions wherever the store is.

    Raises:
        NotFound, Ambiguous: from each verb that takes a name.
    """

    def __init__(self, service: ProgramService, journal: Journal) -> None:
        self._service = service
        self._journal = journal

    async def list(self, chosen: Filter | None = None) -> builtins.list[Row]:
        """Sessions with their latest runs, the newest first; each has what it cost as `total_spend`.

        Raises:
            NotFound: the filter's `tree`, which takes any name of a session, is none.
        """
        if chosen is not None and chosen.tree is not None:
            chosen = replace(chosen, tree=await self._tree(chosen.tree))
        rows = await self._service.list(chosen)
        if not rows:
            return []
        spent = (await self._journal.look(rows)).spent
        return [replace(row, total_spend=spent.get(row.session.key)) for row in rows]

    async def _tree(self, name: str) -> SessionKey:
        return (await self._service.find(name)).session.key

    async def costs(
        self,
        session: SessionHandle[Any] | str | None = None,
        *,
        since: Seconds | None = None,
        tag: Name | None = None,
    ) -> builtins.list[Cost]:
        """What work cost, by agent, model, day and tags, with its failed attempts, judges and refiners.

            nightly = await sessions.costs(tag="nightly")
            print(sum((each.spend for each in nightly), pa.Spend()).cost_usd)

        Args:
            session: only this one and everything below it, as a handle or a name.
            since: only runs that were queued since then, in seconds since the epoch.
            tag: only work with this tag.
        """
        key = session.key if isinstance(session, SessionHandle) else None
        if isinstance(session, str):
            key = (await self._service.find(session)).session.key
        return added_up(await self._journal.costs(tree=key, since=since, tag=tag))

    async def history(
        self, name: SessionHandle[Any] | str, *, after: Index = 0, limit: Count | None = None
    ) -> builtins.list[Event]:
        """The events of a session, oldest first: all, or a page.

        Args:
            name: a handle, a session key, label, or the start of an id.
            after: the `seq` of the last event of the page before.
            limit: the size of a page; None for all, which are read page by page.
        """
        if limit is not None:
            return await self._service.history(name_of(name), after=after, limit=limit)
        return await whole_history(self._service, name_of(name), after=after)

    async def compare(self, a: SessionHandle[Any] | str, b: SessionHandle[Any] | str) -> Comparison:
        """Two runs, two sessions or two attempts side by side: what was changed, and where they part.

            found = await sessions.compare("monday", "tuesday")
            if found.divergence:
                print(found.divergence.row.label, found.divergence.before, found.divergence.after)

        Sessions are paired by their labels, and by their places among those with the same label.

        Args:
            a: the one before, as a handle or a name; `NAME#2` is its second attempt.
            b: the one after.

        Raises:
            SameRun: both names mean the same.
            NotComparable: they are of different kinds, or cannot be read.
        """
        names = [each if isinstance(each, str) else each.run_id for each in (a, b)]
        return await compare(self._service, self._journal, *names)

    def follow(self, session: SessionHandle[Any] | str) -> AsyncIterator[Event]:
        """Yield all events of a session and its descendants until its latest run ends."""
        key = session if isinstance(session, str) else session.key
        return Followed(self._service.follow(key), "follow()")
