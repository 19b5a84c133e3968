"""Limits: the limits of a run; at a limit the run ends with what it has so far."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache

from typing_extensions import override

from parallel_agents.core.checked import Checked
from parallel_agents.errors import InvalidInput

DAY_SECONDS = 86_400.0


# By the unit at the end of a limit's name; the others are counts.
_MAX_BY_UNIT = {"_seconds": 30 * DAY_SECONDS, "_tokens": 10_000_000}
_MAX_COUNT = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits(Checked):
    """The limits of one run. None takes a limit from the next source: task, agent, then settings.

    Attributes:
        timeout_seconds: the time limit of the run, from its first admission; the time that it waits
            for children or a slot does not count, and may be a day. The time that it waits for a
            message alone counts. At most 30 days.
        call_timeout_seconds: the time limit of one model call or one tool call.
        max_turns: the most model calls in one run.
        max_output_tokens: the most tokens of one reply.
        max_parallel: the most runs of an agent at once, or of a team's tasks at once.
        attempts: the most attempts on one model when answers are rejected; 1 allows no second.

    Raises:
        InvalidInput: a limit is not positive, or beyond its maximum.
    """

    timeout_seconds: float | None = None
    call_timeout_seconds: float | None = None
    max_turns: int | None = None
    max_output_tokens: int | None = None
    max_parallel: int | None = None
    attempts: int | None = None

    @override
    def _check(self) -> None:
        for name in _NAMES:
            value: float | None = getattr(self, name)
            if value is None:
                continue
            top = next(
                (most for ending, most in _MAX_BY_UNIT.items() if name.endswith(ending)), _MAX_COUNT
            )
            if not 0 < value <= top:
                raise InvalidInput(
                    f"{name} is {value}",
                    why=f"it must be more than 0 and at most {top:,.0f}",
                    hint=f"leave {name} out to use the default",
                )

    def over(self, weaker: Limits) -> Limits:
        """These limits; `weaker` fills in those that are None."""
        return weaker if self == NO_LIMITS else _merged(self, weaker)

    def without(self, weaker: Limits) -> Limits:
        """These limits without those that `weaker` has as well."""
        values = {name: getattr(self, name) for name in _NAMES}
        return Limits(**{n: value for n, value in values.items() if value != getattr(weaker, n)})


@lru_cache(maxsize=1024)
def _merged(these: Limits, weaker: Limits) -> Limits:
    """Merge two limits; many tasks share the same few, so each pair is merged once."""
    values = {name: getattr(these, name) for name in _NAMES}
    return replace(weaker, **{name: value for name, value in values.items() if value is not None})


_NAMES = tuple(field.name for field in fields(Limits))
NO_LIMITS = Limits()
DEFAULTS = Limits(
    timeout_seconds=600.0,
    call_timeout_seconds=300.0,
    max_turns=25,
    max_output_tokens=4096,
    attempts=1,
)
