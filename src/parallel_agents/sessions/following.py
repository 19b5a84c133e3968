"""Following: the events of a session's tree as they happen, folded from what the store announces.

The store is read once, page by page; from then on its announcements are enough. Whoever falls far
behind reads the missing pages from the store again, so that no buffer grows without limit.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

from parallel_agents.core.event import Event, Finished, Queued
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter, Store
from parallel_agents.sessions.completions import Completions
from parallel_agents.sessions.event_names import EventNames
from parallel_agents.sessions.tail import Tail

_MOST_BUFFERED = 10_000


async def follow(
    store: Store,
    completions: Completions,
    row: Row,
    *,
    after: int,
    most_buffered: int = _MOST_BUFFERED,
) -> AsyncGenerator[Event]:
    """The events of a session and of everything that it spawned, until its latest run ends.

    Args:
        store: what is read first, and announces the rest.
        completions: tells when the engine ended, after which no event comes.
        row: the session.
        after: the number of the last event that is already known.
        most_buffered: how many announced events are kept for a slow reader.

    Raises:
        StoreError: the store failed, so that no event will come.
    """
    top = row.session.key
    tree = _Tree(store, top)
    names = EventNames(store)
    tail = Tail(most_buffered)
    unsubscribe = store.subscribe(tail.hear)
    seen, has_changed = after, True
    try:
        while True:
            tail.news.clear()
            if has_changed:
                row = (await store.rows(Filter(session=top)))[0]
                has_changed = False
            is_over = row.run.status.is_over
            while is_over or tail.is_behind:
                tail.restart()
                page = await store.events(after=seen, tree=top, limit=PAGE)
                for event in await names.named(page):
                    has_changed |= _is_turn(event, top)
                    tree.add(event.session)
                    yield event
                seen = page[-1].seq if page else seen
                if len(page) < PAGE:
                    break
                tail.is_behind = True
            if is_over:
                return
            heard = [event for event in tail.take() if event.seq > seen]
            seen = heard[-1].seq if heard else seen
            for event in await names.named([e for e in heard if await tree.has(e.session)]):
                has_changed |= _is_turn(event, top)
                yield event
            if not has_changed and not tail.is_behind:
                await _wait_news(completions, row.run.id, tail.news)
    finally:
        unsubscribe()


def _is_turn(event: Event, top: SessionKey) -> bool:
    """Whether a run of the session itself began or ended, which may change its latest run."""
    return event.session == top and isinstance(event.body, Queued | Finished)


class _Tree:
    """Which sessions are under another, each looked up once."""

    def __init__(self, store: Store, top: SessionKey) -> None:
        self._store = store
        self._is_in = {top: True}

    def add(self, session: SessionKey) -> None:
        self._is_in[session] = True

    async def has(self, session: SessionKey) -> bool:
        if session not in self._is_in:
            rows = await self._store.rows(Filter(session=session))
            above = rows[0].session.parent if rows else None
            self._is_in[session] = above is not None and await self.has(above)
        return self._is_in[session]


async def _wait_news(completions: Completions, run: RunId, news: asyncio.Event) -> None:
    """Wait for an event, or raise what ended the engine, after which none comes."""
    ended = completions.expect(run)

    def wake(_: asyncio.Future[RunStatus]) -> None:
        news.set()

    ended.add_done_callback(wake)
    try:
        await news.wait()
        if ended.done():
            ended.result()
    finally:
        ended.remove_done_callback(wake)
        completions.forget(run, ended)
