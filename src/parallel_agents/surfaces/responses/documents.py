"""Documents: what OpenAI's Responses API returns, as far as runs have it; all else has the value of nothing."""

from __future__ import annotations

from typing import Literal, NamedTuple, NotRequired

from typing_extensions import TypedDict

from parallel_agents.core.ids import RunId
from parallel_agents.core.usage import Usage

PREFIX = "resp_"
Status = Literal["queued", "in_progress", "completed", "failed", "cancelled"]


class CachedDocument(TypedDict):
    cached_tokens: int
    cache_write_tokens: int


class ReasoningTokensDocument(TypedDict):
    reasoning_tokens: int


class UsageDocument(TypedDict):
    """Tokens of all calls of the run and of what it spawned; nobody counts those of reasoning apart."""

    input_tokens: int
    input_tokens_details: CachedDocument
    output_tokens: int
    output_tokens_details: ReasoningTokensDocument
    total_tokens: int


class TextDocument(TypedDict):
    type: Literal["output_text"]
    text: str
    annotations: list[str]
    logprobs: list[str]


class MessageDocument(TypedDict):
    """The answer of the run; in a stream also what its model wrote before a call of a tool, as commentary."""

    id: str
    type: Literal["message"]
    status: Literal["in_progress", "completed", "incomplete"]
    role: Literal["assistant"]
    content: list[TextDocument]
    phase: NotRequired[Literal["commentary"]]


class ErrorDocument(TypedDict):
    """Why a run failed, with our code."""

    code: str
    message: str


class FormatDocument(TypedDict):
    type: Literal["text"]


class FormDocument(TypedDict):
    format: FormatDocument


class ReasoningDocument(TypedDict):
    effort: str | None
    summary: str | None


class ResponseDocument(TypedDict):
    """A run: its answer, or why there is none; it is always stored."""

    id: str
    object: Literal["response"]
    created_at: int
    status: Status
    background: bool
    error: ErrorDocument | None
    incomplete_details: None
    instructions: str | None
    max_output_tokens: int | None
    metadata: dict[str, str]
    model: str
    output: list[MessageDocument]
    parallel_tool_calls: bool
    previous_response_id: str | None
    reasoning: ReasoningDocument
    store: bool
    temperature: float | None
    text: FormDocument
    tool_choice: Literal["auto"]
    tools: list[str]
    top_p: float | None
    truncation: Literal["disabled"]
    usage: UsageDocument | None
    user: str | None


class Asked(NamedTuple):
    """What a response repeats of its request.

    Attributes:
        created_at: when the run was stored, in seconds since the epoch.
    """

    run: RunId
    model: str
    created_at: float
    previous: str | None = None
    instructions: str | None = None
    metadata: dict[str, str] | None = None
    is_background: bool = False


class Ended(NamedTuple):
    """How the run of a response ended, and what it took.

    Attributes:
        message: the answer as a stream has told it; None for the text alone.
    """

    status: Status
    text: str
    error: ErrorDocument | None
    usage: Usage
    message: MessageDocument | None = None


def response_id(run: RunId) -> str:
    return f"{PREFIX}{run}"


def message_id(run: RunId, number: int = 0) -> str:
    """What the messages of a stream are called; one that has none but the answer has the first."""
    return f"msg_{run}_{number}" if number else f"msg_{run}"


def response_document(
    asked: Asked, ended: Ended | None = None, status: Status = "in_progress"
) -> ResponseDocument:
    """The response of a run that has ended, or has not yet and has this status."""
    output: list[MessageDocument] = []
    if ended is not None and ended.status == "completed":
        output = [ended.message or message_document(message_id(asked.run), ended.text)]
    return {
        "id": response_id(asked.run),
        "object": "response",
        "created_at": int(asked.created_at),
        "status": status if ended is None else ended.status,
        "background": asked.is_background,
        "error": None if ended is None else ended.error,
        "incomplete_details": None,
        "instructions": asked.instructions,
        "max_output_tokens": None,
        "metadata": asked.metadata or {},
        "model": asked.model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": asked.previous,
        "reasoning": {"effort": None, "summary": None},
        "store": True,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "truncation": "disabled",
        "usage": None if ended is None else usage_document(ended.usage),
        "user": None,
    }


def message_document(name: str, text: str) -> MessageDocument:
    return {
        "id": name,
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [text_document(text)],
    }


def text_document(text: str) -> TextDocument:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def usage_document(usage: Usage) -> UsageDocument:
    return {
        "input_tokens": usage.all_input_tokens,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total_tokens,
    }
