"""Team: a run made of child runs; it finds them by key, waits for all, and sums up.

The children were accepted together with the team, in one transaction; the team stores nothing more.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import aclosing

from parallel_agents.core.children import TeamSessions
from parallel_agents.core.event import Queued
from parallel_agents.core.ids import RunId
from parallel_agents.core.run import FAILURES, Failure, Outcome, RunStatus, status_of_lost
from parallel_agents.core.runner import Activation
from parallel_agents.core.session import Session
from parallel_agents.core.task import OnFailure, TeamTask
from parallel_agents.errors import Incomplete
from parallel_agents.runners.clock import claimed_seconds, seconds_left

_SIBLING = "a sibling's failure"
_TOO_FEW = "its team, in which too few tasks can still succeed"


class TeamRunner:
    """The runner of teams' runs."""

    def __init__(self, children: TeamSessions) -> None:
        self._children = children

    async def run(self, activation: Activation) -> None:
        claim = activation.claim
        session = claim.session
        team = _team_task(claim.events[0].body)
        runs = await self._children.take_children(session, team)
        # A team writes nothing while it waits for its tasks, so that its claims tell its time.
        left = seconds_left(team.timeout_seconds, claimed_seconds(claim.events, claim.run))
        try:
            async with asyncio.timeout(left):
                await self._wait_children(session, team, runs)
        except TimeoutError:
            by = f"the team's time limit of {team.timeout_seconds:g} s"
            await self._children.end_children(session, by=by, status=RunStatus.TIMED_OUT)
        counts = await self._children.count_children(session, team)
        await activation.journal.finish(summary(counts, min_done=team.min_done))

    async def _wait_children(self, session: Session, team: TeamTask, runs: Sequence[RunId]) -> None:
        """Return once all runs have ended; end some early if the team's task says so."""
        if team.on_failure is OnFailure.KEEP_GOING:
            await self._children.wait_over(runs)
            return
        counts: Counter[RunStatus] = Counter()
        reacted: set[str] = set()
        async with aclosing(self._children.child_ends(session, runs)) as ends:
            async for status in ends:
                counts[status] += 1
                await self._react(session, team, counts, reacted)

    async def _react(
        self, session: Session, team: TeamTask, counts: Counter[RunStatus], reacted: set[str]
    ) -> None:
        """End runs that are no longer needed, given how others ended; each reason applies once."""
        lost = counts.total() - counts[RunStatus.DONE]
        if lost > len(team.tasks) - (team.min_done or 0) and _TOO_FEW not in reacted:
            reacted.add(_TOO_FEW)
            await self._children.end_children(session, by=_TOO_FEW, status=RunStatus.KILLED)
        elif _SIBLING not in reacted and any(counts[status] for status in FAILURES):
            reacted.add(_SIBLING)
            if team.on_failure is OnFailure.STOP_NEW:
                await self._children.end_unbegun(session, by=_SIBLING)
            else:
                await self._children.end_children(session, by=_SIBLING, status=RunStatus.KILLED)


def _team_task(body: object) -> TeamTask:
    if isinstance(body, Queued) and body.team is not None:
        return body.team
    raise TypeError("the first event of a team's run must hold its task")


def summary(counts: Counter[RunStatus], *, min_done: int | None = None) -> Outcome:
    """The outcome of a team; the answers stay with the tasks' own runs.

    The team is done if all its tasks are, partial if at least `min_done` (or one) are, and failed
    otherwise; it is timed out or over budget if all its tasks are.
    """
    done, total = counts[RunStatus.DONE], counts.total()
    counted = ", ".join(f"{count} {status}" for status, count in sorted(counts.items()))
    if done == total:
        return Outcome(status=RunStatus.DONE, text=counted)
    missing = Incomplete(
        f"{total - done} of {total} tasks did not succeed",
        why=counted,
        hint="`pagents show` lists them with their errors",
    )
    return Outcome(
        status=_short_of_done(counts, min_done or 1), text=counted, error=Failure.of(missing)
    )


def _short_of_done(counts: Counter[RunStatus], min_done: int) -> RunStatus:
    if counts[RunStatus.DONE] >= min_done:
        return RunStatus.PARTIAL
    return status_of_lost(status for status, count in counts.items() if count)
