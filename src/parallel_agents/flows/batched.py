"""Batched: rows of a flow's map that are asked several to a call, each with a result of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.agent import T
from parallel_agents.core.batch import MOST_ITEMS, check_batch
from parallel_agents.core.message import File
from parallel_agents.core.run import Result
from parallel_agents.core.task import Task
from parallel_agents.core.tool import Effect
from parallel_agents.errors import BatchRefused
from parallel_agents.flows.call import Call
from parallel_agents.flows.gathered import Gathered, check_done, needed_of, together
from parallel_agents.flows.steps import Steps
from parallel_agents.maps.batches import Part
from parallel_agents.maps.batching import BATCH, Grouping, batch_task
from parallel_agents.maps.filling import Filled
from parallel_agents.maps.row import Row
from parallel_agents.maps.sharing import part_of
from parallel_agents.sessions.typed import typed


class _Asked(NamedTuple):
    filled: Filled
    most: int = MOST_ITEMS


async def batched_results(
    steps: Steps, name: str, tasks: Sequence[Task[T]], *, size: int, min_done: int | None
) -> Gathered[T]:
    """The results of tasks that are done in batches, below a step of this name.

    The same rows make the same batches, each of which is a step.

    Raises:
        BatchRefused: the tasks cannot be done in batches.
        InvalidInput: there are fewer than `min_done`.
        StepFailed: fewer than `min_done` are done.
    """
    needed = needed_of(name, len(tasks), min_done)
    _check(tasks)
    room = await _room(steps, name, tasks[0], size) if len(tasks) > 1 else None
    grouping = Grouping[_Asked](size, room)
    rows = [
        _Asked(Filled(Row(n, n, {}), task.key or str(n), replace(task, key=None)))
        for n, task in enumerate(tasks, start=1)
    ]
    groups = [group for row in rows for group in grouping.add(row)]
    groups += [rest] if (rest := grouping.rest()) else []
    found = await together([_results(steps, name, group) for group in groups])
    kind = tasks[0].output_type if tasks else None
    results = tuple(typed(result, kind) for group in found for result in group)
    gathered = Gathered(results)
    if notice := check_done(name, gathered, needed):
        steps.work.note(notice)
    return gathered


async def _room(steps: Steps, name: str, first: Task[Any], size: int) -> int | None:
    """The tokens of a batch's rows with their answers; the same each time that the flow is run.

    So it is a step of its own. A flow that began its batches without it continues without it.
    """
    step = steps.names.take(f"{name}-room", "map-room")
    is_stored = steps.work.is_begun(step)
    if not is_stored and steps.work.is_begun_below(name):
        return None
    asked = replace(first, key=None, model=first.model or steps.request.model)
    found = await steps.surroundings.find_room(asked, size)
    if found is None and not is_stored:
        return None

    async def tokens() -> int | None:
        return found

    stored = await steps.work.step(
        step, Call(UserFunction(tokens, step), None, (), {}, Effect.PURE)
    )
    return stored if isinstance(stored, int) else None


async def _results(steps: Steps, name: str, group: Sequence[_Asked]) -> list[Result[Any]]:
    """The results of the rows of a batch, or of a row alone."""
    rows = [asked.filled for asked in group]
    first = rows[0]
    if len(rows) == 1:
        return [await steps.result(f"{name}/{first.key}", first.task)]
    task = batch_task(rows)
    key = f"{BATCH.rstrip('/')}-{(task.key or '').removeprefix(BATCH)}"
    asked = replace(task, model=task.model or steps.request.model)
    whole = await steps.work.task(f"{name}/{key}", asked)
    return [part_of(whole, Part(key, number, len(rows))) for number in range(1, len(rows) + 1)]


def _has_file(task: Task[Any]) -> bool:
    return any(isinstance(value, File) for value in task.input.values())


def _check(tasks: Sequence[Task[Any]]) -> None:
    """Refuse what can be seen without knowing agents by their names, before a row is begun."""
    for task in tasks[:1]:  # all are made of one
        if not isinstance(task.agent, str):
            check_batch(task.agent, refine=task.refine, workspace=task.workspace)
    if any(task.files or _has_file(task) for task in tasks):
        raise BatchRefused(
            "a task with files cannot be asked for several rows in one call",
            why="nobody could tell which row a file belongs to",
            hint="leave out batch=; then each row has a call of its own",
        )
