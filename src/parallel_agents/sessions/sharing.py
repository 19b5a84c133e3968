"""Sharing: the state and the artifacts of each tree, on the store and the folder of contents."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from pathlib import Path

from parallel_agents.core.arguments import checked
from parallel_agents.core.artifact import (
    Artifact,
    ArtifactBounds,
    ArtifactRecord,
    ArtifactStore,
    Contents,
    check_artifact_name,
    found_artifact,
    found_artifacts,
)
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.media_type import media_type_of
from parallel_agents.core.shared_state import OUTSIDER, Removal, StateBounds, Writer
from parallel_agents.core.store import Store
from parallel_agents.files import check_free, pieces_of
from parallel_agents.sessions.tree_state import StateNews, TreeState


class TreeArtifacts:
    """The artifacts of one tree: contents by their hashes, so that none overwrites another."""

    def __init__(
        self,
        store: ArtifactStore,
        contents: Contents,
        tree: SessionKey,
        writer: Writer,
        bounds: ArtifactBounds,
    ) -> None:
        self._store = store
        self._contents = contents
        self._tree = tree
        self._writer = writer
        self._bounds = bounds

    @checked
    async def put(self, content: bytes | str | Path, name: str | None = None) -> Artifact:
        """Add content; the same content under the same name is stored once.

        Args:
            content: bytes or a text; a `Path` stands for the content of a file.
            name: what tables call it, by default as the file; several contents may have one name.

        Raises:
            InvalidInput: it is larger than the settings allow, the name is not valid, or the file
                cannot be read.
            ArtifactError: it cannot be written.
        """
        if isinstance(content, Path):
            return await self.put_pieces(pieces_of(content), name or content.name or str(content))
        piece = bytes(content, "utf-8") if isinstance(content, str) else content
        return await self.put_pieces((piece,), name or "content")

    async def put_pieces(self, pieces: Iterable[bytes], name: str) -> Artifact:
        """The same for content in parts, which are read in another thread."""
        check_artifact_name(name)
        content = await asyncio.to_thread(self._contents.put, pieces, self._bounds.each)
        artifact = Artifact(
            id=content.id,
            name=name,
            media_type=media_type_of(content.head),
            size=content.size,
        )
        await self._store.note_artifact(artifact, self._tree, self._writer, self._bounds.tree)
        return artifact

    async def list(self) -> Sequence[ArtifactRecord]:
        """The artifacts of the tree, the oldest first."""
        return await self._store.artifacts(tree=self._tree)

    @checked
    async def delete(self, *artifacts: Artifact) -> Removal:
        """Stop sharing these artifacts in the tree.

        Their contents are removed by `pagents artifact clean`, unless another tree has them.

        Raises:
            Conflict: a run of the tree is live, and may be about to read them.
        """
        return await self._store.forget_artifacts(self._tree, artifacts, self._writer)

    async def clear(self) -> Removal:
        """Have the tree share no artifact any more.

        Raises:
            Conflict: as for `delete`.
        """
        return await self._store.forget_artifacts(self._tree, None, self._writer)

    @checked
    async def find(self, name: str) -> Artifact:
        """The artifact with this id, the start of one of at least 8 digits, or this name.

        Raises:
            NotFound: there is none.
            Ambiguous: several contents have the name.
        """
        return found_artifact([record.artifact for record in await self.list()], name)

    @checked
    async def find_all(self, name: str) -> Sequence[Artifact]:
        """All that a text stands for: the artifact of that name, or the content under all its names.

        Raises:
            NotFound, Ambiguous: as for `find`.
        """
        return found_artifacts([record.artifact for record in await self.list()], name)

    @checked
    async def read(self, artifact: Artifact) -> bytes:
        """Its content.

        Raises:
            ArtifactError: it is gone or damaged.
        """
        return await asyncio.to_thread(self._contents.read, artifact.id)

    @checked
    async def save(self, artifact: Artifact, target: Path | str, *, force: bool = False) -> None:
        """Write its content to a file of this user alone, whole or not at all; make its missing folders.

        Args:
            artifact: what is written.
            target: the file.
            force: whether to replace an existing file.

        Raises:
            ArtifactError: it is gone or damaged.
            InvalidInput: the file is there, or cannot be written.
        """
        file = Path(target)
        await asyncio.to_thread(check_free, file, force=force)
        await asyncio.to_thread(self._contents.copy, artifact.id, file)


class Sharing:
    """What the sessions of each tree share.

    Args:
        store: the values, and which tree has which artifacts.
        contents: what is in the artifacts.
        state_bounds: the most that the state of a tree may have.
        artifact_bounds: the same of its artifacts.
    """

    def __init__(
        self,
        store: Store,
        contents: Contents,
        state_bounds: StateBounds,
        artifact_bounds: ArtifactBounds,
    ) -> None:
        self._store = store
        self._contents = contents
        self._state_bounds = state_bounds
        self._artifact_bounds = artifact_bounds
        self._news = StateNews(store)

    async def referred(self, ids: Sequence[str]) -> set[str]:
        """Those of these contents that a tree has, also by a record that is damaged."""
        return await self._store.referred_contents(ids)

    def state(self, tree: SessionKey, writer: Writer = OUTSIDER) -> TreeState:
        return TreeState(self._store, self._news, tree, writer, self._state_bounds)

    def artifacts(self, tree: SessionKey, writer: Writer = OUTSIDER) -> TreeArtifacts:
        return TreeArtifacts(self._store, self._contents, tree, writer, self._artifact_bounds)
