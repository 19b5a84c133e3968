"""Tool: a typed call in, a result out; it declares the effect of a repeated call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol, TypeAlias, runtime_checkable

from parallel_agents.core.artifact import SharedArtifacts
from parallel_agents.core.command import CommandEnd
from parallel_agents.core.encoded import Encodable
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.kept_path import KeptPath
from parallel_agents.core.question import Answer
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.shared_state import SharedState


class Effect(StrEnum):
    """What a repeated call does, as after a crash in the middle of the first."""

    PURE = "pure"
    IDEMPOTENT = "idempotent"
    ONCE = "once"


EffectName: TypeAlias = Effect | Literal["pure", "idempotent", "once"]


class ToolError(Exception):
    """Raised by a tool that could not do what it was asked; the model reads the text as it is."""


class EffectUnknown(ToolError):
    """Raised by a tool whose call may have taken effect or not: it is never repeated silently."""


class Access(StrEnum):
    """What a call reaches outside of its session; decides whether it is allowed if no rule applies.

    NONE is for tools that reach nothing but what the program itself gave them.
    """

    NONE = "none"
    READ = "read"
    WRITE = "write"
    RUN = "run"
    NETWORK = "network"

    @property
    def is_free(self) -> bool:
        """Whether a call is made if no permission speaks of it."""
        return self in {Access.NONE, Access.READ}


AccessName: TypeAlias = Access | Literal["none", "read", "write", "run", "network"]


class SubjectKind(StrEnum):
    """How the pattern of a permission is compared with what a call is about."""

    TEXT = "text"
    COMMAND = "command"
    PATH = "path"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Subject:
    """The argument that says what a call is about, such as the path of a file."""

    argument: str
    kind: SubjectKind = SubjectKind.TEXT


@dataclass(frozen=True, slots=True)
class ToolSpec(Encodable, Frozen):
    """A tool as a model sees it; `parameters` is the JSON Schema of an object.

    Attributes:
        access: what its calls reach.
        subject: what permissions for some of its calls are compared with; None if they can only
            name the tool.
    """

    name: str
    description: str
    parameters: JsonObject
    effect: Effect = Effect.ONCE
    access: Access = Access.NONE
    subject: Subject | None = None


class Caller(Protocol):
    """The run that makes a call, as far as its tool may control it."""

    def park(self) -> None:
        """Release the run's slot and suspend the call's time limit, to wait for other runs."""
        ...

    def queued(self) -> AbstractContextManager[None]:
        """A block in which the call waits to begin: its time limit starts at the end of the block."""
        ...

    def rest(self) -> None:
        """Release the run's slot, to wait for what nobody has promised: the run's own time keeps running."""
        ...

    async def wait_message(self) -> None:
        """Return once a message to the run has arrived."""
        ...

    async def ask(self, text: str, *, choices: Sequence[str] = (), default: str = "") -> Answer:
        """The answer of a person to a question, without the run's slot while nobody has answered."""
        ...

    def hand_back(self, runs: Sequence[RunId]) -> None:
        """Note that the call's result reports how these runs ended."""
        ...

    def has_reported(self, run: RunId) -> bool:
        """Whether the run was told how this one ended, by an earlier call or by one of this turn."""
        ...


class RunCommand(Protocol):
    """Runs a command where the commands of a call's session run."""

    def __call__(
        self, arguments: Sequence[str], *, timeout_seconds: float, stdin: bytes = b""
    ) -> Awaitable[CommandEnd]:
        """As `core.command.Commands.run`."""
        ...


def _denies_nothing(_tool: str, _subject: str) -> bool:
    return False


def _permits_all(_subject: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class ToolContext(Frozen):
    """The origin of a call: its session and its run.

    Attributes:
        call: names the call within its run; a call that is repeated after a crash keeps the name.
        cwd: the folder that the session works in; empty for the process's own.
        again: the call of a failed run that the call of its retry does again, as `RUN/CALL`; empty
            if there is none.
        caller: the run; None if the call is not made by a run that can wait.
        about: what permissions decided about the call; for a path, where it led without links. None
            if they were not asked.
        denies: whether a permission denies the call's tool or another what the call reaches although
            its arguments do not name it: `denies("read_file", ".env")`.
        permits: whether the call would be made, and nobody asked, if it was about something else:
            `permits("https://example.com/")` for where a server redirects to.
        run_command: runs a command for the call; None if this process runs none.
        state: the values that the sessions of the call's tree share; None if nothing is shared.
        artifacts: the same of contents.
        read_kept: the text that the session's journal keeps under a path such as
            `@kept/1f0c2a34/turn-3/call/1`, or None; it blocks its thread. None if there is no journal.
        most_tokens: the most tokens of the result that the model is told; None for no limit.
    """

    session: SessionKey
    run: RunId
    call: str = ""
    cwd: str = ""
    caller: Caller | None = None
    again: str = ""
    about: str | None = None
    denies: Callable[[str, str], bool] = _denies_nothing
    permits: Callable[[str], bool] = _permits_all
    run_command: RunCommand | None = None
    state: SharedState | None = None
    artifacts: SharedArtifacts | None = None
    read_kept: Callable[[KeptPath], str | None] | None = None
    most_tokens: int | None = None


@runtime_checkable
class Tool(Protocol):
    @property
    def spec(self) -> ToolSpec: ...

    async def call(self, arguments: JsonObject, context: ToolContext) -> str:
        """Execute the call and return its result as text or JSON.

        Raises:
            Exception: the model gets whatever the tool raises as an error result.
        """
        ...
