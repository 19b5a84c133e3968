"""Dead letter: a task that failed after all its attempts, with everything needed to run it again.

It is a view of the stored run, and disappears once the task is dropped or a retry succeeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import Converted, default
from parallel_agents.core.event import Queued
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Failure, Run
from parallel_agents.core.schema import Json
from parallel_agents.core.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter(Frozen):
    """A failed run that a person, a program or a team spawned, or one that somebody killed.

    Attributes:
        queued: the task of the run.
        error: the error that ended it, or None if none was recorded.
        at: when it ended, in seconds since the epoch.
        retried_by: the session of its latest retry, if there is one; the retry has not succeeded.
        budget: the budget of its session, together with everything it spawned.
        killed_by: who has killed it; empty if it failed.
    """

    session: Session
    run: Run
    queued: Queued
    error: Failure | None
    at: float
    retried_by: SessionKey | None = None
    budget: Budget = NO_BUDGET
    killed_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter(Checked):
    """Selects dead letters by each field that is not None.

    Attributes:
        agent: the name of the agent.
        code: the code of the error, such as `PA-E301`.
        since: the earliest time of the failure, in seconds since the epoch.
        tree: the session of the failed task, or the session of its team.
        run: the failed run.
        killed: whether those are meant that somebody killed, and that were not tried again; they
            are no dead letters unless they are asked for.
    """

    agent: str | None = None
    code: str | None = None
    since: float | None = None
    tree: Converted[SessionKey | None, str | None] = default(None)
    run: Converted[RunId | None, str | None] = default(None)
    killed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits(Checked):
    """Changes that a retry makes to its task.

    Attributes:
        text: replaces the task's text, unless None.
        model: `provider/model` to use instead of the one that failed, unless None.
        input: values that override the task's values of the same names.
        current: whether to use the agent as it is defined now instead of as it was.
        afresh: whether to forget what the failed run did: its calls may be made again, and its
            agents spawned again.
    """

    text: str | None = None
    model: str | None = None
    input: Mapping[str, Json] = field(default_factory=dict[str, Json])
    current: bool = False
    afresh: bool = False


NO_EDITS = Edits()


class DeadLetterStore(Protocol):
    """Keeps the runs that failed, until they are retried or dropped."""

    async def dead_letters(self, chosen: DeadLetterFilter) -> list[DeadLetter]:
        """Runs of roots and of teams' tasks that failed and were not dropped, the newest first.

        A dead letter disappears once its retry succeeds; if the retry fails, its own replaces it.
        With `killed`, the tasks of that kind that somebody killed.
        """
        ...

    async def drop_dead_letters(self, runs: Sequence[RunId]) -> int:
        """Drop dead letters by their runs; return how many there were."""
        ...
