"""Kept answers: what changes were answered a while ago, so that a request that is sent again is not done again.

A client whose line broke cannot know whether its request arrived. It sends it again under the same
`Idempotency-Key`, and says how long ago it sent it first.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import NamedTuple

import orjson

from parallel_agents.errors import Conflict
from parallel_agents.surfaces.gateway.replies import Document, Reply, encode

_MOST, _MOST_BYTES = 2_000, 16 << 20
_SECONDS = 600.0  # a client sends again for one minute


class KeyedRequest(NamedTuple):
    """What makes a request the same one: who may send it, where it goes, its key, and what it says."""

    access: str
    method: str
    path: str
    key: str
    content: bytes


class _Kept(NamedTuple):
    reply: Document
    size: int
    at: float


class KeptAnswers:
    """The answers to requests with a key, and the requests that are being done.

    They are lost with the process, as after a kill. What must not be done twice then is refused.
    """

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._began = now()
        self._doing: dict[KeyedRequest, asyncio.Future[Reply]] = {}
        self._kept: OrderedDict[KeyedRequest, _Kept] = OrderedDict()
        self._size = 0

    def find(self, request: KeyedRequest) -> asyncio.Future[Reply] | None:
        """The answer to the same request before, which may still be made; None if there is none."""
        if (doing := self._doing.get(request)) is not None:
            return doing
        self._forget_old()
        if (kept := self._kept.get(request)) is None:
            return None
        found: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        found.set_result(kept.reply)
        return found

    def check_known(self, sent_seconds_ago: float) -> None:
        """Refuse to do what may have been done by the process before this one.

        Raises:
            Conflict: the request was first sent before this process began.
        """
        if self._now() - sent_seconds_ago < self._began:
            raise Conflict(
                "the request may have been done already",
                why="the gateway was started again after it was first sent, and did not keep its answer",
                hint="look at what is there now before you ask again",
            )

    def do(self, request: KeyedRequest, answering: Awaitable[Reply]) -> asyncio.Future[Reply]:
        """Do a request, and keep what it answers; a refusal changed nothing, and is not kept."""
        doing = asyncio.ensure_future(answering)
        self._doing[request] = doing
        doing.add_done_callback(lambda done: self._keep(request, done))
        return doing

    def _keep(self, request: KeyedRequest, done: asyncio.Future[Reply]) -> None:
        del self._doing[request]
        if done.cancelled() or done.exception() is not None:
            return
        reply = done.result()
        if not isinstance(reply, Document):
            return
        body = encode(reply.value)
        kept = Document(value=orjson.Fragment(body), is_new=reply.is_new, location=reply.location)
        self._drop(request)
        self._kept[request] = _Kept(kept, len(body), self._now())
        self._size += len(body)
        self._forget_old()

    def _forget_old(self) -> None:
        while self._kept:
            request, oldest = next(iter(self._kept.items()))
            is_young = self._now() - oldest.at < _SECONDS
            if is_young and len(self._kept) <= _MOST and self._size <= _MOST_BYTES:
                return
            self._drop(request)

    def _drop(self, request: KeyedRequest) -> None:
        if (dropped := self._kept.pop(request, None)) is not None:
            self._size -= dropped.size
