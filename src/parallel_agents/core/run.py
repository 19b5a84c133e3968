"""Run: one bounded piece of work in a session, its states, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple, cast

from typing_extensions import TypeVar, override

from parallel_agents.core.artifact import Artifact
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.json_value import Json, KeepsCopy
from parallel_agents.core.shown_results import ShownResult, html_of, line_of
from parallel_agents.core.tracebacks import CALLERS_FRAMES
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.core.workspace import Changes
from parallel_agents.errors import NoOutput, OverBudget, PagentsError, StepFailed

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True, default=Json)


class RunStatus(StrEnum):
    """How a run is doing, or how it ended; `unreadable` if its record in the store is damaged."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    KILLED = "killed"
    OVER_BUDGET = "over_budget"
    UNREADABLE = "unreadable"

    __repr__ = str.__repr__  # of a dict of counts one sees the counts

    @property
    def is_over(self) -> bool:
        """Whether the run has ended; a run that has ended never changes again."""
        return self not in LIVE


_MOST_CHARACTERS = 4_000
FAILURES = frozenset({RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.OVER_BUDGET})
_OF_GROUPS = frozenset({RunStatus.TIMED_OUT, RunStatus.OVER_BUDGET})


def status_of_lost(statuses: Iterable[RunStatus]) -> RunStatus:
    """How a team or a flow ends of which nothing is done: as all its runs did, or else failed."""
    found = set(statuses)
    return found.pop() if len(found) == 1 and found <= _OF_GROUPS else RunStatus.FAILED


LIVE = frozenset({RunStatus.QUEUED, RunStatus.RUNNING})


class RunnerKind(StrEnum):
    """How a run is executed: by the agent loop, as a team of child runs, or as a flow of steps."""

    AGENT = "agent"
    TEAM = "team"
    FLOW = "flow"

    @property
    def is_group(self) -> bool:
        """Whether the run does no work of its own, and its children do all of it."""
        return self is not RunnerKind.AGENT


def _kept(text: str) -> str:
    if len(text) <= _MOST_CHARACTERS:
        return text
    return f"{text[: _MOST_CHARACTERS - 1]}…"


@dataclass(frozen=True, slots=True)
class Failure(Frozen):
    """An error as it is stored: the code, what happened, why, and what to do.

    Whatever raised it, each text is kept up to 4,000 characters.

    Attributes:
        account: the budget account that left no room; empty for other errors.
    """

    code: str
    message: str
    why: str = ""
    hint: str = ""
    account: str = ""

    @classmethod
    def of(cls, error: PagentsError) -> Failure:
        account = error.account if isinstance(error, OverBudget | StepFailed) else ""
        message, why, hint = map(_kept, (error.message, error.why, error.hint))
        return cls(error.code, message, why, hint, account)

    @override
    def __repr__(self) -> str:
        given = ", ".join(f"{n}={v!r}" for n in self.__slots__ if (v := getattr(self, n)))
        return f"Failure({given})"


