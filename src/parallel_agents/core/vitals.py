"""Vitals: how the work of a store is doing, counted by the store instead of listed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from parallel_agents.core.budget import BudgetAccountState
from parallel_agents.core.command_limits import LimitName
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import RunStatus
from parallel_agents.core.silence import Gap, SilentRun
from parallel_agents.core.stuck_rules import StuckRules

# Of silent runs, more are not looked at.
MOST_SILENT = 1000


class LiveRuns(NamedTuple):
    """Live runs of agents that are doing alike.

    Attributes:
        owner: the process that executes them; None for none.
        unclaimed_since: when the newest of them was queued, if no process has claimed any yet.
        is_paused: whether somebody paused their sessions.
    """

    owner: OwnerId | None
    status: RunStatus
    runs: int
    unclaimed_since: float | None
    is_paused: bool = False


class Failures(NamedTuple):
    """Runs of agents and flows that failed with the same error, and that still count.

    Not those whose session or task was tried again since, nor those of rows that a map no longer has.
    """

    status: RunStatus
    code: str
    runs: int
    last_at: float


class LimitedRun(NamedTuple):
    """A run whose commands hit a limit of its session, and in how many calls.

    Attributes:
        name: what lists call its session.
        text: the last notice about it.
    """

    session: SessionKey
    name: str
    label: str
    limit: LimitName
    calls: int
    text: str


class Vitals(NamedTuple):
    """How the work of a store is doing at one moment.

    Attributes:
        live: the live runs of agents.
        silent: those that have written nothing for a while, at most `MOST_SILENT`; those that may be
            stuck come first.
        gaps: the gaps between the events of earlier runs, by agent, for the agents of silent runs.
        failures: the runs that failed since the moment that was asked for.
        limited: live runs, and those that failed since then, whose commands hit a limit of their session.
        dead_letters: how many failed tasks wait to be run again or dropped.
        accounts: the budgets that live runs are charged to, and those of the day, of which 80 % are
            spent.
        day: what all calls of the day may cost, however little of it is spent; None if nothing says.
    """

    live: Sequence[LiveRuns]
    silent: Sequence[SilentRun]
    gaps: Mapping[str, Sequence[Gap]]
    failures: Sequence[Failures]
    dead_letters: int
    accounts: Sequence[BudgetAccountState]
    limited: Sequence[LimitedRun] = ()
    day: BudgetAccountState | None = None


def spent_percent(state: BudgetAccountState) -> float:
    """How much of a budget is spent, in percent of the limit that is nearer."""
    budget, spent = state.account.budget, state.spent
    of_money = (spent.nanousd or 0) * 100 / budget.nanousd if budget.nanousd else 0.0
    return max(of_money, spent.tokens * 100 / budget.tokens if budget.tokens else 0.0)


class VitalStore(Protocol):
    """Counts how the work is doing."""

    async def vitals(self, rules: StuckRules, *, since: float, now: float) -> Vitals:
        """The vitals at `now`, with the failures after `since`."""
        ...

    async def silent_runs(
        self, rules: StuckRules, now: float, among: Sequence[RunId] | None = None
    ) -> tuple[Sequence[SilentRun], Mapping[str, Sequence[Gap]]]:
        """The runs that living processes execute and that have been silent long enough to be stuck.

        All, or those among some; to look at all takes as long as there are events of live runs. Also the gaps between events of earlier runs of their agents, by agent.
        """
        ...
