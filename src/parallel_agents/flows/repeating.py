"""Repeating: steps one after another, each with what the one before came to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from inspect import isawaitable
from itertools import count
from typing import Any, TypeAlias, TypeVar

from parallel_agents.core.run import Result
from parallel_agents.core.shown import shown
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput, StepFailed
from parallel_agents.flows.gathered import checked_result
from parallel_agents.flows.steps import Steps

V = TypeVar("V")

# A task, or what makes one of the result before it.
Next: TypeAlias = Task[Any] | Callable[[Result[Any]], Task[Any]]
_MOST_ROUNDS = 1000


async def sequence(steps: Steps, name: str, tasks: Sequence[Next]) -> Result[Any]:
    """The result of the last of these tasks, each of which is done after the one before.

    Raises:
        InvalidInput: there is none, or the first cannot be made without a result before it.
        StepFailed: one is not done; those after it are not begun.
    """
    first, *others = tasks or (None,)
    if first is None or callable(first):
        raise InvalidInput(
            f"the step {name} does not begin with a task",
            why="a function makes a task of the result before it",
            hint="pass a Task, and then tasks or functions",
        )
    called: set[str] = set()
    result = await _done(steps, _next_name(called, f"{name}/{first.key or 1}"), first)
    for number, each in enumerate(others, start=2):
        task = each(result) if callable(each) else each
        result = await _done(steps, _next_name(called, f"{name}/{task.key or number}"), task)
    return result


def _next_name(called: set[str], name: str) -> str:
    """The name, with a number if it is one of those already."""
    names = (name if number == 1 else f"{name}#{number}" for number in count(1))
    chosen = next(each for each in names if each not in called)
    called.add(chosen)
    return chosen


async def _done(steps: Steps, called: str, task: Task[Any]) -> Result[Any]:
    return checked_result(await steps.result(called, task), called, check=True)


async def loop_until(
    name: str,
    body: Callable[[int, V | None], Awaitable[V]],
    *,
    until: Callable[[V], bool],
    rounds: int,
    check: bool,
) -> V:
    """What the last round returned: the first that is good enough, or the last of all.

    Raises:
        InvalidInput: there cannot be so many rounds.
        StepFailed: no round was good enough, and `check` asks for one.
    """
    if not 1 <= rounds <= _MOST_ROUNDS:
        raise InvalidInput(
            f"the loop {name} cannot have {rounds} rounds",
            why=f"it has 1 to {_MOST_ROUNDS}",
            hint="choose a number in this range",
        )
    begun = body(1, None)
    if not isawaitable(begun):
        raise InvalidInput(
            f"the body of the loop {name} is not an async function",
            why=f"it returned {shown(begun)} ({type(begun).__name__})",
            hint="write: async def body(number, before): ..., with the steps of a round",
        )
    last = await begun
    for number in range(2, rounds + 1):
        if until(last):
            return last
        last = await body(number, last)
    if check and not until(last):
        raise StepFailed(
            f"the loop {name} is not done after {rounds} rounds",
            hint="allow more rounds, or pass check=False for what the last one returned",
        )
    return last
