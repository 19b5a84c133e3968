"""Artifact: content that the sessions of a tree share by its id, which is the content's own hash.

Nothing is overwritten: another content has another id, even under the same name. The contents lie
in files of the home folder, and the store says which trees and runs they belong to.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.shared_state import Removal, Writer
from parallel_agents.core.shown import shown
from parallel_agents.errors import Ambiguous, Conflict, InvalidInput, NotFound

MOST_NAME_CHARACTERS = 200
SHORT_ID_CHARACTERS = 12
_MOST_LISTED = 5
_ID = re.compile(r"[0-9a-f]{64}")
_START = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact(Frozen):
    """Content under a name.

    Attributes:
        id: the SHA-256 of the content, in hexadecimal digits.
        media_type: what the content is by its first bytes, such as `image/png`.
        size: in bytes.
    """

    id: str
    name: str
    media_type: str
    size: int


class ArtifactRecord(NamedTuple):
    """An artifact with where it is from.

    Attributes:
        tree: the session at the root of the tree that it belongs to.
        session: the session that put it there; empty for a person or a program outside of any.
        run: the session's run; empty if there is no session.
        at: when it was put, in seconds since the epoch.
    """

    artifact: Artifact
    tree: SessionKey
    session: SessionKey
    run: RunId
    at: float


class Content(NamedTuple):
    """Content that was written, and its first bytes, which say what it is."""

    id: str
    size: int
    head: bytes


class ArtifactBounds(NamedTuple):
    """The most bytes of one artifact, and of all of one tree."""

    each: int
    tree: int


class ArtifactStore(Protocol):
    """Keeps which artifacts each tree has."""

    async def note_artifact(
        self, artifact: Artifact, tree: SessionKey, writer: Writer, most_bytes: int
    ) -> None:
        """Note an artifact of a tree, whose artifacts may have that many bytes, once.

        Raises:
            InvalidInput: there is no room.
        """
        ...

    async def forget_artifacts(
        self, tree: SessionKey, artifacts: Sequence[Artifact] | None, writer: Writer
    ) -> Removal:
        """Remove the records of these artifacts of a tree; None for all of them.

        The same content under another name is another artifact, and stays.

        Raises:
            Conflict: a run of the tree is live.
        """
        ...

    async def artifacts(
        self,
        *,
        tree: SessionKey | None = None,
        runs: Sequence[RunId] | None = None,
    ) -> list[ArtifactRecord]:
        """The artifacts of a tree or of runs, the oldest first; without either, all."""
        ...

    async def referred_contents(self, ids: Sequence[str]) -> set[str]:
        """Those of these contents that a tree has, also by a record that is damaged.

        Raises:
            StoreError: a record is damaged so that nobody knows which content it names.
        """
        ...


class Contents(Protocol):
    """Keeps the contents of artifacts. Its calls block."""

    def put(self, pieces: Iterable[bytes], most_bytes: int) -> Content:
        """Write content durably.

        Raises:
            InvalidInput: it is larger than `most_bytes`.
            ArtifactError: it cannot be written.
        """
        ...

    def read(self, id: str) -> bytes:
        """The content as it was put.

        Raises:
            ArtifactError: it is gone or damaged.
        """
        ...

    def copy(self, id: str, target: Path) -> None:
        """Write the content to a file, whole or not at all.

        Raises:
            ArtifactError: it is gone or damaged.
            InvalidInput: the file cannot be written.
        """
        ...


class SharedArtifacts(Protocol):
    """The artifacts of one tree, as one of its sessions or a person sees them."""

    async def put_pieces(self, pieces: Iterable[bytes], name: str) -> Artifact:
        """Add an artifact; the pieces are read in another thread.

        Raises:
            InvalidInput: it is too large, or the name is not valid.
        """
        ...

    async def list(self) -> Sequence[ArtifactRecord]:
        """The artifacts, the oldest first."""
        ...

    async def find(self, name: str) -> Artifact:
        """The artifact with this id, the start of one of at least 8 digits, or this name.

        Raises:
            NotFound: there is none.
            Ambiguous: several contents have the name.
        """
        ...

    async def read(self, artifact: Artifact) -> bytes:
        """Its content.

        Raises:
            ArtifactError: it is gone or damaged.
        """
        ...


def artifacts_in_use() -> Conflict:
    """Why the artifacts of a tree are not deleted while one of its runs is live."""
    return Conflict(
        "the artifacts of this tree are in use",
        why="a run of it has not ended",
        hint="wait for it (`pagents wait`) or end it (`pagents kill`), and delete them then",
    )


def is_artifact_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None


def is_start_of_id(text: str) -> bool:
    return _START.fullmatch(text) is not None


def short_id(id: str) -> str:
    """An id as tables show it."""
    return id[:SHORT_ID_CHARACTERS]


def check_artifact_name(name: str) -> None:
    """Refuse a name that tables could not show.

    Raises:
        InvalidInput: it is empty or too long, or has characters that are not shown.
    """
    if not name.strip() or len(name) > MOST_NAME_CHARACTERS or not name.isprintable():
        raise InvalidInput(
            f"{shown(name)} is not a name of an artifact",
            why=f"a name has 1 to {MOST_NAME_CHARACTERS} characters that can be shown",
            hint="choose a name such as report.md",
        )


def found_artifact(known: Sequence[Artifact], name: str) -> Artifact:
    """The artifact with this id, the start of one of at least 8 digits, or this name.

    Raises:
        NotFound, Ambiguous: there is none, or several contents have the name.
    """
    if is_artifact_id(name) or is_start_of_id(name):
        by_id = {each.id: each for each in known if each.id.startswith(name)}
        if by_id:
            return _only(by_id, name)
    return _only({each.id: each for each in known if each.name == name}, name)


def _only(found: dict[str, Artifact], name: str) -> Artifact:
    if not found:
        raise NotFound(
            f"the tree has no artifact {shown(name)}",
            hint="list the artifacts of the tree: `pagents artifact list`, or the tool artifact_list",
        )
    if len(found) > 1:
        listed = ", ".join(short_id(id) for id in list(found)[:_MOST_LISTED])
        raise Ambiguous(
            f"{len(found)} artifacts are called {shown(name)}",
            why=f"the oldest are {listed}",
            hint="name one of them by its id",
        )
    return next(iter(found.values()))


def found_artifacts(known: Sequence[Artifact], name: str) -> list[Artifact]:
    """All that a text stands for: the artifact of that name, or the content under all its names.

    Raises:
        NotFound, Ambiguous: as for `found_artifact`.
    """
    distinct = list(dict.fromkeys(known))
    found = found_artifact(distinct, name)
    return [
        each for each in distinct if each == found or (found.name != name and each.id == found.id)
    ]
