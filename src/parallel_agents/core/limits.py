"""Limits: what a run may use before it is stopped."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache

from parallel_agents.errors import InvalidInput

DAY_SECONDS = 86_400.0


# By the unit that a limit's name ends in; all others are counts.
_MOST = {"_seconds": 30 * DAY_SECONDS, "_tokens": 10_000_000}
_MOST_OF = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one run; None falls through to the next source (task, agent, settings).

    Attributes:
        timeout_seconds: the run, from its first admission, without time parked.
        call_timeout_seconds: one model call or one tool call.
        max_turns: model calls in the run.
        max_output_tokens: tokens of one reply.
        max_parallel: runs of this agent at once, or children at once of a team.
        attempts: the most attempts, including those after refused answers.
    """

    timeout_seconds: float | None = None
    call_timeout_seconds: float | None = None
    max_turns: int | None = None
    max_output_tokens: int | None = None
    max_parallel: int | None = None
    attempts: int | None = None

    def __post_init__(self) -> None:
        for name in _NAMES:
            value: float | None = getattr(self, name)
            if value is None:
                continue
            top = next((most for ending, most in _MOST.items() if name.endswith(ending)), _MOST_OF)
            if not 0 < value <= top:
                raise InvalidInput(
                    f"{name} is {value}",
                    why=f"it must be more than 0 and at most {top:,.0f}",
                    hint=f"leave {name} out to take the default",
                )

    def over(self, weaker: Limits) -> Limits:
        """These limits, with those of `weaker` for all that are None."""
        return weaker if self == NO_LIMITS else _merged(self, weaker)

    def without(self, weaker: Limits) -> Limits:
        """These limits without those that are the same in `weaker`."""
        chosen = {name: getattr(self, name) for name in _NAMES}
        return Limits(**{n: value for n, value in chosen.items() if value != getattr(weaker, n)})


@lru_cache(maxsize=1024)
def _merged(these: Limits, weaker: Limits) -> Limits:
    """Many tasks have the same few limits; each pair is merged once."""
    chosen = {name: getattr(these, name) for name in _NAMES}
    return replace(weaker, **{name: value for name, value in chosen.items() if value is not None})


_NAMES = tuple(field.name for field in fields(Limits))
NO_LIMITS = Limits()
DEFAULTS = Limits(
    timeout_seconds=600.0,
    call_timeout_seconds=300.0,
    max_turns=25,
    max_output_tokens=4096,
    attempts=1,
)
