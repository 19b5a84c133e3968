"""Events: the append-only record of what happened; runs start from it and watchers read it.

Each event has a key within its run, such as `turn-3/model`, written once: a repeated step finds it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from parallel_agents.core.budget import Charge
from parallel_agents.core.call_decisions import Answered, Asked, Ruled
from parallel_agents.core.command_limits import LimitName
from parallel_agents.core.cuts import Cuts
from parallel_agents.core.flow import FlowBody, FlowTask
from parallel_agents.core.fork import ForkedFrom
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.gate import AnyGate, Refine, Verdict
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.kept import AnyKept
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import File, Message, ToolCall, ToolResult
from parallel_agents.core.model import Finish
from parallel_agents.core.run import AcceptedItem, Failure, Outcome
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import TeamTask
from parallel_agents.core.told import Cut
from parallel_agents.core.tool import Effect
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.core.usage import Spend, Usage

QUEUED_KEY = "queued"


class SteerMode(StrEnum):
    """When a message reaches a run: before its next call, in the midst of one, or as the next run."""

    NEXT = "next"
    NOW = "now"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A run was accepted, with everything that it needs.

    Attributes:
        context: the transcript of the session that this one is forked from.
        forked_from, taken: that session; what it said on this task, with which attempts begin.
        ladder, start: the models to escalate through, and why it begins above the cheapest.
        team, flow: the tasks of a team's run, or the call of a flow's function.
        cache_seconds: the maximum age of a stored reply to the same request.
        gates: the task's own, as `refine` is its own loop; the session's agent contains them too.
        kept, by: what earlier runs of a task that is retried did; who asked through the gateway.
        files, accepted_items: what is shown with the task; items of a batch that are done before.
    """

    text: str
    input: JsonObject = field(default_factory=dict[str, Json])
    limits: Limits = Limits()
    context: tuple[Message, ...] = ()
    forked_from: ForkedFrom | None = None
    taken: tuple[Message, ...] = ()
    ladder: tuple[str, ...] = ()
    start: str = ""
    team: TeamTask | None = None
    flow: FlowTask | None = None
    cache_seconds: float | None = None
    gates: tuple[AnyGate, ...] = ()
    refine: Refine | None = None
    kept: tuple[AnyKept, ...] = ()
    files: tuple[File, ...] = ()
    accepted_items: Mapping[str, AcceptedItem] = field(default_factory=dict[str, AcceptedItem])
    by: str = ""
    kind: Literal["queued"] = "queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A process claimed the run."""

    owner: OwnerId
    epoch: int
    kind: Literal["started"] = "started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """The work began again from the task, because the previous attempt failed or was rejected.

    Attributes:
        error: what ended the previous attempt.
        model, critique: the one to climb to, if any, and what it is told of the previous attempt.
        by: the agent that makes the next answer; empty for the model.
        accepted_items: of a batch, the items that are done and not asked for again, by number.
    """

    number: int
    error: Failure
    model: str = ""
    critique: str = ""
    by: str = ""
    accepted_items: Mapping[str, AcceptedItem] = field(default_factory=dict[str, AcceptedItem])
    kind: Literal["attempted"] = "attempted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """A model answered; the event is durable before the reply is used.

    Attributes:
        cost_nanousd: None if the price is unknown.
        tries: HTTP calls.
        cached: an earlier reply to the same request was used, at no cost.
        is_estimated: the server counted no tokens, so that `usage` is a guess.
        is_summary: the message is a summary of the conversation, not part of it; see `Shortened`.
    """

    turn: int
    message: Message
    model: str
    finish: Finish
    usage: Usage
    cost_nanousd: int | None
    seconds: float
    tries: int = 1
    cached: bool = False
    is_estimated: bool = False
    is_summary: bool = False
    kind: Literal["replied"] = "replied"

    @property
    def charge(self) -> Charge:
        """What budgets are charged; its tokens are None if the server counted none."""
        is_counted = self.cached or (not self.is_estimated and self.usage.total_tokens > 0)
        return Charge(self.cost_nanousd, self.usage.total_tokens if is_counted else None)

    @property
    def spend(self) -> Spend:
        spend = Spend(self.usage, 1, self.cost_nanousd or 0, int(self.cost_nanousd is None))
        return spend.on(self.model)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """A model call failed and will be retried after a wait."""

    turn: int
    attempt: int
    error: Failure
    wait_seconds: float
    kind: Literal["retrying"] = "retrying"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A model call waits for what `reason` names, for at least `seconds` more."""

    turn: int
    reason: str
    seconds: float
    kind: Literal["waiting"] = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A model call was made and brought no reply; it may have been billed, and no cost includes it."""

    turn: int
    model: str
    kind: Literal["unanswered"] = "unanswered"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted:
    """A tool began.

    Attributes:
        number: as for `ToolFinished`.
        repeats: the name of the same call in an earlier attempt, which its tool knows it by.
    """

    turn: int
    call: ToolCall
    effect: Effect
    number: int = 0
    repeats: str = ""
    kind: Literal["tool_started"] = "tool_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished:
    """A tool call ended.

    Attributes:
        number: the call's number in the reply of the turn, from 1; 0 if an older version wrote the
            event, which named calls by their ids.
        result: the result as it is kept.
        cut: how much of it the model is told; None for all.
        is_unknown: the call may have taken effect, and nobody knows whether it has.
        parked_seconds: how long the call waited for other runs.
        handed_back: the runs whose ends the result reports.
        output_bytes: what commands of the call wrote.
    """

    turn: int
    result: ToolResult
    seconds: float
    number: int = 0
    cut: Cut | None = None
    is_unknown: bool = False
    parked_seconds: float = 0.0
    handed_back: tuple[RunId, ...] = ()
    output_bytes: int = 0
    kind: Literal["tool_finished"] = "tool_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An answer did not match its schema; `text` is what the model is told."""

    turn: int
    text: str
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered:
    """Somebody sent a message to a live run."""

    text: str
    mode: SteerMode
    by: str
    kind: Literal["steered"] = "steered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A message was added to the transcript just before the model call of turn number `turn`."""

    steer: str
    text: str
    turn: int
    kind: Literal["delivered"] = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedBack:
    """The run waited for children that it had not asked about; `text` reports how they ended."""

    turn: int
    text: str
    runs: tuple[RunId, ...]
    parked_seconds: float = 0.0
    kind: Literal["handed_back"] = "handed_back"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gated:
    """A gate gave its verdict on the answer of an attempt."""

    attempt: int
    verdict: Verdict
    kind: Literal["gated"] = "gated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """Another agent made the answer of an attempt, in a run of its own."""

    attempt: int
    by: str
    run: RunId
    text: str
    kind: Literal["revised"] = "revised"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """Something about the run that readers should know; it changes nothing of it.

    Attributes:
        by: who decided `what`, if it is a decision of somebody's; empty for the runtime.
        limit: the limit of the session that its commands have hit; None if it is about none.
    """

    text: str
    by: str = ""
    what: str = "notice"
    limit: LimitName | None = None
    kind: Literal["noticed"] = "noticed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shortened:
    """The conversation was shortened, because it no longer fits the context of its model.

    Attributes:
        error: the refusal of the provider; None if the runtime foresaw it.
        unsummarized: why no summary stands for what was left out, although one was asked for.
    """

    turn: int
    cuts: Cuts
    error: Failure | None = None
    unsummarized: str = ""
    kind: Literal["shortened"] = "shortened"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The run has one call left; `text` tells the model."""

    turn: int
    text: str
    error: Failure
    kind: Literal["closing"] = "closing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The run has ended. `by` says who killed it; empty if nobody did.

    `keeps_session` says that only the run was ended, and its session may have further ones.
    """

    outcome: Outcome
    by: str = ""
    keeps_session: bool = False
    kind: Literal["finished"] = "finished"


StoredBody: TypeAlias = (
    Queued
    | Started
    | Attempted
    | Replied
    | Retrying
    | Waiting
    | Unanswered
    | Ruled
    | Asked
    | Answered
    | ToolStarted
    | ToolFinished
    | Refused
    | Steered
    | Delivered
    | HandedBack
    | Gated
    | Revised
    | Noticed
    | Shortened
    | Closing
    | FlowBody
    | Finished
)
AnyBody: TypeAlias = Annotated[StoredBody, Field(discriminator="kind")]
Body: TypeAlias = StoredBody | Unreadable


@dataclass(frozen=True, slots=True)
class Entry:
    """An event to be written: a body under its key."""

    key: str
    body: Body


@dataclass(frozen=True, slots=True)
class Event(Frozen):
    """A written event.

    Attributes:
        seq: its number, which orders the whole store.
        at: seconds since the epoch.
        session, run: whose it is, and which run of that session.
        key: names it within its run, such as `turn-3/model`.
        body: what happened.
        label: what lists call its session; told to whoever follows or reads a history.
        path: the way down to it from the top of its tree, told as well: below a flow the names of
            steps, otherwise labels.
    """

    seq: int
    at: float
    session: SessionKey
    run: RunId
    key: str
    body: Body
    label: str = field(default="", compare=False)
    path: tuple[str, ...] = field(default=(), compare=False)
