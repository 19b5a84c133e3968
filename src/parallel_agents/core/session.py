"""Session: an addressable conversation of one agent, and its place in the tree."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Identity and lineage.

    Attributes:
        parent: the session that spawned it, or None at the root of a tree.
        root: the tree's first session; its own key at the root.
        depth: 0 at the root.
        spawn_key: unique under the parent, so that spawning twice finds the same session.
        agent: the definition as it was when the session was made.
        killed: no run of it starts any more, and its children are born killed.
    """

    key: SessionKey
    agent: Agent
    label: str
    spawn_key: str
    parent: SessionKey | None = None
    root: SessionKey
    depth: int = 0
    killed: bool = False
    created_at: float = 0.0
