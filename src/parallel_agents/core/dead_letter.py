"""Dead letter: a task that failed after all its attempts, with everything needed to run it again.

It is a view of the run that is kept anyway, until the task is dropped or a retry of it is done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.event import Queued
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Failure, Run
from parallel_agents.core.schema import Json
from parallel_agents.core.session import Session

DEAD_LETTER_SECONDS = 30 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """A run that nobody spawned but a person, a program or a team, and that failed.

    Attributes:
        queued: what it was asked.
        error: what ended it; None where nothing was said.
        at: when, in seconds since the epoch.
        retried_by: the session of its last retry, which is not done.
        budget: the session's own, for it and all that it spawned.
    """

    session: Session
    run: Run
    queued: Queued
    error: Failure | None
    at: float
    retried_by: SessionKey | None = None
    budget: Budget = NO_BUDGET


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterFilter:
    """Which letters; fields that are None do not choose.

    Attributes:
        agent: the agent's name.
        code: the error's, such as `PA-E301`.
        since: those that failed no earlier.
        tree: a team's session, or the session itself.
        run: this one alone.
    """

    agent: str | None = None
    code: str | None = None
    since: float | None = None
    tree: SessionKey | None = None
    run: RunId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What a retry changes of a task; the rest is as it was.

    Attributes:
        text: what to do, in other words.
        model: `provider/model` instead of the one that failed.
        input: values that are laid over those of the task.
        current: with the agent as it is defined now.
    """

    text: str | None = None
    model: str | None = None
    input: Mapping[str, Json] = field(default_factory=dict[str, Json])
    current: bool = False


NO_EDITS = Edits()
