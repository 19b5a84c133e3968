"""Anthropic: the Messages API, spoken by Anthropic and by a few others for their coding models.

Format: https://docs.anthropic.com/en/api/messages, version 2023-06-01.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from typing import assert_never

import orjson

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import (
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from parallel_agents.core.model import Capabilities, Finish, Listener, ModelReply, ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import Usage
from parallel_agents.errors import MalformedReply, ModelRefused, StreamCut
from parallel_agents.models.base_url import join_url
from parallel_agents.models.draft import Block, Draft, Kind
from parallel_agents.models.failures import from_error_object, make_failure
from parallel_agents.models.http import Http
from parallel_agents.models.providers import Endpoint, Structured
from parallel_agents.models.shapes import (
    Body,
    ShapeError,
    array_of,
    count_at,
    dump,
    dump_body,
    object_at,
    objects_at,
    text_at,
    to_object,
)
from parallel_agents.models.structured import FINAL_ANSWER, final_answer_tool, with_schema

_VERSION = "2023-06-01"
_FINISH = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "pause_turn": Finish.STOP,
    "tool_use": Finish.TOOLS,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
}
_FORCED_ANSWER: JsonObject = {"type": "tool", "name": FINAL_ANSWER}
# https://docs.anthropic.com/en/docs/build-with-claude/extended-thinking: at least 1,024.
_THINKING_TOKENS = {
    ThinkingLevel.MINIMAL: 1024,
    ThinkingLevel.LOW: 2048,
    ThinkingLevel.MEDIUM: 8192,
    ThinkingLevel.HIGH: 16384,
}
_CACHE: JsonObject = {"cache_control": {"type": "ephemeral"}}
# Redacted thinking has no text; its data is returned to the provider like a signature.
_REDACTED = "redacted:"


class Anthropic:
    """A model behind a Messages server; the owner of `http` closes it."""

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        http: Http,
        *,
        capabilities: Capabilities = Capabilities(),
    ) -> None:
        self.name = name
        self.capabilities = capabilities
        self._id = name.partition("/")[2]
        self._endpoint = endpoint
        self._http = http
        self._url = join_url(endpoint.base_url, "/v1/messages")
        self._encode = _encode_with_unsigned if endpoint.returns_thinking else _encode
        self._headers = {
            "Content-Type": "application/json",
            "anthropic-version": _VERSION,
            **endpoint.headers,
            **endpoint.auth_headers,
        }

    async def start(self) -> None:
        """There is nothing to prepare."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        answers_by_tool = (
            request.output_schema is not None and self._endpoint.structured is not Structured.PROMPT
        )
        streams = listener is not None and listener.wants_text
        try:
            if streams or self.capabilities.streams_always:
                draft = Draft(answers_by_tool, None if listener is None else listener.text)
                await self._stream(request, draft)
            else:
                draft = Draft(answers_by_tool)
                await self._ask(request, draft)
            if draft.refusal:
                raise make_failure(ModelRefused, self._endpoint, f"refused: {draft.refusal}")
            return draft.reply(self.name)
        except ShapeError as error:
            what = "sent a reply that is not formed as the Messages API says"
            raise make_failure(MalformedReply, self._endpoint, what, why=str(error)) from error

    async def aclose(self) -> None:
        """There is nothing to release."""

    async def _ask(self, request: ModelRequest, draft: Draft) -> None:
        value = await self._http.post_json(
            self._url, self._headers, body=dump_body(self._body(request)), endpoint=self._endpoint
        )
        reply = to_object(value, "the reply")
        if reply.get("type") == "error":
            raise from_error_object(self._endpoint, reply)
        if "content" not in reply:
            raise ShapeError("content is missing")
        for index, content in enumerate(objects_at(reply, "content")):
            _begin(draft, index, content)
        draft.usage = _usage(object_at(reply, "usage"), draft.usage)
        _stop(draft, reply)

    async def _stream(self, request: ModelRequest, draft: Draft) -> None:
        body = dump_body(self._body(request) | {"stream": True})
        events = self._http.stream(self._url, self._headers, body=body, endpoint=self._endpoint)
        async with aclosing(events):
            async for value in events:
                event = to_object(value, "an event")
                if event.get("type") == "error":
                    raise from_error_object(self._endpoint, event)
                _take(event, draft)
        if draft.finish is None:
            raise make_failure(StreamCut, self._endpoint, "ended its stream without a stop")

    def _body(self, request: ModelRequest) -> Body:
        system, tools = request.system, request.tools
        body: Body = {"model": self._id, "max_tokens": request.max_output_tokens}
        budget = _THINKING_TOKENS.get(request.thinking or ThinkingLevel.OFF, 0)
        if budget:
            # Thinking counts as output, and a model that thinks cannot be forced to call a tool.
            body["max_tokens"] = request.max_output_tokens + budget
            body["thinking"] = {"type": "enabled", "budget_tokens": budget}
        if request.output_schema is not None:
            if budget or self._endpoint.structured is Structured.PROMPT:
                system = with_schema(system, request.output_schema)
            else:
                body["tool_choice"] = {"type": "any"} if tools else _FORCED_ANSWER
                tools = (*tools, final_answer_tool(request.output_schema))
        mark: JsonObject = _CACHE if self._endpoint.sends_cache_marks else {}
        if system:
            body["system"] = [{"type": "text", "text": system, **mark}]
        if tools:
            *others, last = tools
            encoded = [spec.encoded(_encode_tool) for spec in others]
            body["tools"] = array_of([*encoded, dump({**_tool(last), **mark})])
        if request.temperature is not None and not budget:
            body["temperature"] = request.temperature
        body["messages"] = self._messages(request.messages, mark)
        return body

    def _messages(self, messages: Sequence[Message], mark: JsonObject) -> orjson.Fragment:
        """The transcript; consecutive messages of one side are merged, and the last block is marked."""
        turns: list[tuple[str, list[bytes]]] = []
        last = None
        for message in messages:
            blocks = message.encoded(self._encode)
            role = "assistant" if message.role is Role.ASSISTANT else "user"
            if not blocks:
                continue
            if turns and turns[-1][0] == role:
                turns[-1][1].append(blocks)
            else:
                turns.append((role, [blocks]))
            last = message
        if last is not None and turns[-1][0] == "user":
            marked = _blocks(last, self._endpoint.returns_thinking)
            marked[-1] = {**marked[-1], **mark}
            turns[-1][1][-1] = b",".join(map(dump, marked))
        return array_of([dump({"role": role, "content": array_of(parts)}) for role, parts in turns])


