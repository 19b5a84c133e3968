"""Command: a program that a session runs, and the seam to where it runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from parallel_agents.core.command_limits import (
    NO_COMMAND_LIMITS,
    CommandLimits,
    LimitHit,
    OutputMeter,
)
from parallel_agents.core.sandbox import Sandbox

# Set for what runs start outside of a sandbox, and for servers of tools: no person is there.
IN_RUN = "PAGENTS_IN_RUN"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A program that a session runs.

    Attributes:
        arguments: the program and its arguments.
        folder: the folder that it works in and may write to; empty for the process's own.
        sandbox: where it runs; only OFF is outside of a sandbox.
        timeout_seconds: how long it may take.
        stdin: what it reads.
        is_own_folder: whether the folder is a copy of the session's own, in which it may commit.
        hides: whether it must not see a path of the folder; None if it may see all.
        profile: the profile whose variables it gets; empty for none.
        session: whose command it is: its commands share the memory and the processes of `limits`.
        limits: what the commands of the session may use; None in it for what holds for every command.
        meter: counts what it writes; it is ended once that is too much.
    """

    arguments: tuple[str, ...]
    folder: str = ""
    sandbox: Sandbox = Sandbox.REQUIRE
    timeout_seconds: float
    stdin: bytes = b""
    is_own_folder: bool = False
    hides: Callable[[str], bool] | None = None
    profile: str = ""
    session: str = ""
    limits: CommandLimits = NO_COMMAND_LIMITS
    meter: OutputMeter | None = None


class Standing(NamedTuple):
    """A command that runs until its caller ends it, as the caller has to start it.

    Attributes:
        arguments: the program and its arguments.
        descriptors: the open files of this process that it inherits.
    """

    arguments: tuple[str, ...]
    descriptors: tuple[int, ...]


class Ending(StrEnum):
    """Why a command ended: by itself, at its time limit, or because it wrote too much.

    TOO_MUCH_OUTPUT is more than any command may write, OUTPUT_USED_UP what its session has left.
    """

    EXITED = "exited"
    TIMED_OUT = "timed_out"
    TOO_MUCH_OUTPUT = "too_much_output"
    OUTPUT_USED_UP = "output_used_up"


class CommandEnd(NamedTuple):
    """How a command ended.

    Attributes:
        ending: why it ended.
        code: its exit code; for a signal, minus its number. It says nothing unless it exited.
        output: what it wrote, both streams together; the middle of a long output is cut out, which
            is said there.
        seconds: how long it took.
        errors: what it wrote to stderr, if that was asked for apart.
        hits: the limits of its session that were hit while it ran.
    """

    ending: Ending
    code: int
    output: str
    seconds: float
    errors: str = ""
    hits: tuple[LimitHit, ...] = ()


class Commands(Protocol):
    """Where the commands of sessions run."""

    async def check(
        self,
        sandbox: Sandbox,
        folder: str,
        *,
        is_own_folder: bool,
        limits: CommandLimits = NO_COMMAND_LIMITS,
    ) -> tuple[str, ...]:
        """Refuse commands that could not be run here; return in what they are limited less than asked.

        Raises:
            SandboxMissing: a sandbox is required, and none works here.
            SandboxRefused: the folder cannot be given to a sandbox.
            LimitUnenforced: nothing here can hold commands to a limit.
        """
        ...

    async def run(self, command: Command) -> CommandEnd:
        """Run a command to its end; what it left behind has ended, too.

        Raises:
            SandboxMissing: a sandbox is required, and none works here.
            SandboxRefused: the command's folder cannot be given to a sandbox.
            LimitUnenforced: nothing here can hold it to a limit.
            ConfigError: a secret of its profile cannot be looked up.
            OSError, ValueError: the command cannot be started.
        """
        ...

    def standing(
        self, command: Command, variables: Mapping[str, str]
    ) -> AbstractAsyncContextManager[Standing]:
        """A command in a sandbox that its caller starts, with an empty environment, speaks with and ends.

        It writes only to a folder that is the session's own; any other it can but read: what it makes
        there could be obeyed by the user's programs while it runs. If the command must not see some of
        the folder, it sees none of it: what is made there later could not be hidden. At the end of the
        block nothing of it is left.

        Args:
            command: the command; its input and its time are the caller's.
            variables: what it finds in its environment beside what every command does.

        Raises:
            SandboxMissing: none works here.
            SandboxRefused: the command's folder cannot be given to a sandbox.
        """
        ...
