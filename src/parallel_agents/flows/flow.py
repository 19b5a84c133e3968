"""Flow: what the function of a flow gets, with its steps as methods."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import Any

from parallel_agents.containment.functions import UserFunction
from parallel_agents.core.agent import T
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.run import Result
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.tool import Effect
from parallel_agents.flows.function import FlowFunction, instances
from parallel_agents.flows.functions import Functions
from parallel_agents.flows.gathered import (
    Gathered,
    check_min_done,
    check_tasks,
    checked_result,
    together,
)
from parallel_agents.flows.work import Call, Work
from parallel_agents.sessions.typed import typed


class Flow:
    """The steps of a flow.

    A step is known by its name. When the flow is run again after a crash or a failure, a step that is done
    returns what is stored, and costs nothing. A name that is used again gets a number: `draft#2`.

    Attributes:
        name: the name of the flow's function.
        key: identifies this run of it.
    """

    def __init__(self, work: Work, task: FlowTask, functions: Functions) -> None:
        self._work = work
        self._task = task
        self._functions = functions
        self.name = task.name
        self.key = work.session.spawn_key

    async def task(self, name: str, task: Task[T], *, check: bool = True) -> Result[T]:
        """Have an agent do a task, and return its result.

        Args:
            name: of the step.
            task: for an agent.
            check: whether to raise if the task is not done; otherwise look at the result's status.

        Raises:
            StepFailed: the task is not done.
        """
        called = self._work.name(name, task.agent_name)
        return checked_result(await self._result(called, task), called, check=check)

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
        name, given = self._work.name(key, "parallel"), TeamTask(tasks=tuple(tasks))
        check_tasks(name, given)
        results = await together(
            [
                self._result(f"{name}/{key.removeprefix('task-')}", task)
                for key, task in zip(given.keys, given.tasks, strict=True)
            ]
        )
        gathered = Gathered(tuple(results))
        if notice := check_min_done(name, gathered, min_done):
            self._work.note(notice)
        return gathered

    async def step(
        self,
        name: str,
        function: Callable[..., object],
        *values: object,
        effect: Effect | str = Effect.ONCE,
        **named: object,
    ) -> Any:  # noqa: ANN401 - what the function returns, which is annotated there
        """Call a function of your own, once, and store what it returns.

        Args:
            name: of the step.
            function: what is not async runs in a thread. What it returns must be JSON, or of the
                type that it is annotated with; you get what was stored.
            *values: its arguments.
            effect: what a second call does, after a crash in the middle of the first: one that is
                `pure` or `idempotent` is made again, one that is `once` is not.
            **named: its arguments by name.

        Raises:
            StepFailed: the function raised, or what it returned cannot be stored.
            StepUnknown: an earlier process ended in the middle of it, and it must not be called twice.
        """
        called = self._work.name(name, name)
        kind = instances(function)
        call = Call(UserFunction(function, name), kind, values, named, Effect(effect))
        return call.instance(await self._work.step(called, call))

    async def flow(
        self,
        name: str,
        function: Callable[..., Awaitable[T]],
        *,
        budget: Budget = NO_BUDGET,
        timeout: float | None = None,
        check: bool = True,
        **values: object,
    ) -> Result[T]:
        """Run another flow as a step.

        Args:
            name: of the step.
            function: the function of the other flow.
            budget: the most that it may spend.
            timeout: seconds for all of it.
            check: whether to raise if it is not done.
            **values: its input.

        Raises:
            StepFailed: it is not done.
        """
        other = FlowFunction(function, on_change=self._functions.get(self.name).on_change)
        self._functions.add(other)
        task = FlowTask(
            name=other.name,
            input=other.stored(values),
            model=self._task.model,
            timeout_seconds=timeout,
            budget=budget,
        )
        called = self._work.name(name, other.name)
        result = typed(await self._work.flow(called, task), other.output_type)
        return checked_result(result, called, check=check)

    async def _result(self, name: str, task: Task[T]) -> Result[T]:
        """The result of a task that is a step of this name, whatever its status."""
        asked = replace(task, model=task.model or self._task.model)
        return typed(await self._work.task(name, asked), task.output_type)
