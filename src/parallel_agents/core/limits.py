"""Limits: the limits of a run; at a limit the run ends with what it has so far."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import TypeAlias

from typing_extensions import TypedDict, override

from parallel_agents.core.checked import Checked
from parallel_agents.core.command_limits import (
    UNSAID_MEGABYTES,
    UNSAID_PROCESSES,
    CommandLimits,
)
from parallel_agents.core.converted import Converted
from parallel_agents.core.takers import is_named
from parallel_agents.errors import InvalidInput

DAY_SECONDS = 86_400.0


# By the unit at the end of a limit's name; the others are counts.
_MAX_BY_UNIT = {"_seconds": 30 * DAY_SECONDS, "_tokens": 10_000_000, "_megabytes": 1_000_000}
_MAX_COUNT = 100_000
# In less memory not even the shell of a sandbox starts.
LEAST_MEMORY_MEGABYTES = 16


class LimitsByName(TypedDict, total=False):
    """Limits as a dictionary, which stands for them wherever limits are taken."""

    timeout_seconds: float | None
    call_timeout_seconds: float | None
    max_turns: int | None
    max_output_tokens: int | None
    max_parallel: int | None
    attempts: int | None
    memory_megabytes: int | None
    max_processes: int | None
    output_megabytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Checked):
    """The limits of one run. None takes a limit from the next source: task, agent, then settings.

    Those of memory, processes and output are limits of the session, on the commands of its tools and
    gates and on its MCP servers; a child has at most those of its parent. A megabyte has 2**20 bytes.

    Attributes:
        timeout_seconds: the time limit of the run, from its first admission; the time that it waits
            for children or a slot does not count, and may be a day. The time that it waits for a
            message alone counts. At most 30 days.
        call_timeout_seconds: the time limit of one model call or one tool call.
        max_turns: the most model calls in one run.
        max_output_tokens: the most tokens of one reply.
        max_parallel: the most runs of an agent at once, or of a team's tasks at once.
        attempts: the most attempts on one model when answers are rejected; 1 allows no second.
        memory_megabytes: the most memory that the session's commands use together, with their files
            in memory; at least 16.
        max_processes: the most processes and threads that its commands have at once.
        output_megabytes: the most that the commands of its tools write in all of its runs.

    Raises:
        InvalidInput: a limit is not positive, too small to work with, or beyond its maximum.
    """

    timeout_seconds: float | None = None
    call_timeout_seconds: float | None = None
    max_turns: int | None = None
    max_output_tokens: int | None = None
    max_parallel: int | None = None
    attempts: int | None = None
    memory_megabytes: int | None = None
    max_processes: int | None = None
    output_megabytes: int | None = None

    @override
    @classmethod
    def written(cls) -> str:
        return "Limits(attempts=2), or a dictionary such as {'attempts': 2}"

    @classmethod
    def meant(cls, value: object) -> Limits | None:
        """The limits that a dictionary stands for."""
        return cls(**value) if is_named(value) else None

    @override
    def _check(self) -> None:
        for name in _NAMES:
            value: float | None = getattr(self, name)
            if value is None:
                continue
            top = next(
                (most for ending, most in _MAX_BY_UNIT.items() if name.endswith(ending)), _MAX_COUNT
            )
            least = LEAST_MEMORY_MEGABYTES if name == "memory_megabytes" else 0
            if not (least <= value if least else value > 0) or value > top:
                lowest = f"at least {least}" if least else "more than 0"
                raise InvalidInput(
                    f"{name} is {value}",
                    why=f"it must be {lowest} and at most {top:,.0f}",
                    hint=f"leave {name} out to use the default",
                )

    def over(self, weaker: Limits) -> Limits:
        """These limits; `weaker` fills in those that are None."""
        return weaker if self == NO_LIMITS else _merged(self, weaker)

    @property
    def of_session(self) -> Limits:
        """Only the limits of the session: memory, processes and output."""
        return Limits(**{name: getattr(self, name) for name in OF_SESSION})

    @property
    def of_commands(self) -> CommandLimits:
        """The limits of the session, for whatever runs its commands."""
        return CommandLimits(self.memory_megabytes, self.max_processes, self.output_megabytes)

    def within(self, outer: Limits) -> Limits:
        """These limits, with those of the session at most what a session with `outer` has."""
        most = {
            name: _within(getattr(self, name), getattr(outer, name), name) for name in OF_SESSION
        }
        return replace(self, **most)

    def without(self, weaker: Limits) -> Limits:
        """These limits without those that `weaker` has as well."""
        values = {name: getattr(self, name) for name in _NAMES}
        return Limits(**{n: value for n, value in values.items() if value != getattr(weaker, n)})


@lru_cache(maxsize=1024)
def _merged(these: Limits, weaker: Limits) -> Limits:
    """Merge two limits; many tasks share the same few, so each pair is merged once."""
    values = {name: getattr(these, name) for name in _NAMES}
    return replace(weaker, **{name: value for name, value in values.items() if value is not None})


def _within(own: int | None, above: int | None, name: str) -> int | None:
    if own is None:
        return above
    most = _UNSAID.get(name) if above is None else above
    return own if most is None else min(own, most)


_NAMES = tuple(field.name for field in fields(Limits))
OF_SESSION = CommandLimits._fields
_UNSAID = {"memory_megabytes": UNSAID_MEGABYTES, "max_processes": UNSAID_PROCESSES}
NO_LIMITS = Limits()
# A field that keeps limits.
TakesLimits: TypeAlias = Converted[Limits, Limits | LimitsByName]
DEFAULTS = Limits(
    timeout_seconds=600.0,
    call_timeout_seconds=300.0,
    max_turns=25,
    max_output_tokens=4096,
    attempts=1,
)
