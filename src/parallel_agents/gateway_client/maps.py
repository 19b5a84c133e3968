"""Maps: rows that are sent to a gateway, and their results as they come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterator, Mapping
from hashlib import sha256
from typing import NamedTuple
from urllib.parse import quote
from uuid import uuid4

from parallel_agents.core.ids import RunId
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.forms import BegunMapForm, MapResultsForm, PricedMapForm
from parallel_agents.gateway_client.wire import BEGUN_MAP, MAP_RESULTS, PRICED_MAP, WAIT_SECONDS

_log = logging.getLogger(__name__)
_PART_BYTES = 2 << 20


class SentRows(NamedTuple):
    """Rows that a gateway has: the name under which they were sent, and the SHA-256 of their bytes."""

    upload: str
    digest: str


class RemoteMaps:
    """Sends rows, begins maps, and fetches results; each request may be sent again."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def send(self, key: str, lines: Iterator[bytes]) -> SentRows:
        """Send the rows of a map, which are read while they are sent.

        Raises:
            InvalidInput: a row cannot be read, or there are too many.
        """
        upload, digest, size = uuid4().hex, sha256(), 0
        while part := await asyncio.to_thread(_part_of, lines):
            body = {"upload": upload, "first": size, "lines": part.decode()}
            path = f"/maps/{quote(key, safe='')}/rows"
            await self._exchange.change(path, body)
            digest.update(part)
            size += len(part)
        return SentRows(upload, digest.hexdigest())

    async def begin(self, body: Mapping[str, object]) -> BegunMapForm:
        """Begin a map on rows that were sent, or find its live run.

        Raises:
            PagentsError: it cannot be begun.
        """
        answer = await self._exchange.change("/maps", body)
        form = self._exchange.read_value(BEGUN_MAP, answer)
        if form.warning:
            _log.warning("%s", form.warning)
        return form

    async def price(self, body: Mapping[str, object]) -> PricedMapForm:
        """What a map would cost on rows that were sent; nothing is begun.

        Raises:
            PagentsError: as when it is begun.
        """
        answer = await self._exchange.ask("/price/map", body=body)
        return self._exchange.read_value(PRICED_MAP, answer)

    async def results(self, key: str, run: RunId) -> AsyncGenerator[MapResultsForm]:
        """The results of a run, in parts, until it has ended; a silence is told as an empty part.

        Raises:
            Conflict: another run of the map was begun.
            GatewayUnreachable: the gateway is away for longer than a minute; the map continues.
        """
        after = 0
        while True:
            found = await self._results(key, run, after)
            if found.after < after or (found.text and found.after == after):
                raise self._exchange.mismatch("the results of a map go back")
            after = found.after
            yield found
            if found.is_over:
                return

    async def _results(self, key: str, run: RunId, after: int) -> MapResultsForm:
        query = {"run": run, "after": str(after), "wait": str(min(5.0, WAIT_SECONDS))}
        path = f"/maps/{quote(key, safe='')}/results"
        answer = await self._exchange.get(path, query=query)
        return self._exchange.read_value(MAP_RESULTS, answer)


def _part_of(lines: Iterator[bytes]) -> bytes:
    """The next lines, together not much more than so many bytes; nothing after the last."""
    found = bytearray()
    for line in lines:
        found += line
        if len(found) >= _PART_BYTES:
            break
    return bytes(found)
