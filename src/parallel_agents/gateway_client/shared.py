"""Shared: what the sessions of a tree share, and what is said in all of them, seen at a distance."""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Never
from urllib.parse import quote

from parallel_agents.core.artifact import Artifact, ArtifactRecord, found_artifact, found_artifacts
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.shared_state import OUTSIDER, StateEntry, Writer
from parallel_agents.core.transcript_search import Coverage, Hits, OnProgress
from parallel_agents.files import write_private
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.refusals import not_at_distance
from parallel_agents.gateway_client.wire import (
    ARTIFACTS,
    CATCH_UP,
    FIND_HITS,
    SESSIONS_WITH,
    STATE,
    STATE_KEY,
    STATE_WAIT,
    WAIT_SECONDS,
    Asked,
)


class RemoteSharing:
    """See `core.shared_reads.SharedReads`."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    def state(self, tree: SessionKey, writer: Writer = OUTSIDER) -> RemoteState:
        del writer
        return RemoteState(self._exchange, tree)

    def artifacts(self, tree: SessionKey, writer: Writer = OUTSIDER) -> RemoteArtifacts:
        del writer
        return RemoteArtifacts(self._exchange, tree)

    async def referred(self, ids: builtins.list[str]) -> Never:
        """Refused: contents that nothing needs are removed where they lie."""
        del ids
        raise not_at_distance("removing contents")


class RemoteState:
    """See `core.shared_reads.StateReads`."""

    def __init__(self, exchange: Exchange, tree: SessionKey) -> None:
        self._exchange = exchange
        self._tree = tree

    async def get(self, key: str) -> StateEntry | None:
        asked = Asked(look=STATE_KEY.name, tree=self._tree, name=key)
        return await self._exchange.look(STATE_KEY, asked)

    async def entries(self, prefix: str = "") -> Sequence[StateEntry]:
        asked = Asked(look=STATE.name, tree=self._tree, name=prefix)
        return await self._exchange.look(STATE, asked)

    async def wait_for(
        self,
        key: str,
        *,
        after: int = 0,
        condition: str | None = None,
        timeout: float | None = None,
    ) -> StateEntry:
        deadline = None if timeout is None else monotonic() + timeout
        while True:
            left = WAIT_SECONDS if deadline is None else max(0.0, deadline - monotonic())
            asked = Asked(
                look=STATE_WAIT.name,
                tree=self._tree,
                name=key,
                after=after,
                condition=condition,
                seconds=min(left, WAIT_SECONDS),
            )
            if (entry := await self._exchange.look(STATE_WAIT, asked)) is not None:
                return entry
            if deadline is not None and monotonic() >= deadline:
                raise TimeoutError(f"{key} was not set within {timeout:g} seconds")


class RemoteArtifacts:
    """See `core.shared_reads.ArtifactReads`; a content is checked by its hash when it has arrived."""

    def __init__(self, exchange: Exchange, tree: SessionKey) -> None:
        self._exchange = exchange
        self._tree = tree

    async def list(self) -> Sequence[ArtifactRecord]:
        return await self._exchange.look(ARTIFACTS, Asked(look=ARTIFACTS.name, tree=self._tree))

    async def find(self, name: str) -> Artifact:
        return found_artifact([record.artifact for record in await self.list()], name)

    async def find_all(self, name: str) -> Sequence[Artifact]:
        return found_artifacts([record.artifact for record in await self.list()], name)

    async def read(self, artifact: Artifact) -> bytes:
        tree, id = quote(self._tree, safe=":"), quote(artifact.id, safe="")
        return await self._exchange.content(f"/runs/{tree}/artifacts/{id}", artifact.id)

    async def save(self, artifact: Artifact, target: Path | str) -> None:
        await asyncio.to_thread(write_private, Path(target), await self.read(artifact))


class RemoteTranscripts:
    """See `core.transcript_search.TranscriptSearch`; the gateway's home has the index."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def catch_up(
        self, *, most_seconds: float | None = None, on_progress: OnProgress | None = None
    ) -> Coverage:
        deadline = None if most_seconds is None else monotonic() + most_seconds
        while True:
            coverage = await self._exchange.look(CATCH_UP, Asked(look=CATCH_UP.name))
            if on_progress is not None:
                on_progress(coverage)
            if not coverage.behind or (deadline is not None and monotonic() >= deadline):
                return coverage

    async def sessions_with(self, phrase: str) -> builtins.list[SessionKey]:
        asked = Asked(look=SESSIONS_WITH.name, name=phrase)
        return await self._exchange.look(SESSIONS_WITH, asked)

    async def find(
        self,
        phrase: str,
        *,
        sessions: Sequence[SessionKey] | None = None,
        limit: int,
        after: str = "",
    ) -> Hits:
        asked = Asked(
            look=FIND_HITS.name,
            name=phrase,
            sessions=None if sessions is None else tuple(sessions),
            limit=limit,
            place=after,
        )
        return await self._exchange.look(FIND_HITS, asked)
