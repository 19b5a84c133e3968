"""Run: one bounded piece of work in a session, its states, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.errors import PagentsError


class RunStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    KILLED = "killed"
    OVER_BUDGET = "over_budget"

    @property
    def is_over(self) -> bool:
        """Whether the run has ended; a run that has ended never changes again."""
        return self not in LIVE


FAILURES = frozenset({RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.OVER_BUDGET})
LIVE = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})


def known_cost(spend: Spend, status: RunStatus) -> float | None:
    """USD; None if a price is unknown, or the run broke off before its first call was counted."""
    is_uncounted = not spend.calls and status.is_over and status is not RunStatus.DONE
    return None if is_uncounted else spend.cost_usd


class RunnerKind(StrEnum):
    """How a run is executed: by the agent loop, or as a team of child runs."""

    AGENT = "agent"
    TEAM = "team"


@dataclass(frozen=True, slots=True)
class Failure:
    """An error as it is stored: the code, what happened, why, and what to do."""

    code: str
    message: str
    why: str = ""
    hint: str = ""

    @classmethod
    def of(cls, error: PagentsError) -> Failure:
        return cls(error.code, error.message, error.why, error.hint)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended, once and for all.

    Attributes:
        output: the answer: JSON that fits the agent's schema, or text. If the run did not end in
            done, the part of it that there was; None without any.
        text: the raw text of the last reply, even if it was refused.
        notices: what a reader of the output should know, such as that the model is too weak.
        score: 0 to 10; None if no judge gave one.
    """

    status: RunStatus
    output: Json = None
    text: str = ""
    error: Failure | None = None
    notices: tuple[str, ...] = ()
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A run's row. Times are in seconds since the epoch; None for what has not happened yet.

    Attributes:
        number: 1 for the first run of its session, 2 for the next.
        title: the start of the task's text.
        owner: the process that executes it; None if any may claim it.
        epoch: rises with each claim; an append with an older epoch is refused.
        attempts: how many times the work was begun.
    """

    id: RunId
    session: SessionKey
    number: int
    kind: RunnerKind
    status: RunStatus
    title: str
    model: str = ""
    priority: int = 0
    owner: OwnerId | None = None
    epoch: int = 0
    attempts: int = 0
    spend: Spend = Spend()
    created_at: float = 0.0
    started_at: float | None = None
    finished_at: float | None = None
    error_code: str = ""

    @property
    def seconds(self) -> float | None:
        """Wall time from the first admission to the end; None while the run is live."""
        if self.started_at is None or self.finished_at is None:
            return None
        return self.finished_at - self.started_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one run, as `wait` returns it, with a single terminal status.

    Attributes:
        spend: of the run's own calls.
        spend_below: of everything that it spawned, and of the judges and refiners of its work.
        usage: tokens of both.
        cost_usd: of both; None if a price is unknown, or if no call of a run that broke off was
            counted.
        seconds: wall time of the run, without its time in the queue.
        attempts: how many times the work was begun.
        score: 0 to 10; None if no judge gave one.
    """

    agent: str
    label: str
    status: RunStatus
    output: Json
    text: str
    error: Failure | None
    notices: tuple[str, ...]
    model: str
    spend: Spend
    seconds: float
    attempts: int
    session_key: SessionKey
    run_id: RunId
    score: float | None = None
    spend_below: Spend = Spend()

    @property
    def total_spend(self) -> Spend:
        return self.spend + self.spend_below

    @property
    def usage(self) -> Usage:
        return self.total_spend.usage

    @property
    def cost_usd(self) -> float | None:
        return known_cost(self.total_spend, self.status)

    @property
    def is_done(self) -> bool:
        return self.status is RunStatus.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamResult:
    """The result of a team's run: its status as a whole, and one result for each task, in order.

    Attributes:
        key: the name by which the same work is continued or found again.
        seconds: wall time of the whole.
    """

    key: str
    status: RunStatus
    results: tuple[Result, ...]
    session_key: SessionKey
    seconds: float

    @property
    def spend(self) -> Spend:
        """Of all tasks, and of everything that they spawned."""
        return sum((result.total_spend for result in self.results), Spend())

    @property
    def cost_usd(self) -> float | None:
        return self.spend.cost_usd

    @property
    def is_done(self) -> bool:
        return self.status is RunStatus.DONE