def _take(event: JsonObject, draft: Draft) -> None:
    """Apply an event of a stream; pings and unknown kinds do not affect the reply."""
    match event.get("type"):
        case "message_start":
            message = object_at(event, "message")
            draft.usage = _usage(object_at(message, "usage"), draft.usage)
        case "content_block_start":
            _begin(draft, count_at(event, "index"), object_at(event, "content_block"))
        case "content_block_delta":
            block = draft.blocks.get(count_at(event, "index"))
            if block is not None:
                _grow(draft, block, object_at(event, "delta"))
        case "message_delta":
            draft.usage = _usage(object_at(event, "usage"), draft.usage)
            _stop(draft, object_at(event, "delta"))
        case _:
            pass


def _begin(draft: Draft, index: int, content: JsonObject) -> None:
    """Apply a content block: a whole one, or the start of one in a stream."""
    match content.get("type"):
        case "text":
            draft.add(draft.block(index, Kind.TEXT), text_at(content, "text"))
        case "thinking":
            block = draft.block(index, Kind.THINKING)
            block.signature = text_at(content, "signature")
            draft.add(block, text_at(content, "thinking"))
        case "redacted_thinking":
            block = draft.block(index, Kind.THINKING)
            block.signature = _REDACTED + text_at(content, "data")
        case "tool_use":
            block = draft.block(index, Kind.CALL)
            block.id, block.name = text_at(content, "id"), text_at(content, "name")
            arguments = object_at(content, "input")
            if arguments:
                draft.add(block, dump(arguments).decode())
        case _:
            pass


def _grow(draft: Draft, block: Block, delta: JsonObject) -> None:
    match delta.get("type"):
        case "text_delta":
            draft.add(block, text_at(delta, "text"))
        case "thinking_delta":
            draft.add(block, text_at(delta, "thinking"))
        case "signature_delta":
            block.signature += text_at(delta, "signature")
        case "input_json_delta":
            draft.add(block, text_at(delta, "partial_json"))
        case _:
            pass


def _stop(draft: Draft, message: JsonObject) -> None:
    reason = text_at(message, "stop_reason")
    if reason == "refusal":
        draft.refusal = "the model declined to answer"
    if reason:
        draft.finish = _FINISH.get(reason, Finish.STOP)


def _usage(usage: JsonObject, before: Usage) -> Usage:
    """Tokens so far: a stream reports them at its start, and some again at its end."""

    def latest(key: str, known: int) -> int:
        return count_at(usage, key) if usage.get(key) is not None else known

    return Usage(
        input_tokens=latest("input_tokens", before.input_tokens),
        output_tokens=latest("output_tokens", before.output_tokens),
        cache_read_tokens=latest("cache_read_input_tokens", before.cache_read_tokens),
        cache_write_tokens=latest("cache_creation_input_tokens", before.cache_write_tokens),
    )


def _encode_tool(spec: ToolSpec) -> bytes:
    return dump(_tool(spec))


def _tool(spec: ToolSpec) -> JsonObject:
    return {
        "name": spec.name,
        "description": spec.description,
        "input_schema": spec.parameters,
    }


def _encode(message: Message) -> bytes:
    return b",".join(map(dump, _blocks(message, returns_unsigned=False)))


def _encode_with_unsigned(message: Message) -> bytes:
    return b",".join(map(dump, _blocks(message, returns_unsigned=True)))


def _blocks(message: Message, returns_unsigned: bool) -> list[JsonObject]:
    return [block for part in message.parts if (block := _block(part, returns_unsigned))]


def _block(part: Part, returns_unsigned: bool) -> JsonObject | None:
    """A part as a content block; None if the API refuses it: empty text, unsigned thinking."""
    match part:
        case Text():
            return {"type": "text", "text": part.text} if part.text else None
        case Thinking():
            return _thinking(part, returns_unsigned)
        case ToolCall():
            return {"type": "tool_use", "id": part.id, "name": part.name, "input": part.arguments}
        case ToolResult():
            return {
                "type": "tool_result",
                "tool_use_id": part.call_id,
                "content": part.content,
                "is_error": part.is_error,
            }
        case _:
            assert_never(part)


def _thinking(part: Thinking, returns_unsigned: bool) -> JsonObject | None:
    if part.signature.startswith(_REDACTED):
        return {"type": "redacted_thinking", "data": part.signature.removeprefix(_REDACTED)}
    if part.signature:
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}
    return {"type": "thinking", "thinking": part.text} if returns_unsigned else None
