"""Session: an addressable conversation of one agent, and its place in the tree."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey


class Mode(StrEnum):
    """A session for one piece of work, or one that goes on taking messages."""

    RUN = "run"
    SESSION = "session"


class Visibility(StrEnum):
    """Which sessions one may see and speak to: itself, its tree, those of its agent, or all."""

    SELF = "self"
    TREE = "tree"
    AGENT = "agent"
    ALL = "all"


class Cleanup(StrEnum):
    """Whether a session whose work is over stays in lists; its results stay readable either way."""

    KEEP = "keep"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """How a session is kept, and what its parent hears of it.

    Attributes:
        task_name: a handle that its parent chose; it stands for the session as a label does.
        cwd: the folder that it works in, as its tools are told; empty is that of the process.
        group: a word that sessions of one parent share.
        is_quiet: the parent is not handed its result, and does not wait for it.
        is_service: the runtime made it for its parent, as a judge; the parent's policy on what it
            spawns does not count it.
    """

    mode: Mode = Mode.RUN
    cleanup: Cleanup = Cleanup.KEEP
    task_name: str = ""
    cwd: str = ""
    group: str = ""
    is_quiet: bool = False
    is_service: bool = False

    @property
    def outlives_parent(self) -> bool:
        """Whether the session goes on when the run that spawned it ends without an answer."""
        return self.is_quiet or self.mode is Mode.SESSION


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
    options: SessionOptions = SessionOptions()
    killed: bool = False
    created_at: float = 0.0
