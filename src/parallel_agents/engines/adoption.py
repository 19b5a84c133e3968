"""Adoption: which of the runs without a live owner this process takes over."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple, TypeAlias

from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import OwnerState, Role
from parallel_agents.core.row import Row, oldest_first
from parallel_agents.core.session import Session
from parallel_agents.core.store import Filter, Store
from parallel_agents.engines.rules import Rules

_log = logging.getLogger(__name__)


class Orphans(NamedTuple):
    """Runs that this process can execute, and runs whose record is damaged, which only end."""

    able: list[Row]
    damaged: list[Row]


def sort_orphans(orphans: Sequence[Row], lacks: Callable[[Row], str]) -> Orphans:
    """The orphans to take over; `lacks` says what this process lacks for a run, empty for nothing.

    A team is left whole: its time limit and its reactions would act on tasks that wait for others.
    """
    damaged = [row for row in orphans if row.fault]
    intact = [row for row in orphans if not row.fault]
    lacking = {row.session.key for row in intact if lacks(row)}
    lacking |= {row.session.parent for row in intact if row.session.key in lacking} - {None}
    return Orphans(
        [
            row
            for row in intact
            if row.session.key not in lacking and row.session.parent not in lacking
        ],
        damaged,
    )


# Which of the orphans a process takes over if it can.
Choose: TypeAlias = Callable[[Sequence[Row]], Awaitable[Sequence[Row]]]


async def choose_all(orphans: Sequence[Row]) -> Sequence[Row]:
    return orphans


class Adopted:
    """What a process took over from others, except the trees that it was asked for as well.

    Attributes:
        choose: which orphans it takes over, of those that it can execute.
    """

    def __init__(self, choose: Choose = choose_all) -> None:
        self.choose = choose
        self._rows: dict[RunId, Row] = {}
        self._asked: set[SessionKey] = set()  # by their roots

    @property
    def rows(self) -> list[Row]:
        return [*self._rows.values()]

    @property
    def runs(self) -> list[RunId]:
        return sorted(self._rows)

    def is_asked_for(self, row: Row) -> bool:
        """Whether this process was asked for the tree of a run."""
        return row.session.root in self._asked

    def lacks_by(self, rules: Rules) -> Callable[[Row], str]:
        """What this process lacks for a run, which is less if it was asked for its tree."""
        return lambda row: (
            rules.lacks(row) if self.is_asked_for(row) else rules.lacks_to_take_over(row)
        )

    def take(self, row: Row) -> None:
        """A run was taken over, or belongs to what was."""
        if not self.is_asked_for(row):
            self._rows[row.run.id] = row

    def keep(self, session: Session) -> None:
        """This process is asked for a session; a tree's root stands for it all, even if taken before."""
        if session.parent is not None:
            return
        self._asked.add(session.key)
        for row in self.rows:
            if row.session.root == session.key:
                self.drop(row.run.id)

    def drop(self, run: RunId) -> None:
        """A run has ended."""
        self._rows.pop(run, None)


class Departures:
    """The processes that ended in order, whose runs wait for whoever asks for them.

    A process that has asked while another executed the runs has to be told.
    """

    def __init__(self) -> None:
        self._known: set[OwnerId] = set()

    async def runs_left(self, store: Store) -> list[Row]:
        """The live runs of processes that have ended since the last call, or ever before the first."""
        gone = {owner.id for owner in await store.owners() if owner.state is OwnerState.GONE}
        departed, self._known = gone - self._known, gone
        rows = [row for owner in departed for row in await store.rows(Filter(owner=owner))]
        return oldest_first(rows)


def announce_taken(rows: Sequence[Row], role: Role) -> None:
    """Log the runs that were taken over from processes that died."""
    taken = [row.session for row in rows if row.owner_state is OwnerState.DEAD]
    if taken:
        # News for a worker's log; elsewhere the progress display shows it.
        level = logging.WARNING if role is Role.WORKER else logging.INFO
        names = ", ".join(f"{session.name} ({session.label})" for session in taken)
        _log.log(level, "took over the runs of a dead process: %s", names)
