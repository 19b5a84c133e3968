"""Store search: follows the journal by the numbers of its events into an index, and searches that.

Runs never pay for it. Whoever searches, and the gateway while it is idle, first indexes what is new,
in small transactions. One process of a home does that at a time; another searches what is there. The
index knows its store by a link of the chain of hashes: if the link is gone, as in a store that was
replaced by an older copy, the index begins anew.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from time import monotonic
from typing import ParamSpec, Protocol, TypeVar

from parallel_agents.core.cutting import before_cut
from parallel_agents.core.event_store import EventStore
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.overview import Overview
from parallel_agents.core.transcript_search import Coverage, Hit, Hits, OnProgress
from parallel_agents.errors import InvalidInput, SearchFailed
from parallel_agents.lock import hold_nowait
from parallel_agents.searching.finding import Bounds, find
from parallel_agents.searching.folding import words_of
from parallel_agents.searching.index_file import (
    IndexFile,
    Place,
    Stored,
    is_damage,
    remove_index,
)
from parallel_agents.searching.index_form import Foreign
from parallel_agents.searching.phrases import Phrase, expression_of, read_phrases
from parallel_agents.searching.snippets import snippet_of
from parallel_agents.searching.texts import KINDS, said_in
from parallel_agents.secrets.known import KNOWN

INDEX_NAME, LOCK_NAME = "search.db", ".search.lock"
_EVENTS_AT_ONCE, _SESSIONS_AT_ONCE, _TEXTS_AT_ONCE = 200, 500, 500
_MOST_SKIPPED = 1_000_000
_P = ParamSpec("_P")
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Source(EventStore, Overview, Protocol):
    """What is searched."""


_BOUNDS = Bounds()


class StoreSearch:
    """See `core.transcript_search.TranscriptSearch`.

    Args:
        store: has the journal.
        home: the folder that the index is kept in.
        keeps_index: False if nothing may be written into the home: what is not indexed yet is then
            indexed for this process alone.
        bounds: from how many matches on a search takes other ways, which find the same.
    """

    def __init__(
        self, store: Source, home: Path, *, keeps_index: bool, bounds: Bounds = _BOUNDS
    ) -> None:
        self._bounds = bounds
        self._store = store
        self._keeps_index = keeps_index
        self._path = home / INDEX_NAME
        self._lock_path = home / LOCK_NAME
        self._open: IndexFile | None = None
        self._open_is: tuple[int, int] | None = None
        self._hidden: dict[str, int] = {}  # for each secret, the last text that was looked through
        self._hidden_in: tuple[int, int] | None = None
        self._lock = asyncio.Lock()  # guards the open file, of which one thread at a time makes use

    async def catch_up(
        self, *, most_seconds: float | None = None, on_progress: OnProgress | None = None
    ) -> Coverage:
        async with self._lock:
            with ExitStack() as stack:
                try:
                    is_writer = await self._begin(stack)
                    if is_writer:
                        await self._follow(most_seconds, on_progress)
                    index = await _in_thread(self._current)
                    return await self._coverage(await _in_thread(index.place))
                except (sqlite3.Error, OSError) as error:
                    raise self._failed(error) from error

    async def sessions_with(self, phrase: str) -> list[SessionKey]:
        expression = expression_of(read_phrases(phrase))
        return await self._ask(lambda index: index.sessions_with(expression))

    async def find(
        self,
        phrase: str,
        *,
        sessions: Sequence[SessionKey] | None = None,
        limit: int,
        after: str = "",
    ) -> Hits:
        phrases = read_phrases(phrase)
        skip, until = _read_cursor(after)
        found = await self._ask(
            lambda index: find(
                index,
                phrases,
                sessions,
                limit=limit,
                skip=skip,
                until=until,
                bounds=self._bounds,
            )
        )
        hits = await _in_thread(_hits, found.items, phrases)
        known = await self._store.origins(list({hit.session for hit in hits}))
        coverage = await self._coverage(found.place)
        next_skip = skip + len(found.items)
        return Hits(
            items=[hit for hit in hits if hit.session in known],  # the others are being pruned
            total=found.total,
            next=f"{next_skip}-{found.until}" if next_skip < found.total else "",
            coverage=coverage,
        )

    def close(self) -> None:
        """Close the index; it is opened again when it is needed."""
        if self._open is not None:
            self._open.close()
        self._open, self._open_is = None, None

    async def _begin(self, stack: ExitStack) -> bool:
        """Open the index; whether this process may write it now, and nobody else does."""
        if not self._keeps_index:
            if self._open is None:
                self._open = await _in_thread(IndexFile.temporary, self._path)
            return True
        is_held = stack.enter_context(hold_nowait(self._lock_path))
        if is_held:
            self.close()
            await _in_thread(self._create)
        return is_held

    def _create(self) -> None:
        try:
            self._open = IndexFile.create(self._path)
        except (Foreign, sqlite3.DatabaseError) as error:
            if isinstance(error, sqlite3.Error) and not is_damage(error):
                raise
            self._remake()
        self._open_is = _identity(self._path)
        if self._open_is != self._hidden_in:
            self._hidden_in, self._hidden = self._open_is, {}

    def _remake(self) -> None:
        _log.info("the index of transcripts is made anew")
        self.close()
        if not self._keeps_index:
            self._open = IndexFile.temporary()
            return
        remove_index(self._path)
        self._open = IndexFile.create(self._path)
        self._open_is = _identity(self._path)

    async def _follow(self, most_seconds: float | None, on_progress: OnProgress | None) -> None:
        try:
            await self._follow_once(most_seconds, on_progress)
            await self._hide_known(most_seconds)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
            await _in_thread(self._remake)
            await self._follow_once(most_seconds, on_progress)

    async def _follow_once(
        self, most_seconds: float | None, on_progress: OnProgress | None
    ) -> None:
        deadline = None if most_seconds is None else monotonic() + most_seconds
        index = self._index
        place = await self._known(index, await _in_thread(index.place))
        target = await self._store.mark()
        if target is None:
            return
        if target.pruning != place.pruning and not await self._remove_pruned(
            index, target.pruning, deadline
        ):
            return
        while place.seq < target.last_seq:
            events = await self._store.events(after=place.seq, kinds=KINDS, limit=_EVENTS_AT_ONCE)
            events = [event for event in events if event.seq <= target.last_seq]
            is_last = len(events) < _EVENTS_AT_ONCE
            place = Place(
                target.last_seq if is_last else events[-1].seq,
                events[-1].at if events else place.at,
                target.number,
                target.hash,
                target.pruning,
            )
            await _in_thread(index.add, said_in(events), place)
            if on_progress is not None:
                on_progress(Coverage(place.seq, place.at, target.last_seq - place.seq))
            if deadline is not None and monotonic() > deadline:
                return

    async def _hide_known(self, most_seconds: float | None) -> None:
        """Have texts that have a secret which became known later be indexed without it."""
        began = monotonic()
        last = await _in_thread(self._index.last_id)
        for secret in KNOWN.values:
            words = tuple(words_of(secret))
            while words and (after := self._hidden.get(secret, 0)) < last:
                expression = Phrase(words, is_beginning=True).expression
                found = await _in_thread(
                    self._index.events_with, expression, after, _EVENTS_AT_ONCE
                )
                for number, seq in found:
                    events = await self._store.events(after=seq - 1, kinds=KINDS, limit=1)
                    said = said_in([event for event in events if event.seq == seq])
                    await _in_thread(self._index.replace, number, list(said))
                self._hidden[secret] = found[-1][0] if len(found) == _EVENTS_AT_ONCE else last
                if most_seconds is not None and monotonic() > began + most_seconds:
                    return

    async def _known(self, index: IndexFile, place: Place) -> Place:
        """The place, if the index is of this store as it is now; else that of an empty index."""
        if not place.link:
            return place
        mark = await self._store.mark(place.link)
        if mark is not None and mark.hash == place.hash:
            return place
        _log.info("the index of transcripts is of another store: it begins anew")
        await _in_thread(index.clear)
        self._hidden = {}
        return await _in_thread(index.place)

    async def _remove_pruned(self, index: IndexFile, pruning: int, deadline: float | None) -> bool:
        """Take out the sessions that the store does not have any more; whether all are."""
        after, is_any = 0, False
        while found := await _in_thread(index.sessions, after, _SESSIONS_AT_ONCE):
            known = await self._store.origins([key for _, key in found])
            for number in (number for number, key in found if key not in known):
                is_any = True
                while await _in_thread(index.remove, number, _TEXTS_AT_ONCE):
                    if deadline is not None and monotonic() > deadline:
                        return False
            after = found[-1][0]
        note = index.forget_removed if is_any else index.note_pruning
        await _in_thread(note, pruning)
        return True

    async def _ask(self, question: Callable[[IndexFile], _T]) -> _T:
        async with self._lock:
            try:
                index = await _in_thread(self._current)
                return await _in_thread(question, index)
            except (sqlite3.Error, OSError) as error:
                if not isinstance(error, sqlite3.DatabaseError) or not is_damage(error):
                    raise self._failed(error) from error
            await self._repair()
            try:
                return await _in_thread(question, self._index)
            except (sqlite3.Error, OSError) as error:
                raise self._failed(error) from error

    async def _repair(self) -> None:
        """Make a damaged index anew, and fill it."""
        try:
            with hold_nowait(self._lock_path) as is_held:
                if is_held:
                    await _in_thread(self._remake)
                    await self._follow_once(None, None)
        except (sqlite3.Error, OSError) as error:
            raise self._failed(error) from error

    def _current(self) -> IndexFile:
        """The index, opened again if another process has made it anew."""
        if self._keeps_index and _identity(self._path) != self._open_is:
            self.close()
        if self._open is None:
            identity = _identity(self._path) if self._keeps_index else None
            try:
                self._open = IndexFile.open(self._path)
            except (Foreign, sqlite3.DatabaseError):
                self._open = IndexFile.temporary()  # another process is about to make it
            self._open_is = identity
        return self._open

    @property
    def _index(self) -> IndexFile:
        assert self._open is not None  # callers have opened it
        return self._open

    async def _coverage(self, place: Place) -> Coverage:
        target = await self._store.mark()
        behind = 0 if target is None else max(0, target.last_seq - place.seq)
        return Coverage(place.seq, place.at, behind)

    def _failed(self, error: Exception) -> SearchFailed:
        if "fts5" in str(error):
            return SearchFailed(
                "transcripts cannot be searched",
                why="SQLite on this machine is built without FTS5",
                hint="use a Python whose sqlite3 has FTS5, as those of python.org have",
            )
        return SearchFailed(
            f"the index of transcripts {self._path} cannot be used",
            why=str(error),
            hint="free some space and check its permissions; it can be deleted at any time, and is"
            " made again",
        )


async def _in_thread(call: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """The result of a call that blocks; a caller that is cancelled waits until the file is free again."""
    running = asyncio.ensure_future(asyncio.to_thread(call, *args, **kwargs))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _hits(found: Sequence[Stored], phrases: Sequence[Phrase]) -> list[Hit]:
    return [
        Hit(
            session=each.said.session,
            run=each.said.run,
            seq=each.said.seq,
            at=each.said.at,
            role=each.said.role,
            snippet=snippet_of(before_cut(each.said.text), phrases),
        )
        for each in found
    ]


def _read_cursor(after: str) -> tuple[int, int | None]:
    """How many hits were shown, and the last text that was there then."""
    if not after:
        return 0, None
    skip, _, until = after.partition("-")
    is_read = skip.isascii() and skip.isdigit() and until.isascii() and until.isdigit()
    if not is_read or int(skip[:9]) > _MOST_SKIPPED or len(until) > 18:
        raise InvalidInput(f"no page begins after {after[:80]!r}", hint="follow `next`")
    return int(skip[:9]), int(until)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
