"""Exporter: follows the journal by the numbers of its events, and sends what they complete.

Nothing waits in memory and no run waits for it: what could not be sent is still in the journal. One
process of a home exports at a time, for all of them. A page of events counts as exported once the
collector has taken it and the place was kept; what a crash between the two sends again has the same
ids and the same totals.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from parallel_agents.core.event import Event
from parallel_agents.core.event_store import EventStore
from parallel_agents.core.ids import RunId
from parallel_agents.core.overview import Overview
from parallel_agents.core.row import Row
from parallel_agents.errors import InvalidInput
from parallel_agents.lock import hold, hold_nowait
from parallel_agents.telemetry.options import Options, Place as Target
from parallel_agents.telemetry.otlp import encode_spans, encode_totals, rejected
from parallel_agents.telemetry.place import (
    FOLDER_NAME,
    LOCK_NAME,
    Place,
    keep_place,
    read_place,
)
from parallel_agents.telemetry.records import Span
from parallel_agents.telemetry.sending import MOST_WAIT_SECONDS, NotTaken, post
from parallel_agents.telemetry.spans import KINDS, spans_of

FAREWELL_SECONDS = 1.0
_PAGE = 200
_FIRST_WAIT_SECONDS = 5.0
_log = logging.getLogger(__name__)


class Source(EventStore, Overview, Protocol):
    """What is exported."""

    async def rows_of(self, runs: Sequence[RunId]) -> list[Row]:
        """These runs with their sessions, in order."""
        ...

    def now(self) -> float:
        """Seconds since 1970 on the store's clock."""
        ...


class Exporter:
    """Exports the journal of a home.

    Args:
        store: has the journal.
        home: the folder that the place is kept in.
        options: what is exported, and to where.
        certificates: the authorities that are trusted; None for those of the system.
    """

    def __init__(
        self,
        store: Source,
        home: Path,
        options: Options,
        certificates: ssl.SSLContext | None,
    ) -> None:
        self._store = store
        self._folder = home / FOLDER_NAME
        self._options = options
        self._certificates = certificates
        self._not_before = 0.0
        self._wait_seconds = 0.0
        self._sent_totals_at = 0.0
        self._is_failing = False
        self._has_told_unread = False

    async def begin(self) -> None:
        """Export what happens from now on, if nothing was exported before.

        Raises:
            StoreError: the store cannot be read.
        """
        try:
            with hold_nowait(self._folder / LOCK_NAME) as is_held:
                if is_held and read_place(self._folder) is None:
                    await self._begin()
        except (OSError, InvalidInput) as error:
            self._fail(str(error))

    async def sweep(self) -> None:
        """Send what is new, unless another process does, or the collector is being waited for.

        Raises:
            StoreError: the store cannot be read.
        """
        if asyncio.get_running_loop().time() < self._not_before:
            return
        try:
            with hold_nowait(self._folder / LOCK_NAME) as is_held:
                if is_held:
                    await self._export()
        except (OSError, InvalidInput) as error:
            self._fail(str(error))

    async def say_farewell(self) -> None:
        """Send what is new before this process ends, if the collector answers at once.

        The next process that exports sends what is left.
        """
        if self._is_failing:
            return
        try:
            async with asyncio.timeout(FAREWELL_SECONDS), hold(self._folder / LOCK_NAME):
                self._sent_totals_at = 0.0
                await self._export()
        except TimeoutError:
            self._fail(f"the collector did not answer within {FAREWELL_SECONDS:g} s")
        except (OSError, InvalidInput) as error:
            self._fail(str(error))

    async def _export(self) -> None:
        place = read_place(self._folder) or await self._begin()
        if place.seq > await self._store.last_seq():
            _log.warning("the store has fewer events than were exported: its export begins anew")
            place = await self._begin()
        try:
            is_new = await self._send_pages(place)
            if not is_new:
                await self._send_totals_again(place)
        except NotTaken as error:
            self._fail(str(error), error.wait_seconds)
        else:
            self._succeed()

    async def _begin(self) -> Place:
        place = Place.beginning(await self._store.last_seq(), self._store.now())
        await asyncio.to_thread(keep_place, self._folder, place)
        return place

    async def _send_pages(self, place: Place) -> bool:
        """Send all that is new, a page after the other; whether there was any."""
        is_new = False
        while events := await self._store.events(after=place.seq, kinds=KINDS, limit=_PAGE):
            is_new = True
            spans, totals = await self._spans(events), place.totals
            for span in spans:
                totals.add(span)
            place = place.moved(events[-1].seq, totals)
            await self._send_spans(spans, place)
            await self._send_totals(place)
            await asyncio.to_thread(keep_place, self._folder, place)
        return is_new

    async def _spans(self, events: Sequence[Event]) -> list[Span]:
        lineages = await self._store.lineages(list({event.run for event in events}))
        rows = {row.run.id: row for row in await self._store.rows_of(list(lineages))}
        origins = await self._store.origins(sorted({event.session for event in events}))
        kept = [
            replace(event, path=origins[event.session].path) if event.session in origins else event
            for event in events
            if event.run in rows
        ]
        return list(spans_of(kept, rows, lineages, with_content=self._options.has_content))

    async def _send_spans(self, spans: Sequence[Span], place: Place) -> None:
        if self._options.traces is not None and spans:
            content = await asyncio.to_thread(encode_spans, spans, self._resource(place))
            await self._send("traces", self._options.traces, content)

    async def _send_totals(self, place: Place) -> None:
        if self._options.metrics is None or not place.series:
            return
        content = encode_totals(
            place.totals, self._resource(place), since=place.since, now=self._store.now()
        )
        await self._send("metrics", self._options.metrics, content)
        self._sent_totals_at = asyncio.get_running_loop().time()

    async def _send_totals_again(self, place: Place) -> None:
        """Send the totals once they are due, although nothing is new: silence would look like an end."""
        since = asyncio.get_running_loop().time() - self._sent_totals_at
        if since >= self._options.interval_seconds:
            await self._send_totals(place)

    async def _send(self, kind: str, target: Target, content: bytes) -> None:
        taken = await post(target, content, self._options, self._certificates)
        why = taken.refused or rejected(kind, taken.content)
        if why is None and not self._has_told_unread:
            self._has_told_unread = True
            _log.warning(
                "%s answered, and its answer cannot be read: see whether it is a collector",
                target.address.netloc,
            )
        if why:
            _log.warning("%s were refused, and are not sent again: %s", kind, why[:200])

    def _resource(self, place: Place) -> dict[str, str]:
        return {**self._options.resource, "service.instance.id": place.instance}

    def _fail(self, why: str, wait_seconds: float = 0.0) -> None:
        twice = self._wait_seconds * 2 or _FIRST_WAIT_SECONDS
        self._wait_seconds = min(max(twice, wait_seconds), MOST_WAIT_SECONDS)
        self._not_before = asyncio.get_running_loop().time() + self._wait_seconds
        if not self._is_failing:
            self._is_failing = True
            _log.warning("telemetry is not sent: %s; it is kept, and sent later", why)

    def _succeed(self) -> None:
        if self._is_failing:
            _log.warning("telemetry is sent again")
        self._is_failing, self._wait_seconds, self._not_before = False, 0.0, 0.0
