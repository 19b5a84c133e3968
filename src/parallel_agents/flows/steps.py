"""Steps: what the patterns of a flow are made of: names for steps, and the results of their tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from parallel_agents.core.agent import T
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import RunId
from parallel_agents.core.run import Result
from parallel_agents.core.runner import OnText
from parallel_agents.core.shared_state import SharedState
from parallel_agents.core.task import AnyTask, Task, TeamTask
from parallel_agents.errors import InvalidInput, StepFailed
from parallel_agents.flows.functions import Functions
from parallel_agents.flows.gathered import (
    Gathered,
    accepted_as_is,
    check_done,
    checked_result,
    needed_of,
    parts_of,
    together,
)
from parallel_agents.flows.judging import Judging
from parallel_agents.flows.naming import Names
from parallel_agents.flows.work import Work
from parallel_agents.sessions.typed import typed

FindLack: TypeAlias = Callable[[Literal["web"]], str]
FindRoom: TypeAlias = Callable[[AnyTask, int], Awaitable[int | None]]


class Surroundings(NamedTuple):
    """What the steps of flows find in their process.

    Attributes:
        folder: where folders for a flow's sessions may be made.
        find_lack: why what a task needs besides its tools, such as `web`, is not there; empty if it is.
        find_room: the tokens that rows of a batch and their answers may have, by the task of one and
            how many there are; None if no context is known.
    """

    folder: Path
    find_lack: FindLack
    find_room: FindRoom


class Steps:
    """The steps of one flow's run.

    Args:
        work: does each step once.
        request: the call of the flow's function.
        functions: those that flows can call.
        state: what the sessions of the flow share.
        judging: gives the verdicts of gates on answers that are final.
        surroundings: what they find in this process.
    """

    def __init__(
        self,
        work: Work,
        request: FlowTask,
        functions: Functions,
        state: SharedState,
        judging: Judging,
        surroundings: Surroundings,
    ) -> None:
        self.work = work
        self.request = request
        self.functions = functions
        self.state = state
        self.judging = judging
        self.surroundings = surroundings
        self.names = Names()
        self._events: defaultdict[str, set[int]] = defaultdict(set)
        self._tasks: dict[RunId, Task[Any]] = {}
        self._accepted: dict[str, Result[Any]] = {}

    async def result(self, name: str, task: Task[T], *, on_text: OnText | None = None) -> Result[T]:
        """The result of a task that is a step of this name, whatever its status."""
        asked = replace(task, model=task.model or self.request.model)
        result = typed(await self.work.task(name, asked, on_text=on_text), task.output_type)
        self._tasks[result.run_id] = task
        return result

    def checked(self, result: Result[T], name: str, *, check: bool) -> Result[T]:
        """The result, if it is done or need not be; one that need not be is told with the flow's result.

        Raises:
            StepFailed: it is not done, and must be.
        """
        if not result.is_done:
            self._accepted[name] = result
        return checked_result(result, name, check=check)

    @property
    def notices(self) -> tuple[str, ...]:
        """What a reader of the flow's result should know of steps that are not done, though the flow went on."""
        return accepted_as_is(self._accepted)

    async def results(
        self, name: str, tasks: Sequence[Task[T]], *, min_done: int | None
    ) -> Gathered[T]:
        """The results of tasks that are done at the same time, below a step of this name.

        Raises:
            InvalidInput: two tasks have one key, or there are fewer than `min_done`.
            StepFailed: fewer than `min_done` are done.
        """
        needed = needed_of(name, len(tasks), min_done)
        if not tasks:
            return Gathered(())
        given = TeamTask(tasks=tuple(tasks))
        found = await together(
            [
                self.result(f"{name}/{part}", task)
                for part, task in zip(parts_of(name, given), given.tasks, strict=True)
            ]
        )
        gathered = Gathered(tuple(found))
        if notice := check_done(name, gathered, needed):
            self.work.note(notice)
        return gathered

    @contextmanager
    def event_number(self, event: str) -> Generator[int]:
        """The number of the next event of this name; one that does not come stays the next."""
        taken = self._events[event]
        number = next(each for each in count(1) if each not in taken)
        taken.add(number)
        try:
            yield number
        except StepFailed:
            taken.discard(number)
            raise

    def task_of(self, result: Result[T]) -> Task[T]:
        """The task whose result this is.

        Raises:
            InvalidInput: it is not a result of this flow.
        """
        if result.run_id not in self._tasks:
            raise InvalidInput(
                f"the result of {result.label} is not of this flow",
                hint="pass a result that flow.task, flow.parallel or flow.best_of returned; a row of a "
                "batch has no task of its own",
            )
        return self._tasks[result.run_id]
