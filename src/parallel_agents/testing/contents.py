"""Contents: those of artifacts, in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from parallel_agents.core.artifact import Content, short_id
from parallel_agents.core.media_type import HEAD_BYTES
from parallel_agents.errors import ArtifactError, InvalidInput
from parallel_agents.files import write_private


class MemoryContents:
    """The contents of artifacts of a store that forgets."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def put(self, pieces: Iterable[bytes], most_bytes: int) -> Content:
        content = b"".join(pieces)
        if len(content) > most_bytes:
            raise InvalidInput(f"the artifact has more than the {most_bytes:,} bytes allowed")
        id = hashlib.sha256(content).hexdigest()
        self._contents[id] = content
        return Content(id, len(content), content[:HEAD_BYTES])

    def read(self, id: str) -> bytes:
        try:
            return self._contents[id]
        except KeyError as error:
            raise ArtifactError(f"the content of the artifact {short_id(id)} is gone") from error

    def forget(self, id: str) -> None:
        """Lose the content, as a disk may."""
        del self._contents[id]

    def copy(self, id: str, target: Path) -> None:
        write_private(target, self.read(id))
