"""Team calls: tasks as `run`, `stream` and `map` begin them, and their results as they end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias

from parallel_agents.api.asking import telling_questions
from parallel_agents.api.opening import LOG, Options
from parallel_agents.app.client import App
from parallel_agents.app.farewell import TeamFarewell
from parallel_agents.core.agent import T
from parallel_agents.core.budget import AnyBudget, as_budget
from parallel_agents.core.ids import RunId
from parallel_agents.core.output_type import OutputType
from parallel_agents.core.run import Result
from parallel_agents.core.task import OnFailure, OnFailureName, Task, TeamTask
from parallel_agents.core.unicode import canonical
from parallel_agents.core.verbs import Spawned
from parallel_agents.interrupts import to_its_end
from parallel_agents.sessions.kept_options import describe_kept
from parallel_agents.sessions.places import check_folders
from parallel_agents.sessions.typed import typed

# Is told of each result as it comes.
Tell: TypeAlias = Callable[[Result[T]], None]


@dataclass(frozen=True, slots=True)
class TeamCall(Generic[T]):
    """Tasks that a program wants done.

    Attributes:
        tasks: as they were passed, with the types of their answers.
        team: the same as a team.
        key: identifies the run; None for a new one.
        max_parallel: the most runs at once in this process.
        options: what the program passes in.
        has_progress: whether a bar shows how far they are.
    """

    tasks: tuple[Task[T], ...]
    team: TeamTask
    key: str | None
    max_parallel: int | None
    options: Options
    has_progress: bool

    @property
    def farewell(self) -> TeamFarewell:
        # Another process has none of what this one passes in.
        own = ("home", "tools", "gates", "models", "settings")
        return TeamFarewell(is_resumable=not any(self.options.get(name) for name in own))


def listed(tasks: Iterable[Task[T]] | Task[T]) -> tuple[Task[T], ...]:
    """Tasks as a tuple; one task may stand for a list of one."""
    return (tasks,) if isinstance(tasks, Task) else tuple(tasks)


def team_of(
    tasks: tuple[Task[Any], ...],
    model: str | None,
    timeout: float | None,
    budget: AnyBudget,
    on_failure: OnFailureName,
    min_done: int | None,
) -> TeamTask:
    """The tasks as a team.

    Raises:
        InvalidInput: they cannot be one, or a folder that a task names is not there.
    """
    check_folders(tasks)
    return TeamTask(
        tasks=tasks,
        model=model,
        timeout_seconds=timeout,
        budget=as_budget(budget),
        on_failure=OnFailure(on_failure),
        min_done=min_done,
    )


async def begin(app: App, call: TeamCall[Any], farewell: TeamFarewell) -> Spawned:
    """Start the tasks, all or none; what is being started is never broken off halfway.

    Raises:
        CallerError: a task cannot be accepted.
    """
    plans = await app.sessions.plan_team(call.team, key=call.key)

    async def start() -> Spawned:
        farewell.started(spawned := await app.sessions.start(plans))
        return spawned

    spawned = await to_its_end(start())
    if kept := describe_kept(spawned):
        LOG.warning(kept)
    return spawned


async def tell_each(app: App, call: TeamCall[T], spawned: Spawned, tell: Tell[T]) -> None:
    """Tell of each result as soon as its run has ended, in that order; return after the last.

    Raises:
        StoreError: the store failed, so that no more will come.
    """
    team = await app.sessions.find(spawned.session_key)
    runs = await app.sessions.member_runs(team)
    rows = await app.sessions.rows_of(runs)
    kinds = {
        canonical(key): task.output_type
        for key, task in zip(call.team.keys, call.tasks, strict=True)
    }

    async def tell_one(run: RunId, kind: OutputType[T] | None) -> None:
        (result,) = await app.sessions.wait([run])
        tell(typed(result, kind))

    try:
        async with telling_questions(app, spawned), asyncio.TaskGroup() as group:
            for run, row in zip(runs, rows, strict=True):
                group.create_task(tell_one(run, kinds.get(row.session.spawn_key)))
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None
    await app.sessions.wait([spawned.run_id])
