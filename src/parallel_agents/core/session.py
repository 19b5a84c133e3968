"""Session: an addressable conversation of one agent, and its place in the tree."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, TypeAlias

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget, OnLimit, OnLimitName
from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import Converted, Items, Texts, default
from parallel_agents.core.fork import ForkedFrom
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.limits import NO_LIMITS, TakesLimits
from parallel_agents.core.needs import Needs
from parallel_agents.core.notification import Notify
from parallel_agents.core.on_stuck import OnStuck, OnStuckName
from parallel_agents.core.permission import Permissions
from parallel_agents.core.sandbox import Sandbox, SandboxName
from parallel_agents.core.workspace import Workspace

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
# What programs make up, so that a request that is sent again counts once.
_MADE = re.compile(r"[0-9a-f-]{16,}")


class Mode(StrEnum):
    """A session for one piece of work, or one that keeps taking messages."""

    RUN = "run"
    SESSION = "session"


ModeName: TypeAlias = Mode | Literal["run", "session"]


class Cleanup(StrEnum):
    """Whether a session stays in lists after its end; its results stay readable either way."""

    KEEP = "keep"
    DELETE = "delete"


CleanupName: TypeAlias = Cleanup | Literal["keep", "delete"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions(Checked):
    """Options of a session, such as whether its parent waits for it.

    Attributes:
        mode: one run, or a session that keeps taking messages.
        cleanup: whether lists show it after its end.
        task_name: a name that its parent chose; it identifies the session as a label does.
        cwd: the folder that its tools work in; empty for the folder of the process.
        workspace: the folder that it works in, if not `cwd`; a child of a session with a workspace gets
            a copy of its own by default.
        group: a name that sessions of one parent share.
        client: the client outside of any session that spawned it, such as a conversation over MCP;
            empty for a person, a program and a session.
        is_quiet: whether the parent neither waits for it nor gets its result.
        is_service: whether the runtime made it for its parent, such as a judge; the parent's policy
            does not count it.
        is_trial: whether it tries its agent, so that a failure does not pause the agent.
        permissions: the rules for its calls of tools: those of its parents, its agent and its task,
            the outermost first; the runtime sets them.
        sandbox: whether its commands run in a sandbox, REQUIRE or OFF; the runtime sets it. INHERIT
            for a session of an earlier version, whose commands run in one.
        limits: what its commands may use of memory, processes and output, at most what its parent's
            may; the runtime sets it.
        on_limit: what it does at the limit of a budget of its own that does not say; None if nobody
            above it says. The runtime sets it from its agent, or its parent.
        on_stuck: the same for what happens when it is stuck.
        notify: where word of a session at the top of a tree is sent; the runtime sets it.
        tags: those of its parents and its own; the runtime sets them.
        needs: what a process must have to execute its runs; the runtime sets it. None for a session
            of an earlier version.
        batch: how many items its task has, each with an answer of its own; 0 for a task of one piece.
            See `core.batch`.
        forked_from: whose conversation it began with, if not its parent's; the runtime sets it.
    """

    mode: Converted[Mode, ModeName] = default(Mode.RUN)
    cleanup: Converted[Cleanup, CleanupName] = default(Cleanup.KEEP)
    task_name: str = ""
    cwd: str = ""
    workspace: Workspace | None = None
    group: str = ""
    client: str = ""
    is_quiet: bool = False
    is_service: bool = False
    is_trial: bool = False
    permissions: Items[Permissions] = default(())
    sandbox: Converted[Sandbox, SandboxName] = default(Sandbox.INHERIT)
    limits: TakesLimits = default(NO_LIMITS)
    on_limit: Converted[OnLimit | None, OnLimitName | None] = default(None)
    on_stuck: Converted[OnStuck | None, OnStuckName | None] = default(None)
    notify: Notify | None = None
    tags: Texts = default(())
    needs: Needs | None = None
    batch: int = 0
    forked_from: ForkedFrom | None = None

    def settled(self, budget: Budget) -> Budget:
        """A budget of the session, at whose limit it does what the session does if it does not say."""
        is_silent = budget.is_bound and budget.on_limit is None
        return replace(budget, on_limit=self.on_limit) if is_silent else budget

    @property
    def outlives_parent(self) -> bool:
        """Whether the session continues when the run that spawned it ends without an answer."""
        return self.is_quiet or self.mode is Mode.SESSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Session(Frozen):
    """A session's identity and its place in the tree.

    Attributes:
        agent: the definition as it was when the session was made.
        spawn_key: unique under the parent; spawning the same key again returns this session.
        parent: the session that spawned it, or None at the root of a tree.
        root: the first session of the tree; its own key at the root.
        depth: 0 at the root.
        killed: whether it was killed: no further run starts, and a new child is killed at once.
        created_at: seconds since the epoch.
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

    @property
    def name(self) -> str:
        """What tables call it, and other commands take: the id that its user gave it, else its key in short."""
        return listed_name(self.key, self.spawn_key, is_root=self.parent is None)


def listed_name(key: SessionKey, spawn_key: str, *, is_root: bool) -> str:
    """The name of a session of which only these are known."""
    is_given = is_root and _ID.fullmatch(spawn_key) and not _MADE.fullmatch(spawn_key)
    return spawn_key if is_given else short(key)
