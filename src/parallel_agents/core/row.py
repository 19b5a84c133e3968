"""Row: a session with one of its runs, as the store returns them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from parallel_agents.core.ended_by import is_on_purpose
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.run import Run, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.usage import Spend


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Frozen):
    """A session with one of its runs, usually the latest.

    Attributes:
        owner_state: that of the process that executes the run.
        fault: why the record cannot be read.
        total_spend: what all runs of the session and everything below it used; None where nobody summed it.
    """

    session: Session
    run: Run
    owner_state: OwnerState | None = None
    fault: str = ""
    total_spend: Spend | None = None

    @property
    def cost_usd(self) -> float | None:
        """What the session and everything below it cost in US dollars; None if that is not known."""
        return None if self.total_spend is None else self.total_spend.cost_usd

    @property
    def is_left(self) -> bool:
        """Whether no process works on the run, which has not ended, and no pause keeps it from that."""
        is_held = self.run.status.is_over or bool(self.session.paused_by)
        return not is_held and self.owner_state is not OwnerState.LIVE

    @property
    def why_left(self) -> str:
        """Why no process works on the run, if it has not ended."""
        match self.owner_state:
            case OwnerState.GONE:
                return "it was stopped"
            case OwnerState.DEAD:
                return "its process has died"
            case _:
                return "it waits in the queue, and nobody begins it"


class ChildRun(NamedTuple):
    """A run that a session asked one of its children for, by spawning it or by a message to it.

    Whatever else that child was sent since, this is the run whose result belongs to the asker.

    Attributes:
        key: the key that the child was spawned with.
        is_quiet: whether the parent neither waits for the child nor gets its results.
        digest: identifies the work that the child was spawned for.
        asked_by: the run of the parent that asked for this one.
        ended_at: seconds since the epoch; None while it is live.
        killed_by: who or what has ended a run that was killed.
    """

    session: SessionKey
    key: str
    label: str
    run: RunId
    status: RunStatus
    is_quiet: bool = False
    digest: str = ""
    asked_by: RunId = RunId("")
    ended_at: float | None = None
    killed_by: str = ""

    @property
    def stays_killed(self) -> bool:
        """Whether somebody killed it, so that nothing begins its work again without being asked to."""
        return self.status is RunStatus.KILLED and is_on_purpose(self.killed_by)

    @property
    def is_settled(self) -> bool:
        """Whether it is not asked again: it is done, or somebody killed it."""
        return self.status is RunStatus.DONE or self.stays_killed

    @classmethod
    def of(cls, row: Row) -> ChildRun:
        """The run of a row that was found by what the asker calls it."""
        session, run = row.session, row.run
        return cls(
            session.key,
            session.spawn_key,
            session.label,
            run.id,
            run.status,
            is_quiet=session.options.is_quiet,
        )


def oldest_first(rows: Iterable[Row]) -> list[Row]:
    """The rows in the order in which their runs were asked for, which is the order to execute them."""
    return sorted(rows, key=lambda row: (row.run.created_at, row.run.number))
