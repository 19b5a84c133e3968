"""Command limits: what the commands of one session may use, and what is reported when they hit a limit."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from parallel_agents.errors import OutputUsedUp

MEGABYTE = 2**20
# What a command in a sandbox may use if nobody says anything; so may its children's.
UNSAID_MEGABYTES, UNSAID_PROCESSES = 8192, 512


class LimitName(StrEnum):
    """A limit of a session, by its name in `CommandLimits`."""

    MEMORY = "memory_megabytes"
    PROCESSES = "max_processes"
    OUTPUT = "output_megabytes"


class CommandLimits(NamedTuple):
    """What the commands of one session may use; see `core.limits.Limits`. None for no limit."""

    memory_megabytes: int | None = None
    max_processes: int | None = None
    output_megabytes: int | None = None

    @property
    def need_enforcing(self) -> bool:
        """Whether one of them has to be enforced by the system."""
        return self.memory_megabytes is not None or self.max_processes is not None

    def only(self, limit: LimitName) -> CommandLimits:
        """Of these limits, this one alone."""
        return CommandLimits(**{limit.value: getattr(self, limit)})


NO_COMMAND_LIMITS = CommandLimits()


class LimitHit(NamedTuple):
    """A limit that commands of a session were seen to hit.

    Attributes:
        text: what happened, and what is allowed, as a model reads it.
    """

    limit: LimitName
    text: str


class OutputMeter:
    """Counts what commands write, while they write it, up to what is left of a session's limit.

    Args:
        left: the bytes that may still be written; None for no limit.

    Attributes:
        written: the bytes that were written so far.
    """

    __slots__ = ("_left", "_whole", "written")

    def __init__(self, left: int | None = None, whole: OutputMeter | None = None) -> None:
        self._left = left
        self._whole = whole
        self.written = 0

    def part(self) -> OutputMeter:
        """A meter of its own for some of the commands; what they write counts here, too."""
        return OutputMeter(whole=self)

    def take(self, count: int) -> bool:
        """Count bytes that were written; False if they are more than was left."""
        self.written += count
        if self._whole is not None:
            return self._whole.take(count)
        return self._left is None or self.written <= self._left


def output_left(limits: CommandLimits, written: int) -> int | None:
    """The bytes that a session's commands may still write; None for no limit."""
    most = limits.output_megabytes
    return None if most is None else max(most * MEGABYTE - written, 0)


def output_used_up(limits: CommandLimits, written: int) -> OutputUsedUp | None:
    """Why a session whose commands have written this much ends; None if it may go on."""
    most = limits.output_megabytes
    if most is None or written <= most * MEGABYTE:
        return None
    return OutputUsedUp(
        f"its commands have written more than {most:,} MB",
        why=f"limits.output_megabytes of the session is {most:,}; all that they wrote is counted",
        hint="have them write less, or into files; or begin again with a larger limit",
    )


def hit(limit: LimitName, limits: CommandLimits, *, is_by_process: bool = False) -> LimitHit:
    """What is reported about a limit that was hit, or about one that each process has for itself."""
    most: int = getattr(limits, limit)
    match limit:
        case LimitName.MEMORY if is_by_process:
            text = f"each process of this session may use {most:,} MB of memory"
        case LimitName.MEMORY:
            text = (
                "the system ended a process: the commands of this session may use "
                f"{most:,} MB of memory together; work on smaller parts at a time"
            )
        case LimitName.PROCESSES:
            text = (
                "a process could not be started: the commands of this session may have "
                f"{most:,} processes and threads at once; start fewer"
            )
        case LimitName.OUTPUT:
            text = (
                "the command was ended: all commands of this session together may write "
                f"{most:,} MB of output, and have"
            )
    return LimitHit(limit, f"{text} (limits.{limit})")


def described(limits: CommandLimits) -> str:
    """The limits of a session, such as `100 MB of memory, 20 processes`; empty for none."""
    parts = (
        (limits.memory_megabytes, "{:,} MB of memory"),
        (limits.max_processes, "{:,} processes"),
        (limits.output_megabytes, "{:,} MB of output"),
    )
    return ", ".join(text.format(value) for value, text in parts if value is not None)
