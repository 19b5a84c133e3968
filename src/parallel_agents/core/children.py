"""Children: the verbs that an agent's run and a team's run need for the sessions under them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from typing import Protocol

from parallel_agents.core.event import Event
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.task import AnyTask, TeamTask
from parallel_agents.core.verbs import Spawned


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

    async def end_children(self, parent: Session, *, by: str, status: RunStatus) -> None:
        """End the live children of a session, except those that outlive their parent."""
        ...


class FlowSessions(Protocol):
    """What a flow's run needs."""

    async def child_runs(self, parent: SessionKey) -> list[ChildRun]:
        """Every run that a session asked a child of its own for, in the order of asking."""
        ...

    async def history(self, name: str, *, after: int = 0, limit: int = PAGE) -> list[Event]:
        """A page of what happened in a session, oldest first, after the event number `after`."""
        ...

    async def results(self, runs: Sequence[RunId]) -> list[Result]:
        """The results of those of these runs that have ended, in order."""
        ...

    async def attached(self, task: AnyTask) -> AnyTask:
        """The task with its files as artifacts, as it is stored."""
        ...

    async def spawn_step(
        self, parent: SessionKey, task: AnyTask, *, tried: ChildRun | None = None
    ) -> Spawned:
        """Spawn a task as a step of a flow; after a try without success, as the next one."""
        ...

    async def spawn_flow(
        self, flow: FlowTask, *, key: str | None = None, parent: SessionKey | None = None
    ) -> Spawned:
        """Make a run of a flow; with a key that was used before, continue the stored run."""
        ...

    async def continue_run(self, run: RunId) -> None:
        """Execute a live run in this process, unless another one executes it.

        Raises:
            CannotContinue: this process lacks something for it.
        """
        ...

    async def wait(self, runs: Sequence[RunId]) -> list[Result]:
        """The results of these runs, in order, once all have ended."""
        ...

    async def end_children(self, parent: Session, *, by: str, status: RunStatus) -> None:
        """End the live children of a session, except those that outlive their parent."""
        ...


class TeamSessions(Protocol):
    """What a team's run needs."""

    async def end_children(self, parent: Session, *, by: str, status: RunStatus) -> None:
        """End the live children of a session, except those that outlive their parent."""
        ...

    async def end_unbegun(self, parent: Session, *, by: str) -> None:
        """End the children of a session that no process has started."""
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
