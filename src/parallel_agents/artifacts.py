"""Artifacts: their contents as files of a home folder, whole or not there, and checked when they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from parallel_agents.clock import wall
from parallel_agents.content_folder import ContentFolder
from parallel_agents.core.artifact import Content, is_artifact_id, short_id
from parallel_agents.core.cutting import head
from parallel_agents.core.media_type import HEAD_BYTES
from parallel_agents.errors import ArtifactError, InvalidInput, SecretInContent
from parallel_agents.files import write_private_pieces
from parallel_agents.secrets.known import KNOWN

FOLDER = "artifacts"
_CHUNK_BYTES = 1 << 20


class Stored(NamedTuple):
    """The content of an artifact in the folder, and the bytes that it takes up."""

    id: str
    size: int


class ArtifactFolder:
    """The contents of the artifacts of a home.

    Args:
        home: the home folder; nothing is made in it before the first content.
    """

    def __init__(self, home: Path) -> None:
        self._contents = ContentFolder(home / FOLDER, is_synced=True)

    def put(self, pieces: Iterable[bytes], most_bytes: int) -> Content:
        """Write content durably.

        Raises:
            InvalidInput: it is larger than `most_bytes`.
            SecretInContent: a secret is in it.
            ArtifactError: it cannot be written.
        """
        reading = _Reading(pieces, most_bytes)
        try:
            aside = self._contents.write_aside(reading.pieces())
            self._contents.take(aside, reading.id)
        except OSError as error:
            raise ArtifactError(
                f"an artifact cannot be written to {self._contents.folder}",
                why=error.strerror or str(error),
                hint="free some space, or give yourself write permission",
            ) from error
        return Content(reading.id, reading.size, bytes(reading.head))

    def read(self, id: str) -> bytes:
        """The content as it was put.

        Raises:
            ArtifactError: it is gone or damaged.
        """
        return b"".join(self._pieces(id))

    def copy(self, id: str, target: Path) -> None:
        """Write the content to a file of this user alone, whole or not at all; make its missing folders.

        Raises:
            ArtifactError: it is gone or damaged.
            InvalidInput: the file cannot be written.
        """
        write_private_pieces(target, self._pieces(id))

    def _pieces(self, id: str) -> Iterator[bytes]:
        """The content piece by piece; it is whole only once the last has come without an error."""
        digest = hashlib.sha256()
        try:
            with self._contents.place(_checked(id)).open("rb") as file:
                while piece := file.read(_CHUNK_BYTES):
                    digest.update(piece)
                    yield piece
        except OSError as error:
            raise ArtifactError(
                f"the content of the artifact {short_id(id)} is gone",
                why=error.strerror or str(error),
                hint="put the same content again, or restore the folder artifacts of the home",
            ) from error
        if digest.hexdigest() != id:
            raise ArtifactError(
                f"the content of the artifact {short_id(id)} is damaged",
                why="its hash is not the one that it was put under",
                hint="put the same content again, which repairs it",
            )

    def older_than(self, seconds: float) -> list[Stored]:
        """The contents that were put longer ago; a younger one may be about to get its record."""
        found: list[Stored] = []
        for name in self._contents.names():
            with suppress(OSError):
                status = self._contents.place(name).stat()
                if is_artifact_id(name) and status.st_mtime <= wall() - seconds:
                    found.append(Stored(name, status.st_blocks * 512))
        return found

    def remove(self, id: str, *, older_than: float) -> bool:
        """Remove the content, unless it was put again since it was that many seconds old.

        Returns:
            Whether it was removed; another process may have done so before.

        Raises:
            ArtifactError: it cannot be removed.
        """
        try:
            aside = self._contents.set_aside(_checked(id))
            if aside.stat().st_mtime > wall() - older_than:
                self._contents.take(aside, id)
                return False
            aside.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise ArtifactError(
                f"the content of the artifact {short_id(id)} cannot be removed",
                why=error.strerror or str(error),
                hint=f"give yourself write permission for {self._contents.folder}",
            ) from error
        return True

    def remove_leftovers(self, *, older_than: float) -> None:
        """Remove what processes that were killed have left half written."""
        oldest = wall() - older_than
        for left in self._contents.leftovers():
            with suppress(OSError):
                if left.stat().st_mtime <= oldest:
                    left.unlink()


class _Reading:
    """Content on its way into the folder: what it hashes to, its size and its first bytes."""

    def __init__(self, pieces: Iterable[bytes], most_bytes: int) -> None:
        self._given = pieces
        self._most = most_bytes
        self._digest = hashlib.sha256()
        self._scan = KNOWN.scan()
        self.size = 0
        self.head = bytearray()

    @property
    def id(self) -> str:
        return self._digest.hexdigest()

    def pieces(self) -> Iterator[bytes]:
        for piece in self._given:
            self.size += len(piece)
            if self.size > self._most:
                raise InvalidInput(
                    f"the artifact has more than the {self._most:,} bytes allowed",
                    hint="share a part of it, or raise the setting artifact_megabytes",
                )
            if name := self._scan.feed(piece):
                raise SecretInContent(
                    f"the content contains the secret {name}",
                    why="artifacts are kept, and shown to others",
                    hint="remove the secret, and put the rest",
                )
            self._digest.update(piece)
            if len(self.head) < HEAD_BYTES:
                self.head += piece[: HEAD_BYTES - len(self.head)]
            yield piece


def _checked(id: str) -> str:
    if not is_artifact_id(id):
        raise ArtifactError(f"{head(id, 80)!r} is not the id of an artifact", hint="list them")
    return id
