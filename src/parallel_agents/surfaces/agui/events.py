"""Events: those of AG-UI 1.0 that a run comes to; the package `ag-ui-protocol` is what they are tested with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, TypeAlias, cast

from parallel_agents.core.schema import Json

PROTOCOL_VERSION = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenUsage:
    """The tokens of one model; those of caches are parts of `input_tokens`."""

    provider: str
    model: str
    input_tokens: int
    output_tokens: int
    total_tokens: int
    cached_input_tokens: int
    cache_write_input_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """Why a run or a subagent ended that did not fail."""

    type: Literal["success", "cancelled"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """An operation of a JSON Patch (RFC 6902)."""

    path: str
    value: Json
    op: Literal["replace"] = "replace"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Event:
    """Attributes: timestamp: milliseconds since the epoch."""

    timestamp: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attributed(_Event):
    """An event of the run itself, or of a subagent."""

    subagent_run_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunStarted(_Event):
    thread_id: str
    run_id: str
    parent_run_id: str | None = None
    protocol_version: str = PROTOCOL_VERSION
    type: Literal["RUN_STARTED"] = "RUN_STARTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFinished(_Event):
    thread_id: str
    run_id: str
    outcome: Ended
    result: Json = None
    usage: Sequence[TokenUsage] = ()
    type: Literal["RUN_FINISHED"] = "RUN_FINISHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunError(_Event):
    message: str
    code: str
    usage: Sequence[TokenUsage] = ()
    type: Literal["RUN_ERROR"] = "RUN_ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessageStart(_Attributed):
    message_id: str
    role: Literal["assistant"] = "assistant"
    type: Literal["TEXT_MESSAGE_START"] = "TEXT_MESSAGE_START"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessageContent(_Attributed):
    """A piece of a message; it is never empty."""

    message_id: str
    delta: str
    type: Literal["TEXT_MESSAGE_CONTENT"] = "TEXT_MESSAGE_CONTENT"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextMessageEnd(_Attributed):
    message_id: str
    type: Literal["TEXT_MESSAGE_END"] = "TEXT_MESSAGE_END"


@dataclass(frozen=True, slots=True, kw_only=True)
class MessagesSnapshot(_Event):
    """All messages of the conversation; those that are not in it are taken back."""

    messages: Sequence[object]
    type: Literal["MESSAGES_SNAPSHOT"] = "MESSAGES_SNAPSHOT"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallStart(_Attributed):
    tool_call_id: str
    tool_call_name: str
    parent_message_id: str | None = None
    type: Literal["TOOL_CALL_START"] = "TOOL_CALL_START"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallArgs(_Attributed):
    tool_call_id: str
    delta: str
    type: Literal["TOOL_CALL_ARGS"] = "TOOL_CALL_ARGS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallEnd(_Attributed):
    tool_call_id: str
    type: Literal["TOOL_CALL_END"] = "TOOL_CALL_END"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCallResult(_Attributed):
    message_id: str
    tool_call_id: str
    content: str
    role: Literal["tool"] = "tool"
    type: Literal["TOOL_CALL_RESULT"] = "TOOL_CALL_RESULT"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStarted(_Attributed):
    step_name: str
    type: Literal["STEP_STARTED"] = "STEP_STARTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFinished(_Attributed):
    step_name: str
    type: Literal["STEP_FINISHED"] = "STEP_FINISHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubagentStarted(_Event):
    subagent_run_id: str
    name: str
    description: str | None = None
    parent_subagent_run_id: str | None = None
    metadata: Mapping[str, Json] | None = None
    type: Literal["SUBAGENT_STARTED"] = "SUBAGENT_STARTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubagentFinished(_Event):
    subagent_run_id: str
    result: Json = None
    type: Literal["SUBAGENT_FINISHED"] = "SUBAGENT_FINISHED"


@dataclass(frozen=True, slots=True, kw_only=True)
class SubagentError(_Event):
    subagent_run_id: str
    message: str
    code: str | None = None
    type: Literal["SUBAGENT_ERROR"] = "SUBAGENT_ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSnapshot(_Event):
    snapshot: Mapping[str, Json]
    type: Literal["STATE_SNAPSHOT"] = "STATE_SNAPSHOT"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateDelta(_Event):
    delta: Sequence[Replace]
    type: Literal["STATE_DELTA"] = "STATE_DELTA"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom(_Attributed):
    """What has no event of its own in the protocol; its name begins with `pagents.`."""

    name: str
    value: Mapping[str, Json] = field(default_factory=dict[str, Json])
    type: Literal["CUSTOM"] = "CUSTOM"


AnyEvent: TypeAlias = (
    RunStarted
    | RunFinished
    | RunError
    | TextMessageStart
    | TextMessageContent
    | TextMessageEnd
    | MessagesSnapshot
    | ToolCallStart
    | ToolCallArgs
    | ToolCallEnd
    | ToolCallResult
    | StepStarted
    | StepFinished
    | SubagentStarted
    | SubagentFinished
    | SubagentError
    | StateSnapshot
    | StateDelta
    | Custom
)


def event_document(event: AnyEvent) -> dict[str, object]:
    """An event as it is sent: names in camelCase, and nothing that is not known."""
    return _named(event)


def _named(value: AnyEvent | TokenUsage | Ended | Replace) -> dict[str, object]:
    found: dict[str, object] = {}
    for each in fields(value):
        known = getattr(value, each.name)
        if known is not None or isinstance(value, Replace):
            found[_camel(each.name)] = _plain(known)
    return found


def _plain(value: object) -> object:
    if isinstance(value, TokenUsage | Ended | Replace):
        return _named(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in cast("tuple[object, ...]", value)]
    return value


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
