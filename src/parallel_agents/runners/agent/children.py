"""Children: the children of a run; it is done only when they are, and it has heard how."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol, TypeAlias

from parallel_agents.core.agent import Need
from parallel_agents.core.ids import RunId
from parallel_agents.core.model import Model
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Filter, Row

Report: TypeAlias = Callable[[Sequence[Result]], str]


class ChildSessions(Protocol):
    """What a run needs of the verbs."""

    async def list(self, chosen: Filter | None = None) -> list[Row]: ...

    async def wait(self, runs: Sequence[RunId]) -> list[Result]: ...

    async def end_children(self, parent: Session, *, by: str, status: RunStatus) -> None: ...


class Children:
    """The children of one session.

    Args:
        kin: the verbs.
        parent: the session.
        report: words what the parent is told of runs that ended.
    """

    def __init__(self, kin: ChildSessions, parent: Session, report: Report) -> None:
        self._kin = kin
        self._parent = parent
        self._report = report

    async def untold(self, told: Collection[RunId]) -> list[RunId]:
        """Runs of children that the parent is to hear of and has not."""
        rows = await self._kin.list(Filter(parent=self._parent.key))
        return [
            row.run.id
            for row in reversed(rows)
            if not row.session.options.is_quiet and row.run.id not in told
        ]

    async def wait(self, runs: Sequence[RunId]) -> str:
        """What the parent is told of these runs, once all are over."""
        return self._report(await self._kin.wait(runs))

    async def end(self, *, by: str) -> None:
        """End what is live and was to report to the parent, which hears no more."""
        await self._kin.end_children(self._parent, by=by, status=RunStatus.KILLED)


def may_delegate(session: Session, model: Model) -> bool:
    """Whether the session's agent is offered the session tools though it does not name them."""
    lacks = model.capabilities.lacks
    return session.agent.policy.may_spawn_at(session.depth) and Need.DELEGATION not in lacks
