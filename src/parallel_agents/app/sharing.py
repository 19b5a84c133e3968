"""Sharing: what the sessions of a tree may share, by the settings."""

from __future__ import annotations

from parallel_agents.core.artifact import ArtifactBounds, Contents
from parallel_agents.core.shared_state import StateBounds
from parallel_agents.core.store import Store
from parallel_agents.sessions.sharing import Sharing
from parallel_agents.settings import Settings

_MEGABYTE = 1_000_000


def sharing_of(settings: Settings, store: Store, contents: Contents) -> Sharing:
    """What the sessions of each tree of a store share."""
    return Sharing(
        store,
        contents,
        StateBounds(settings.state_keys, settings.state_megabytes * _MEGABYTE),
        ArtifactBounds(
            settings.artifact_megabytes * _MEGABYTE, settings.tree_artifact_megabytes * _MEGABYTE
        ),
    )
