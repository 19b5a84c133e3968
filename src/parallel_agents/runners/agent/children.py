"""Children: a run's answer is accepted only after the run has heard how its children ended."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import TypeAlias

from parallel_agents.core import ended_by
from parallel_agents.core.agent import Need
from parallel_agents.core.children import ChildSessions
from parallel_agents.core.ids import RunId
from parallel_agents.core.model import Capabilities
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Claim

Report: TypeAlias = Callable[[Sequence[Result]], str]


class Children:
    """The child sessions of one session.

    Args:
        sessions: the verbs.
        parent: the claim of its run.
        report: describes to the parent how runs ended.
    """

    __slots__ = ("_parent", "_report", "_sessions")

    def __init__(self, sessions: ChildSessions, parent: Claim, report: Report) -> None:
        self._sessions = sessions
        self._parent = parent
        self._report = report

    async def take(self) -> None:
        """Execute here what an earlier process began: it may have stopped, and this run waits for it."""
        await self._sessions.continue_children(self._parent.session)

    async def unreported(self, reported: Collection[RunId]) -> list[RunId]:
        """The runs to report to the parent, which asked for them, and which are not in `reported`."""
        children = await self._sessions.child_runs(self._parent.session.key)
        return [child.run for child in children if not child.is_quiet and child.run not in reported]

    async def wait(self, runs: Sequence[RunId]) -> str:
        """The report on these runs, once all have ended."""
        return self._report(await self._sessions.wait(runs))

    async def end(self) -> None:
        """End the live children that were to report to the parent, which has ended."""
        await self._sessions.end_children(
            self._parent.run, by=ended_by.PARENT, status=RunStatus.KILLED
        )


def may_delegate(session: Session, capabilities: Capabilities) -> bool:
    """Whether the session's agent is offered the session tools without naming them."""
    return (
        session.agent.policy.may_spawn_at(session.depth)
        and Need.DELEGATION not in capabilities.lacks
    )
