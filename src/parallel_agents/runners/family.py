"""Family: the children of a run; it is done only when they are, and it has heard how."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from parallel_agents.core.agent import Need
from parallel_agents.core.hand_back import settled_words
from parallel_agents.core.ids import RunId
from parallel_agents.core.model import Model
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Filter, Row


class Kin(Protocol):
    """What a run needs of the verbs."""

    async def list(self, chosen: Filter | None = None) -> list[Row]: ...

    async def wait(self, runs: Sequence[RunId]) -> list[Result]: ...

    async def end_children(self, parent: Session, *, by: str, status: RunStatus) -> None: ...


class Family:
    """The children of one session.

    Args:
        kin: the verbs.
        parent: the session.
        most_tokens: of each child's output that the parent is told.
    """

    def __init__(self, kin: Kin, parent: Session, *, most_tokens: int) -> None:
        self._kin = kin
        self._parent = parent
        self._most_tokens = most_tokens

    async def untold(self, told: Collection[RunId]) -> list[RunId]:
        """Runs of children that the parent is to hear of and has not."""
        rows = await self._kin.list(Filter(parent=self._parent.key))
        return [
            row.run.id
            for row in reversed(rows)
            if not row.session.traits.is_quiet and row.run.id not in told
        ]

    async def wait(self, runs: Sequence[RunId]) -> str:
        """What the parent is told of these runs, once all are over."""
        return settled_words(await self._kin.wait(runs), most_tokens=self._most_tokens)

    async def end(self, *, by: str) -> None:
        """End what is live and was to report to the parent, which hears no more."""
        await self._kin.end_children(self._parent, by=by, status=RunStatus.KILLED)


def may_delegate(session: Session, model: Model) -> bool:
    """Whether the session's agent is offered the session tools though it does not name them."""
    lacks = model.capabilities.lacks
    return session.agent.policy.may_spawn_at(session.depth) and Need.DELEGATION not in lacks
