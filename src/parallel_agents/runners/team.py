"""Team: a run that is made of child runs; it finds them by key, waits for all, and sums up.

The children were accepted with the team, in one transaction; it keeps nothing of its own.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from parallel_agents.core.event import Queued
from parallel_agents.core.ids import RunId
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.runner import Activation
from parallel_agents.core.session import Session
from parallel_agents.core.task import TeamTask
from parallel_agents.errors import Incomplete
from parallel_agents.runners.clock import seconds_left


class Children(Protocol):
    """What a team needs of the verbs."""

    async def take_children(self, parent: Session, team: TeamTask) -> list[RunId]: ...

    async def wait_over(self, runs: Sequence[RunId]) -> None: ...

    async def count_children(self, parent: Session) -> Counter[RunStatus]: ...

    async def end_children(self, parent: Session, *, by: str, status: RunStatus) -> None: ...


class TeamRunner:
    """The runner of teams' runs."""

    def __init__(self, children: Children) -> None:
        self._children = children

    async def run(self, activation: Activation) -> None:
        claim = activation.claim
        session = claim.session
        team = _team_task(claim.events[0].body)
        runs = await self._children.take_children(session, team)
        left = seconds_left(team.timeout_seconds, claim.events, claim.run.id)
        try:
            async with asyncio.timeout(left):
                await self._children.wait_over(runs)
        except TimeoutError:
            by = f"the team's time limit of {team.timeout_seconds:g} s"
            await self._children.end_children(session, by=by, status=RunStatus.TIMED_OUT)
        await activation.finish(summary(await self._children.count_children(session)))


def _team_task(body: object) -> TeamTask:
    if isinstance(body, Queued) and body.team is not None:
        return body.team
    raise TypeError("the first event of a team's run says what the team is")


def summary(counts: Counter[RunStatus]) -> Outcome:
    """A team is done when all its tasks are; with some of them it is partial, with none failed.

    Where the time or the budget was used up for all of them, it says that.

    The answers stay with the tasks' own runs.
    """
    done, total = counts[RunStatus.DONE], counts.total()
    words = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    if done == total:
        return Outcome(status=RunStatus.DONE, text=words)
    missing = Incomplete(
        f"{total - done} of {total} tasks did not end in done",
        why=words,
        mend="`pagents show` lists them with their errors",
    )
    return Outcome(status=_short_of_done(counts), text=words, error=Failure.of(missing))


def _short_of_done(counts: Counter[RunStatus]) -> RunStatus:
    if counts[RunStatus.DONE]:
        return RunStatus.PARTIAL
    for alike in (RunStatus.TIMED_OUT, RunStatus.OVER_BUDGET):
        if counts[alike] == counts.total():
            return alike
    return RunStatus.FAILED
