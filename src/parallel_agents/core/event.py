"""Events: what happened, append-only; all that anyone can watch, and all that a run starts from.

Each event has a key that says what it is within its run (`turn-3/model`, `steer-9f1c`); a key is
written once, so doing a step again finds the step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from parallel_agents.core.gate import AnyGate, Refine, Verdict
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, ToolCall, ToolResult
from parallel_agents.core.model import Finish
from parallel_agents.core.run import Failure, Outcome
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import TeamTask
from parallel_agents.core.tool import Effect
from parallel_agents.core.usage import Spend, Usage

QUEUED_KEY = "queued"


class SteerMode(StrEnum):
    """When a word is heard: before a live run's next model call, or by breaking into this one.

    AFTER waits until the run is over: the word is the task of the session's next run.
    """

    NEXT = "next"
    NOW = "now"
    AFTER = "after"


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A run was accepted, with all that it needs to be carried out; a team's run has a `team`.

    `context` is what was said in the session that this one is forked from; `ladder` are the models
    to climb, the run's first one included; `start` says why it does not begin with the cheapest;
    `cache_seconds` is how old a reply may be that answers a call again; `gates` and `refine` are
    what the task has of them, which its session's agent has, too.
    """

    text: str
    input: JsonObject = field(default_factory=dict[str, Json])
    limits: Limits = Limits()
    context: tuple[Message, ...] = ()
    ladder: tuple[str, ...] = ()
    start: str = ""
    team: TeamTask | None = None
    cache_seconds: float | None = None
    gates: tuple[AnyGate, ...] = ()
    refine: Refine | None = None
    kind: Literal["queued"] = "queued"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A process claimed the run."""

    owner: OwnerId
    epoch: int
    kind: Literal["started"] = "started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """The work began again from the task, because the attempt before failed or was refused.

    `model` is the one that it is tried on now, empty for the one before; `critique` is what it is
    told of the attempt before. With `by` that agent makes the answer.
    """

    number: int
    error: Failure
    model: str = ""
    critique: str = ""
    by: str = ""
    kind: Literal["attempted"] = "attempted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """A model answered; durable before it is used. A cost of None is an unknown price.

    A `cached` reply was given before to the same request, and cost nothing now.
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
    kind: Literal["replied"] = "replied"

    @property
    def spend(self) -> Spend:
        return Spend(self.usage, 1, self.cost_nanousd or 0, int(self.cost_nanousd is None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrying:
    """A model call failed and is made again after a wait."""

    turn: int
    attempt: int
    error: Failure
    wait_seconds: float
    kind: Literal["retrying"] = "retrying"


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A model call waits for what `reason` names, for at least so many seconds more."""

    turn: int
    reason: str
    seconds: float
    kind: Literal["waiting"] = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStarted:
    turn: int
    call: ToolCall
    effect: Effect
    kind: Literal["tool_started"] = "tool_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolFinished:
    """`handed_back` are the runs whose ends the result tells; `parked_seconds` were no work."""

    turn: int
    result: ToolResult
    seconds: float
    parked_seconds: float = 0.0
    handed_back: tuple[RunId, ...] = ()
    kind: Literal["tool_finished"] = "tool_finished"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An answer did not fit its schema; `text` is what the model is told."""

    turn: int
    text: str
    kind: Literal["refused"] = "refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steered:
    """Somebody gave a live run a word."""

    text: str
    mode: SteerMode
    by: str
    kind: Literal["steered"] = "steered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A word became part of the transcript, before the model call of `turn`."""

    steer: str
    text: str
    turn: int
    kind: Literal["delivered"] = "delivered"


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedBack:
    """Children had ended that the run had not asked for; `text` tells it how, after that wait."""

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
    """Another agent, in a run of its own, made the answer of an attempt."""

    attempt: int
    by: str
    run: RunId
    text: str
    kind: Literal["revised"] = "revised"


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed:
    """Something that whoever looks on should know, such as a account that is nearly empty."""

    text: str
    kind: Literal["noticed"] = "noticed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """The run has one call left; `text` tells it so."""

    turn: int
    text: str
    error: Failure
    kind: Literal["closing"] = "closing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The run is over. `by` says who killed it, where somebody did."""

    outcome: Outcome
    by: str = ""
    kind: Literal["finished"] = "finished"


Body: TypeAlias = (
    Queued
    | Started
    | Attempted
    | Replied
    | Retrying
    | Waiting
    | ToolStarted
    | ToolFinished
    | Refused
    | Steered
    | Delivered
    | HandedBack
    | Gated
    | Revised
    | Noticed
    | Closing
    | Finished
)
AnyBody: TypeAlias = Annotated[Body, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be written: a body under its key."""

    key: str
    body: Body


@dataclass(frozen=True, slots=True)
class Event:
    """What was written. `seq` is the order of the whole store; `at` is seconds since the epoch."""

    seq: int
    at: float
    session: SessionKey
    run: RunId
    key: str
    body: Body
