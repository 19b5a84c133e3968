"""Many: the methods of a flow that have many tasks done at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from parallel_agents.core.agent import T
from parallel_agents.core.arguments import checked_methods
from parallel_agents.core.batch import BatchSize
from parallel_agents.core.converted import GivenObject
from parallel_agents.core.task import Task
from parallel_agents.core.verb_words import NamesVerbs
from parallel_agents.flows.batched import batched_results
from parallel_agents.flows.gathered import Gathered
from parallel_agents.flows.mapping import mapped
from parallel_agents.flows.steps import Steps


@checked_methods
class ManySteps(NamesVerbs):
    """The steps of a flow that are made of many tasks."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    async def parallel(
        self, tasks: Iterable[Task[T]], *, key: str | None = None, min_done: int | None = None
    ) -> Gathered[T]:
        """Have agents do tasks at the same time; a task that fails does not affect the others.

        Args:
            tasks: their own keys, or else their positions, name them below the step.
            key: the name of the step.
            min_done: how many tasks must be done; None for all of them, 0 for none.

        Returns:
            The results, in the order of the tasks.

        Raises:
            StepFailed: fewer tasks are done.
        """
        name = self._steps.names.take(key, "parallel")
        return await self._steps.results(name, tuple(tasks), min_done=min_done)

    async def map(
        self,
        task: Task[T],
        rows: Iterable[GivenObject],
        *,
        by: str | None = None,
        key: str | None = None,
        min_done: int | None = None,
        batch: BatchSize = 1,
    ) -> Gathered[T]:
        """Have a task done for each row at the same time.

            found = await flow.map(pa.Task(judge, "Is this a bug? {text}"), rows, by="id")

        Args:
            task: its text and the texts of its input have `{column}` for a value of the row, and
                `@{column}` for the content of the file that it names.
            rows: their values, by column.
            by: the column that names a row's step; without it, rows are known by what is asked.
            key: the name of the step.
            min_done: as for `parallel`, of the rows.
            batch: how many rows are asked in one call at most, 1 to 100; fewer if the model's context
                has no room for them. Each still has its own result.

        Returns:
            The results, in the order of the rows.

        Raises:
            InvalidInput: a row lacks a column, or two have one key; nothing was begun.
            BatchRefused: the agent or the task cannot be asked for several rows in one call.
            StepFailed: fewer tasks are done.
        """
        name = self._steps.names.take(key, "map")
        tasks = await asyncio.to_thread(mapped, name, task, rows, by)
        if batch > 1:
            return await batched_results(self._steps, name, tasks, size=batch, min_done=min_done)
        return await self._steps.results(name, tasks, min_done=min_done)
