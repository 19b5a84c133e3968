"""The bridge to Pydantic AI: its messages, its replies and its errors; it needs the library."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from pydantic import TypeAdapter
from pydantic_ai import messages as library
from pydantic_ai.direct import model_request, model_request_stream
from pydantic_ai.exceptions import (
    AgentRunError,
    ContentFilterError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelOverloadedError,
    ModelRateLimitError,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
    UnexpectedModelBehavior,
    UserError,
)
from pydantic_ai.models import Model, ModelRequestParameters, infer_model
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition
from typing_extensions import TypedDict

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import File, Message, Role, Text, Thinking, ToolCall, ToolResult
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.usage import Usage
from parallel_agents.errors import (
    CallTimedOut,
    ContextTooLong,
    MalformedReply,
    ModelRefused,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestRejected,
    Unreachable,
)
from parallel_agents.models.failures import from_response, make_failure
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.wires.codec import Plan, has_content, name_on_wire
from parallel_agents.models.wires.draft import Draft, Kind

FAILURES = (AgentRunError, UserError)
infer = infer_model


class _OfCall(TypedDict, total=False):
    """What the library wants back with a call; it is kept as the call's signature, in JSON."""

    id: str
    provider_name: str
    provider_details: dict[str, Any]


class _OfThought(_OfCall, total=False):
    signature: str


_OF_CALL: TypeAdapter[_OfCall] = TypeAdapter(_OfCall)
_OF_THOUGHT: TypeAdapter[_OfThought] = TypeAdapter(_OfThought)
_KINDS: tuple[tuple[type[Exception], type[ProviderError]], ...] = (
    (ModelTimeoutError, CallTimedOut),
    (ModelConnectionError, Unreachable),
    (ModelRateLimitError, RateLimited),
    (ModelOverloadedError, Overloaded),
    (ModelUnavailableError, Overloaded),
    (ModelServerError, Overloaded),
    (ModelContextWindowExceededError, ContextTooLong),
    (ContentFilterError, ModelRefused),
    (UnexpectedModelBehavior, MalformedReply),
)


class Asked(NamedTuple):
    """A request in the terms of the library."""

    messages: list[library.ModelMessage]
    settings: ModelSettings
    parameters: ModelRequestParameters


def asked(request: ModelRequest, plan: Plan) -> Asked:
    # The calls that wrap this model decide about another try.
    settings = ModelSettings(max_tokens=request.max_output_tokens, max_retries=0)
    if request.temperature is not None:
        settings["temperature"] = request.temperature
    if request.thinking is not None:
        level = request.thinking
        settings["thinking"] = False if level is ThinkingLevel.OFF else level.value
    tools = [
        ToolDefinition(
            name=name_on_wire(spec.name),
            description=spec.description,
            parameters_json_schema={**spec.parameters},
        )
        for spec in plan.tools
    ]
    messages = [sent for message in plan.messages for sent in _message(message, plan.system)]
    return Asked(messages, settings, ModelRequestParameters(function_tools=tools))


async def exchange(model: Model, asked: Asked, draft: Draft) -> None:
    """Fill the draft with a reply, which is streamed if somebody listens."""
    messages, settings, parameters = asked
    if draft.show is None:
        reply = await model_request(
            model, messages, model_settings=settings, model_request_parameters=parameters
        )
    else:
        async with model_request_stream(
            model, messages, model_settings=settings, model_request_parameters=parameters
        ) as stream:
            async for event in stream:
                _show(event, draft)
        reply = stream.get()
    _take(reply, draft)


def to_failure(endpoint: Endpoint, error: Exception) -> ProviderError:
    """The library's error as one of ours, with the provider's own words."""
    if isinstance(error, ModelHTTPError):
        body = (
            error.body if isinstance(error.body, bytes) else orjson.dumps(error.body, default=str)
        )
        return from_response(
            endpoint, error.status_code, headers=error.headers or {}, body=body, now=time.time()
        )
    found = (ours for theirs, ours in _KINDS if isinstance(error, theirs))
    return make_failure(next(found, RequestRejected), endpoint, f"failed: {error}")


def _message(message: Message, system: str) -> Iterator[library.ModelMessage]:
    instructions = system or None
    match message.role:
        case Role.USER:
            yield library.ModelRequest(
                parts=[library.UserPromptPart(message.text)], instructions=instructions
            )
        case Role.ASSISTANT:
            if has_content(message):
                yield library.ModelResponse(parts=list(_parts(message)))
        case Role.TOOL:
            results = [part for part in message.parts if isinstance(part, ToolResult)]
            yield library.ModelRequest(
                parts=[
                    library.ToolReturnPart(
                        name_on_wire(result.name),
                        result.content,
                        result.call_id,
                        outcome="failed" if result.is_error else "success",
                    )
                    for result in results
                ],
                instructions=instructions,
            )


def _parts(message: Message) -> Iterator[library.ModelResponsePart]:
    is_own = message.model.startswith("pydantic-ai/")
    for part in message.parts:
        match part:
            case Text():
                if part.text.strip():
                    yield library.TextPart(part.text)
            case Thinking():
                if is_own and part.signature:
                    kept = _OF_THOUGHT.validate_json(part.signature)
                    yield library.ThinkingPart(part.text, **kept)
            case ToolCall():
                details = _OF_CALL.validate_json(part.signature or "{}") if is_own else _OfCall()
                name, arguments = name_on_wire(part.name), {**part.arguments}
                yield library.ToolCallPart(name, arguments, part.id, **details)
            case ToolResult() | File():
                pass


def _show(event: library.ModelResponseStreamEvent, draft: Draft) -> None:
    match event:
        case library.PartStartEvent(part=library.TextPart(content=piece)):
            draft.add(draft.block(event.index, Kind.TEXT), piece)
        case library.PartDeltaEvent(delta=library.TextPartDelta(content_delta=piece)):
            draft.add(draft.block(event.index, Kind.TEXT), piece)
        case _:
            pass


def _take(reply: library.ModelResponse, draft: Draft) -> None:
    for index, part in enumerate(reply.parts):
        match part:
            case library.TextPart():
                draft.complete(draft.block(index, Kind.TEXT), part.content)
            case library.ThinkingPart():
                block = draft.block(index, Kind.THINKING)
                draft.add(block, part.content)
                block.signature = _kept(part)
            case library.ToolCallPart():
                block = draft.block(index, Kind.CALL)
                block.id, block.name, block.signature = (
                    part.tool_call_id,
                    part.tool_name,
                    _kept(part),
                )
                draft.add(block, part.args_as_json_str())
            case _:
                pass  # of a tool that runs at the provider; no request offers one
    places = range(len(reply.parts))
    draft.blocks = {place: draft.blocks[place] for place in places if place in draft.blocks}
    draft.reason = "pause" if reply.state == "suspended" else reply.finish_reason or ""
    draft.is_whole = True
    draft.usage = _usage(reply)


def _kept(part: library.ThinkingPart | library.ToolCallPart) -> str:
    names = ("id", "signature", "provider_name", "provider_details")
    kept = {name: value for name in names if (value := getattr(part, name, None)) is not None}
    return orjson.dumps(kept, default=str).decode() if kept else ""


def _usage(reply: library.ModelResponse) -> Usage | None:
    """The library counts cached tokens as input."""
    counted = reply.usage
    cached = counted.cache_read_tokens + counted.cache_write_tokens
    usage = Usage(
        max(0, counted.input_tokens - cached),
        counted.output_tokens,
        counted.cache_read_tokens,
        counted.cache_write_tokens,
    )
    return usage if usage.is_sound and usage.total_tokens else None
