"""Shared: what the sessions of a tree share, and what is said in all of them, seen at a distance."""

from __future__ import annotations

import asyncio
import builtins
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import monotonic
from urllib.parse import quote

from parallel_agents.core.annotations import Index, Seconds
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.artifact import (
    Artifact,
    ArtifactRecord,
    check_artifact_name,
    found_artifact,
    found_artifacts,
)
from parallel_agents.core.converted import GivenJson, as_json
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.schema import Json
from parallel_agents.core.shared_reads import not_in_time
from parallel_agents.core.shared_state import (
    OUTSIDER,
    Removal,
    StateEntry,
    StateOperation,
    StateWritten,
    Writer,
    check_key,
    encoded_value,
)
from parallel_agents.core.transcript_search import Coverage, Hits, OnProgress
from parallel_agents.files import check_free, pieces_of, write_private
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.forms import ContentForm
from parallel_agents.gateway_client.refusals import not_at_distance
from parallel_agents.gateway_client.wire import (
    ARTIFACTS,
    CATCH_UP,
    CONTENTS,
    FIND_HITS,
    MOST_PUT_BYTES,
    PUT,
    REMOVED,
    SESSIONS_WITH,
    STATE,
    STATE_KEY,
    STATE_WAIT,
    STATE_WRITTEN,
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

    async def clean(
        self, *, everything: bool, dry_run: bool
    ) -> tuple[tuple[ContentForm, ...], tuple[ContentForm, ...]]:
        """Remove contents at the gateway that nothing refers to; also return those of the last hour that stay."""
        body = {"all": everything, "dry_run": dry_run}
        send = self._exchange.ask if dry_run else self._exchange.change
        answer = await send("/artifacts/clean", body)
        gone = self._exchange.read_value(CONTENTS, answer.get("removed"))
        return gone, self._exchange.read_value(CONTENTS, answer.get("young"))


@checked_methods
class RemoteState:
    """The values that the sessions of one tree share, at a distance; see `sessions.tree_state.TreeState`.

    A change is made once, also if the connection breaks. If the gateway is started again meanwhile, the error says
    that it may have been made.
    """

    def __init__(self, exchange: Exchange, tree: SessionKey) -> None:
        self._exchange = exchange
        self._tree = tree

    async def get(self, key: str) -> StateEntry | None:
        asked = Asked(look=STATE_KEY.name, tree=self._tree, name=key)
        return await self._exchange.look(STATE_KEY, asked)

    async def entries(self, prefix: str = "") -> Sequence[StateEntry]:
        asked = Asked(look=STATE.name, tree=self._tree, name=prefix)
        return await self._exchange.look(STATE, asked)

    async def set(self, key: str, value: GivenJson) -> StateWritten:
        """Replace a value, whatever it is.

        Raises:
            InvalidInput: the state does not take such a key or value, or there is no room.
        """
        return await self._write(StateOperation.SET, key, value=as_json(value))

    async def compare_and_set(self, key: str, value: GivenJson, *, version: Index) -> StateWritten:
        """Replace a value if it still has this version; 0 stands for a key without a value.

        Returns:
            Whether it was replaced. If not, `entry` is what the key has now: begin again with that.

        Raises:
            InvalidInput: as for `set`.
        """
        return await self._write(StateOperation.SET, key, value=as_json(value), version=version)

    async def append(self, key: str, item: GivenJson) -> StateWritten:
        """Add an item to the end of a list, which is made if the key has no value.

        Raises:
            InvalidInput: as for `set`; or the value is not a list.
        """
        return await self._write(StateOperation.APPEND, key, value=as_json(item))

    async def delete(self, key: str, *, version: Index | None = None) -> StateWritten:
        """Remove a value; only if it still has this version, if one is given.

        Returns:
            Whether it was removed, and the version that it had. If not, `entry` is what the key has.

        Raises:
            InvalidInput: the key is not valid.
        """
        return await self._write(StateOperation.DELETE, key, version=version)

    async def clear(self, prefix: str = "") -> Removal:
        """Remove the values of all keys that begin with `prefix`; says how many, and their bytes."""
        answer = await self._exchange.change(f"{_path(self._tree)}/state/clear", {"prefix": prefix})
        return _removal(self._exchange, answer)

    async def _write(
        self,
        operation: StateOperation,
        key: str,
        *,
        value: Json = None,
        version: int | None = None,
    ) -> StateWritten:
        check_key(key)
        if operation is not StateOperation.DELETE:
            encoded_value(value, "the item" if operation is StateOperation.APPEND else "the value")
        body: dict[str, object] = {"operation": operation.value, "key": key, "version": version}
        if operation is not StateOperation.DELETE:
            body["value"] = value
        answer = await self._exchange.change(f"{_path(self._tree)}/state", body)
        form = self._exchange.read_value(STATE_WRITTEN, answer)
        found = form.entry
        entry = found and StateEntry(found.key, found.value, found.version, found.at, found.by)
        return StateWritten(form.is_written, form.version, entry)

    async def wait_for(
        self,
        key: str,
        *,
        after: Index = 0,
        condition: str | None = None,
        timeout: Seconds | None = None,
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
                found = await self.get(key)
                raise not_in_time(key, after, condition, timeout, found)


@checked_methods
class RemoteArtifacts:
    """The artifacts of one tree, at a distance; a content is checked by its hash when it has arrived."""

    def __init__(self, exchange: Exchange, tree: SessionKey) -> None:
        self._exchange = exchange
        self._tree = tree

    async def put(self, content: bytes | str | Path, name: str | None = None) -> Artifact:
        """Add content; the same content under the same name is stored once.

        Args:
            content: bytes or a text; a `Path` stands for the content of a file of this machine.
            name: what tables call it, by default as the file; several contents may have one name.

        Raises:
            NotAtDistance: it is larger than one request may be.
            InvalidInput: the name is not valid, there is no room, or the file cannot be read.
        """
        if isinstance(content, Path):
            return await self.put_pieces(pieces_of(content), name or content.name or str(content))
        piece = bytes(content, "utf-8") if isinstance(content, str) else content
        return await self.put_pieces((piece,), name or "content")

    async def put_pieces(self, pieces: Iterable[bytes], name: str) -> Artifact:
        """The same for content in parts, which are read in another thread."""
        check_artifact_name(name)
        content = await asyncio.to_thread(_joined, pieces)
        answer = await self._exchange.change(
            f"{_path(self._tree)}/artifacts",
            {"name": name, "content": b64encode(content).decode()},
        )
        form = self._exchange.read_value(PUT, answer)
        return Artifact(id=form.id, name=form.name, media_type=form.media_type, size=form.bytes)

    async def delete(self, *artifacts: Artifact) -> Removal:
        """Stop sharing these artifacts in the tree.

        Raises:
            Conflict: a run of the tree is live, and may be about to read them.
        """
        names = [each.id for each in artifacts]
        return await self._remove({"names": names}) if names else Removal(0, 0)

    async def clear(self) -> Removal:
        """Have the tree share no artifact any more.

        Raises:
            Conflict: as for `delete`.
        """
        return await self._remove({"all": True})

    async def _remove(self, body: Mapping[str, object]) -> Removal:
        path = f"{_path(self._tree)}/unshare"
        return _removal(self._exchange, await self._exchange.change(path, body))

    async def list(self) -> Sequence[ArtifactRecord]:
        return await self._exchange.look(ARTIFACTS, Asked(look=ARTIFACTS.name, tree=self._tree))

    async def find(self, name: str) -> Artifact:
        return found_artifact([record.artifact for record in await self.list()], name)

    async def find_all(self, name: str) -> Sequence[Artifact]:
        return found_artifacts([record.artifact for record in await self.list()], name)

    async def read(self, artifact: Artifact) -> bytes:
        tree, id = quote(self._tree, safe=":"), quote(artifact.id, safe="")
        return await self._exchange.content(f"/runs/{tree}/artifacts/{id}", artifact.id)

    async def save(self, artifact: Artifact, target: Path | str, *, force: bool = False) -> None:
        file = Path(target)
        await asyncio.to_thread(check_free, file, force=force)
        await asyncio.to_thread(write_private, file, await self.read(artifact))


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


def _path(tree: SessionKey) -> str:
    return f"/runs/{quote(tree, safe=':')}"


def _removal(exchange: Exchange, answer: Mapping[str, object]) -> Removal:
    form = exchange.read_value(REMOVED, answer)
    return Removal(form.number, form.bytes)


def _joined(pieces: Iterable[bytes]) -> bytes:
    """The content that pieces are.

    Raises:
        NotAtDistance: it does not fit into one request.
    """
    found = bytearray()
    for piece in pieces:
        found += piece
        if len(found) > MOST_PUT_BYTES:
            raise not_at_distance(
                f"putting an artifact of more than {MOST_PUT_BYTES:,} bytes",
                "put it on the machine on which the gateway runs: pagents artifact put",
            )
    return bytes(found)
