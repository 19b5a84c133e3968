"""Overview: what views read of many sessions at once, counted by the store instead of listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol

from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import Spend


class Tally(NamedTuple):
    """Runs of a team's tasks that are doing alike.

    Attributes:
        owner: the process that executes them, if they are live.
        unclaimed_since: when the newest of them was queued, if no process has claimed any yet.
        finished_at: when the last of them ended, in seconds since the epoch; None if they are live.
        is_later: whether they began after the team had ended, such as retries.
        is_retrying: whether the last call of each failed and is made again.
        is_paused: whether somebody paused their sessions, and they are live.
    """

    status: RunStatus
    owner: OwnerId | None
    unclaimed_since: float | None
    runs: int
    finished_at: float | None
    is_later: bool = False
    is_retrying: bool = False
    is_paused: bool = False


class Cost(NamedTuple):
    """What runs of one agent on one model cost.

    Attributes:
        serves: the agent whose work the agent reads, if it is a judge or a refiner.
        ended: how many of the runs have ended on this model.
        tried: the same, and the earlier attempts that ended on it.
        accepted: how many runs were done.
        at: when the last of the runs was queued, in seconds since the epoch.
        day: the UTC day on which the runs ended, or were queued if they have not; empty if it is
            not known.
        tags: those of their sessions.
        wasted: what of it was spent on attempts that led to no accepted result.
    """

    agent: str
    serves: str
    model: str
    ended: int
    tried: int
    accepted: int
    spend: Spend
    at: float
    day: str = ""
    tags: tuple[str, ...] = ()
    wasted: Spend = Spend()


def added_up(costs: Iterable[Cost]) -> list[Cost]:
    """One cost for each agent, model, day and tags, in the order in which they first come."""
    sums: dict[tuple[object, ...], Cost] = {}
    for cost in costs:
        kind = (cost.agent, cost.serves, cost.model, cost.day, cost.tags)
        before = sums.get(kind)
        sums[kind] = cost if before is None else _sum(before, cost)
    return list(sums.values())


def _sum(one: Cost, other: Cost) -> Cost:
    return one._replace(
        ended=one.ended + other.ended,
        tried=one.tried + other.tried,
        accepted=one.accepted + other.accepted,
        spend=one.spend + other.spend,
        at=max(one.at, other.at),
        wasted=one.wasted + other.wasted,
    )


class Origin(NamedTuple):
    """What a session is called, what its parent is called, and its first run.

    Attributes:
        name: as lists have it, and other commands take it.
        path: the way down to it from the top of its tree, which is left out: below a flow the names
            of its steps, otherwise labels.
    """

    label: str
    parent: str
    first_run: RunId | None
    name: str
    path: tuple[str, ...] = ()


class Lineage(NamedTuple):
    """Where a run is from: the run at the top of those that led to it, and the one that asked for it.

    Both are in the store; a run that was asked for from outside is its own top.
    """

    top: RunId
    asked_by: RunId | None = None


class Overview(Protocol):
    """Counts and adds up what is in the store."""

    async def count_rows(self, chosen: Filter) -> int:
        """How many rows a filter matches, whatever its `limit` and `after`."""
        ...

    async def spend_below(self, runs: Sequence[RunId]) -> dict[RunId, Spend]:
        """What everything that each of these runs spawned used; those that spawned nothing are left out.

        What earlier runs of a flow spawned counts, too.
        """
        ...

    async def costs(
        self,
        *,
        tree: SessionKey | None = None,
        since: float | None = None,
        tag: str | None = None,
    ) -> list[Cost]:
        """What all runs cost, or those of a tree, with a tag, or that are live or ended after `since`.

        The newest come first. Each attempt counts on the model that it was on.
        """
        ...

    async def count_unanswered(
        self,
        *,
        tree: SessionKey | None = None,
        since: float | None = None,
        tag: str | None = None,
    ) -> int:
        """How many calls of the same runs brought no reply and may have been billed."""
        ...

    async def origins(self, sessions: Sequence[SessionKey]) -> dict[SessionKey, Origin]:
        """Where these sessions come from; those that are not in the store are left out."""
        ...

    async def lineages(self, runs: Sequence[RunId]) -> dict[RunId, Lineage]:
        """Which runs asked for these; those that are not in the store are left out."""
        ...
