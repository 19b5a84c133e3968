"""Gathered: the results of tasks that ran at the same time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from parallel_agents.core.agent import T, T_co
from parallel_agents.core.cutting import head
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.run import Failure, Result
from parallel_agents.core.several import Several
from parallel_agents.core.spelling import counted
from parallel_agents.core.task import TeamTask
from parallel_agents.core.usage import Spend
from parallel_agents.errors import Incomplete, InvalidInput, StepFailed

V = TypeVar("V")

_SHOWN = 3
_MOST_CAUSE = 200  # of what kept a team or a flow from its end


@dataclass(frozen=True, slots=True)
class Gathered(Frozen, Several[Result[T_co]], Generic[T_co]):
    """Results in the order of their tasks.

    Attributes:
        results: one for each task, whatever its status.
    """

    results: tuple[Result[T_co], ...]

    @property
    def done(self) -> tuple[Result[T_co], ...]:
        """Those that are done."""
        return tuple(result for result in self.results if result.is_done)

    @property
    def outputs(self) -> list[T_co]:
        """The answers of those that are done, in order."""
        return [result.output for result in self.done]

    @property
    def spend(self) -> Spend:
        """What all of them used, with everything they spawned."""
        return sum((result.total_spend for result in self.results), Spend())


async def together(works: Sequence[Coroutine[Any, Any, V]]) -> list[V]:
    """What each of these returns, in order; all of them end before the first error is raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    except asyncio.CancelledError:
        for task in tasks:
            task.cancel()
        raise
    for each in ended:
        if isinstance(each, BaseException):
            raise each
    return [each for each in ended if not isinstance(each, BaseException)]


def needed_of(name: str, total: int, min_done: int | None) -> int:
    """How many of a step's tasks must be done, before any is begun.

    Raises:
        InvalidInput: `min_done` is out of range.
    """
    needed = total if min_done is None else min_done
    if not 0 <= needed <= total:
        raise InvalidInput(
            f"min_done of the step {name} is {min_done}",
            why=f"it has {counted(total, 'task')}",
            hint="pass a number from 0 to the number of tasks",
        )
    return needed


def check_done(name: str, gathered: Gathered[Any], needed: int) -> str:
    """Refuse results of which fewer are done than needed; return what to note about the others.

    Raises:
        StepFailed: too few are done.
    """
    total, done = len(gathered.results), len(gathered.done)
    if done == total:
        return ""
    lost = [result for result in gathered.results if not result.is_done]
    listed = "; ".join(map(why_not_done, lost[:_SHOWN]))
    more = f"; and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    told = f"{len(lost)} of {total} tasks of the step {name} are not done"
    if done < needed:
        raise StepFailed(
            told, why=f"{listed}{more}", hint="pass min_done= if the flow can go on with fewer"
        )
    return f"{told}: {listed}{more}"


def why_not_done(result: Result[Any]) -> str:
    """What is known of why a result is not done."""
    error = result.error
    why = f": {error.code} {error.message}" if error else ""
    if error is not None and error.code == Incomplete.code and error.why:
        why = f"{why} ({head(error.why, _MOST_CAUSE)})"
    return f"{result.label} is {result.status}{why}"


def accepted_as_is(results: Mapping[str, Result[Any]]) -> tuple[str, ...]:
    """The notice about steps, by their names, that a flow accepted without being done; none if it did not."""
    if not results:
        return ()
    told = "1 step is" if len(results) == 1 else f"{len(results):,} steps are"
    listed = ", ".join(f"{name} ({r.status})" for name, r in [*results.items()][:_SHOWN])
    more = " and others" if len(results) > _SHOWN else ""
    return (
        f"{told} not done, and the flow went on: {listed}{more}; once a flow is done, its key gives these results again",
    )


def checked_result(result: Result[T], name: str, *, check: bool) -> Result[T]:
    """The result, if it is done or need not be.

    Raises:
        StepFailed: it is not done, and must be.
    """
    if result.is_done or not check:
        return result
    error = result.error
    raise StepFailed(
        f"the step {name} is {result.status}",
        why=_cause(error) if error else "",
        hint=(error.hint if error else "") or "pass check=False to look at its result",
        account=error.account if error else "",
    )


def _cause(error: Failure) -> str:
    """What a step failed of; of a flow whose step failed, what that one failed of."""
    if error.code == StepFailed.code and error.why:
        return error.why
    return f"{error.code} {error.message}"


def parts_of(name: str, team: TeamTask) -> list[str]:
    """What names each task below a step: its key, or else its position.

    Raises:
        InvalidInput: two tasks would have one name.
    """
    parts = [key.removeprefix("task-") for key in team.keys]
    if twice := [part for part, count in Counter(parts).items() if count > 1]:
        raise InvalidInput(
            f"two tasks of the step {name} have the key {twice[0]!r}",
            why="a task is known by its key, or by its position if it has none, when the flow is run "
            "again",
            hint="give each its own key, or none",
        )
    return parts