@dataclass(frozen=True, slots=True)
class AcceptedItem(Frozen):
    """The accepted answer of an item of a batch, and its score."""

    output: Json
    score: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Frozen):
    """How a run ended, once and for all.

    Attributes:
        status: how; see `RunStatus`.
        error: why it is not done; None if it is.
        output: the answer: JSON that matches the agent's schema, or text. If the run did not end in
            done, the part of it that there was; None without any.
        text: the raw text of the last reply, even if it was rejected.
        notices: what a reader of the output should know, such as that the model is too weak.
        score: 0 to 10; None if no judge gave one.
        scores: of a batch, the score of each item by its number.
        changes: what its session has changed in a workspace of its own; None without one.
        accepted_items: of a batch that is not done, the items that are, by number.
        rejected_items: of such a batch, why the last attempt's answers to items were rejected.
    """

    status: RunStatus
    output: Json = None
    text: str = ""
    error: Failure | None = None
    notices: tuple[str, ...] = ()
    score: float | None = None
    changes: Changes | None = None
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    accepted_items: Mapping[str, AcceptedItem] = field(default_factory=dict[str, AcceptedItem])
    rejected_items: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Frozen):
    """A run's row. Times are in seconds since the epoch; None for what has not happened yet.

    Attributes:
        number: 1 for the first run of its session, 2 for the next.
        title: the start of the task's text.
        owner: the process that executes it; None if any may claim it.
        epoch: rises with each claim; an append with an older epoch is refused.
        attempts: how many times the work was begun.
        idle_seconds: how long no process executed the run, from its start to its last claim or end.
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
    idle_seconds: float = 0.0

    @property
    def seconds(self) -> float | None:
        """How long processes executed the run; None while it is live."""
        return None if self.finished_at is None else self.seconds_until(self.finished_at)

    @property
    def is_resting(self) -> bool:
        """Whether it has begun, and waits until a process takes it up again."""
        return self.status is RunStatus.QUEUED and self.started_at is not None

    def seconds_until(self, at: float) -> float | None:
        """How long processes have executed the run if one does at `at`; None before its start."""
        if self.started_at is None:
            return None
        return max(at - self.started_at - self.idle_seconds, 0.0)


class Typed(NamedTuple, Generic[T]):
    """An answer as its agent's output type has it: an instance, or else why there is none."""

    instance: T | None = None
    missing: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(Frozen, KeepsCopy, Generic[T_co]):
    """An answer: as JSON, which is stored, and as an instance of its agent's output type."""

    output_json: Json
    _typed: Typed[T_co] | None = field(default=None, repr=False)

    @property
    def has_output(self) -> bool:
        """Whether `output` can be read."""
        return self._typed is None or self._typed.missing is None

    @property
    def output(self) -> T_co:
        """The answer: an instance of the agent's output type, or else JSON or text.

        Raises:
            NoOutput: the agent has an output type, and there is no answer of that type: the run did
                not end in done, or its answer was stored under a type of another form.
        """
        if self._typed is None:
            return cast("T_co", self.copy_of(self.output_json))
        if (missing := self._typed.missing) is not None:
            with CALLERS_FRAMES:
                raise NoOutput(missing.message, why=missing.why, hint=missing.hint)
        return cast("T_co", self._typed.instance)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result(Answered[T_co]):
    """The result of one run that has ended, whatever its status.

    Attributes:
        agent: the agent's name.
        label: the session's name in tables.
        status: how the run ended; only `done` means that the answer was accepted.
        output: the answer: JSON that matches the agent's schema, or text; an instance of the agent's
            output type if the task has an agent with one. If the run did not end in done it is a
            partial answer, or None; with an output type, reading it raises NoOutput then.
        output_json: the same as JSON or text, as it is stored, whatever the output type.
        text: the raw text of the last reply, even if the answer was rejected.
        error: what ended the run, or None if it is done.
        notices: warnings for readers of the output, such as a model too weak to judge.
        model: the `provider/model` of the last attempt.
        spend: what its own model calls used.
        spend_below: what everything it spawned used, including judges and refiners of its work.
        usage: the tokens of `spend` and `spend_below` together.
        cost_usd: the cost of both; 0 if no call was made. None if a price is unknown, or if a run was cut
            off in a call that may have been billed.
        known_cost_usd: what is known of the cost: all of it, or the least that it can be.
        seconds: the wall time for which processes executed the run: without its time in the queue,
            and without the time for which it was stopped.
        attempts: how many attempts the run took.
        score: 0 to 10, if a judge or a scoring function gave one.
        changes: what the session had changed in a workspace of its own; None without one.
        artifacts: what the run shared with its tree, in order.
        scores: of a batch, the score of each item by its number.
        accepted_items: of a batch that is not done, the items that are, by number.
        rejected_items: of such a batch, why the last attempt's answers to items were rejected.
    """

    agent: str
    label: str
    status: RunStatus
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
    changes: Changes | None = None
    spend_below: Spend = Spend()
    artifacts: tuple[Artifact, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    accepted_items: Mapping[str, AcceptedItem] = field(default_factory=dict[str, AcceptedItem])
    rejected_items: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def total_spend(self) -> Spend:
        return self.spend + self.spend_below

    @property
    def usage(self) -> Usage:
        return self.total_spend.usage

    @property
    def cost_usd(self) -> float | None:
        return self.total_spend.cost_usd

    @property
    def known_cost_usd(self) -> float:
        return self.total_spend.known_usd

    @property
    def simulated_usd(self) -> float:
        """What its calls of simulated models would have cost, in USD."""
        return self.total_spend.simulated_usd

    @property
    def is_done(self) -> bool:
        return self.status is RunStatus.DONE

    @override
    def __repr__(self) -> str:
        return line_of(self.shown)

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        """What `rich` prints."""
        shown = self.shown
        yield "label", shown.label
        yield "status", shown.status
        yield "seconds", round(shown.seconds, 1)
        yield "cost", shown.cost
        yield "output", self.output_json
        if shown.failure:
            yield "error", shown.failure

    def _repr_html_(self) -> str:
        """What a notebook shows; nothing in it but text is from the model."""
        return html_of(self.shown)

    @property
    def shown(self) -> ShownResult:
        """What interpreters and notebooks show of it."""
        error = self.error
        return ShownResult(
            label=self.label,
            agent=self.agent,
            status=str(self.status),
            seconds=self.seconds,
            spend=self.total_spend,
            answer=self.output_json,
            failure=f"{error.code} {error.message}" if error else "",
        )
