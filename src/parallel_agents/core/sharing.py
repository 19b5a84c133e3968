"""Sharing: what the sessions of a tree share, handed to each call of a tool."""

from __future__ import annotations

from typing import Protocol

from parallel_agents.core.artifact import SharedArtifacts
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.shared_state import SharedState, Writer


class Sharing(Protocol):
    """The state and the artifacts of each tree."""

    def state(self, tree: SessionKey, writer: Writer) -> SharedState:
        """The values that the sessions of a tree share, for one who writes there."""
        ...

    def artifacts(self, tree: SessionKey, writer: Writer) -> SharedArtifacts:
        """The artifacts of a tree, likewise."""
        ...
