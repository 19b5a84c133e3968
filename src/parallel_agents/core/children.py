"""Children: the verbs that an agent's run and a team's run need for the sessions under them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.event import Event
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import Result, Run, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.task import AnyTask, TeamTask
from parallel_agents.core.usage import Spend
from parallel_agents.core.verbs import Listens, Spawned


class ChildSessions(Protocol):
    """What an agent's run needs."""

    async def child_runs(self, parent: SessionKey) -> list[ChildRun]:
        """Every run that a session asked a child of its own for, in the order of asking."""
        ...

    async def continue_children(self, parent: Session) -> None:
        """Execute in this process the live runs under a session that no other one executes."""
        ...

    async def wait(self, runs: Sequence[RunId]) -> list[Result]:
        """The results of these runs, in order, once all have ended."""
        ...

    async def end_children(self, parent: Run, *, by: str, status: RunStatus) -> None:
        """End the live children of a run's session, except those that outlive their parent.

        Raises:
            OwnershipLost: another process owns the run, or it has ended.
        """
        ...


class Step(NamedTuple):
    """A task for a child, and the try without success that it is to follow, if there was one."""

    task: AnyTask
    tried: ChildRun | None = None


class RunEnds(Protocol):
    """The ends of runs, as they come."""

    async def some(self) -> list[tuple[RunId, RunStatus]]:
        """The runs that have ended since the last call, with their statuses, once there is one."""
        ...


class BegunRows(Protocol):
    """What says which rows of a map were begun."""

    async def children_named(self, parent: SessionKey, keys: Sequence[str]) -> list[ChildRun]:
        """The latest run of each child that was spawned under one of these keys, retries included."""
        ...

    async def batches(self, map: SessionKey, *, after: int = 0) -> list[Event]:
        """A page of the events that say which rows of a map are in a batch, and which count no longer."""
        ...

    async def results(self, runs: Sequence[RunId]) -> list[Result]:
        """The results of those of these runs that have ended, in order."""
        ...


class MapSessions(BegunRows, Protocol):
    """What a map's run needs; its children are too many to look at all of them again and again."""

    async def child_runs(self, parent: SessionKey) -> list[ChildRun]:
        """Every run that a session asked a child of its own for, in the order of asking."""
        ...

    async def spent_below(self, run: RunId) -> Spend:
        """What everything under a run's session used so far, whichever run asked for it."""
        ...

    async def start_steps(self, parent: SessionKey, steps: Sequence[Step]) -> list[Spawned]:
        """Start children of a group in one transaction, all or none, each under its task's key."""
        ...

    async def continue_runs(self, runs: Sequence[RunId]) -> None:
        """Execute live runs in this process, unless another one executes them.

        Raises:
            CannotContinue: this process lacks something for one of them.
        """
        ...

    async def settle(self, runs: Sequence[RunId]) -> None:
        """Drop the dead letters of these runs, if they have any: their work is done anew."""
        ...

    def ends(self) -> AbstractContextManager[RunEnds]:
        """The ends of all runs from now on, until the block exits."""
        ...

    async def end_children(self, parent: Run, *, by: str, status: RunStatus) -> None:
        """End the live children of a run's session, except those that outlive their parent.

        Raises:
            OwnershipLost: another process owns the run, or it has ended.
        """
        ...

    async def end_unbegun(self, parent: Run, *, by: str) -> None:
        """End the children of a run's session that no process has started; raises OwnershipLost."""
        ...


class FlowSessions(MapSessions, Listens, Protocol):
    """What a flow's run needs."""

    async def rows_of(self, runs: Sequence[RunId]) -> list[Row]:
        """These runs with their sessions, in order."""
        ...

    async def history(self, name: str, *, after: int = 0, limit: int = PAGE) -> list[Event]:
        """A page of what happened in a session, oldest first, after the event number `after`."""
        ...

    def agent_of(self, task: AnyTask) -> AnyAgent:
        """The agent of a task as it is now.

        Raises:
            UnknownAgent, InvalidFile: there is none of its name.
        """
        ...

    async def attached(self, task: AnyTask) -> AnyTask:
        """The task with its files as artifacts, as it is stored."""
        ...

    async def spawn_flow(
        self, flow: FlowTask, *, key: str | None = None, parent: SessionKey | None = None
    ) -> Spawned:
        """Make a run of a flow; with a key that was used before, continue the stored run."""
        ...

    async def wait(self, runs: Sequence[RunId]) -> list[Result]:
        """The results of these runs, in order, once all have ended."""
        ...


class TeamSessions(Protocol):
    """What a team's run needs."""

    async def end_children(self, parent: Run, *, by: str, status: RunStatus) -> None:
        """End the live children of a run's session, except those that outlive their parent.

        Raises:
            OwnershipLost: another process owns the run, or it has ended.
        """
        ...

    async def end_unbegun(self, parent: Run, *, by: str) -> None:
        """End the children of a run's session that no process has started; raises OwnershipLost."""
        ...

    async def take_children(self, parent: Session, team: TeamTask) -> list[RunId]:
        """The runs of a team's tasks, in order; those that are live continue in this process."""
        ...

    async def wait_over(self, runs: Sequence[RunId]) -> None:
        """Return once all these runs have ended; reads no results."""
        ...

    def child_ends(self, parent: Session, runs: Sequence[RunId]) -> AsyncGenerator[RunStatus]:
        """The status of each of these runs as it ends, until all have ended."""
        ...

    async def count_children(self, parent: Session, team: TeamTask) -> Counter[RunStatus]:
        """The number of the team's tasks in each status."""
        ...
