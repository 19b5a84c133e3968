"""Shared reads: what can be seen of what the sessions of a tree share, the same here and at a distance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from parallel_agents.core.artifact import Artifact, ArtifactRecord
from parallel_agents.core.cutting import head
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.shared_state import OUTSIDER, StateEntry, Writer
from parallel_agents.core.shown import shown

_SHOWN = 120


class StateReads(Protocol):
    """The values of a tree."""

    async def get(self, key: str) -> StateEntry | None:
        """The value of a key; None if it has none."""
        ...

    async def entries(self, prefix: str = "") -> Sequence[StateEntry]:
        """All values, or those whose keys begin with a prefix, by key."""
        ...

    async def wait_for(
        self,
        key: str,
        *,
        after: int = 0,
        condition: str | None = None,
        timeout: float | None = None,
    ) -> StateEntry:
        """Wait until a key has a value newer than the version `after` that meets the condition.

        Raises:
            TimeoutError: after `timeout` seconds, of which 0 look once; it says what the key has instead.
        """
        ...


def not_in_time(
    key: str, after: int, condition: str | None, timeout: float | None, found: StateEntry | None
) -> TimeoutError:
    """The error of a `wait_for` whose time is up, with what the key has instead."""
    lack = f"got no version after {after}" if after else "got no value"
    if condition is not None:
        lack = f"did not meet {head(condition, _SHOWN)}" + (f" after version {after}" * bool(after))
    has = "it has no value" if found is None else f"it is {shown(found.value, _SHOWN)}"
    version = "" if found is None else f" (version {found.version})"
    return TimeoutError(f"{key} {lack} in {timeout or 0:g} s; {has}{version}")


class ArtifactReads(Protocol):
    """The artifacts of a tree."""

    async def list(self) -> Sequence[ArtifactRecord]:
        """The artifacts, the oldest first."""
        ...

    async def find(self, name: str) -> Artifact:
        """The artifact with this id, the start of one of at least 8 digits, or this name.

        Raises:
            NotFound, Ambiguous: there is none, or several contents have the name.
        """
        ...

    async def find_all(self, name: str) -> Sequence[Artifact]:
        """All that a text stands for: the artifact of that name, or a content under all its names."""
        ...

    async def read(self, artifact: Artifact) -> bytes:
        """Its content.

        Raises:
            ArtifactError: it is gone or damaged.
        """
        ...

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
        ...


class SharedReads(Protocol):
    """What the sessions of each tree share."""

    def state(self, tree: SessionKey, writer: Writer = OUTSIDER) -> StateReads:
        """The values of a tree."""
        ...

    def artifacts(self, tree: SessionKey, writer: Writer = OUTSIDER) -> ArtifactReads:
        """The artifacts of a tree."""
        ...
