"""Session plan: a session to create with its first run, and what became of that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.event import Queued
from parallel_agents.core.ids import OwnerId, RunId
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import Run, RunnerKind
from parallel_agents.core.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """A session to create, with its first run.

    Attributes:
        digest: identifies the work: two tasks with the same digest are the same work.
        bounds: the parent's policy, whose limits on numbers of sessions apply.
        budget: the most that the session and everything that it spawns may spend.
        retries: the dead letter that this session retries.
    """

    session: Session
    run: RunId
    kind: RunnerKind
    queued: Queued
    digest: str
    model: str = ""
    priority: int = 0
    owner: OwnerId | None = None
    bounds: Policy = Policy()
    budget: Budget = NO_BUDGET
    retries: RunId | None = None


class SpawnOutcome(NamedTuple):
    """The session and its latest run; `is_new` is False if the key already existed.

    Attributes:
        has_new_budget: its key existed, and its budget was another before.
    """

    session: Session
    run: Run
    is_new: bool
    has_new_budget: bool = False
