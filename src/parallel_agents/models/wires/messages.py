"""Messages: Anthropic's API, spoken by Anthropic and by others for their coding models.

Format: https://docs.anthropic.com/en/api/messages, version 2023-06-01.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never

import orjson

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import (
    File,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.dialect import CallIds, Dialect, Replay, Structured, ThinkingForm
from parallel_agents.models.failures import find_error, from_error_object
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.reading.usage import read_exclusive_usage
from parallel_agents.models.shapes import (
    Body,
    ShapeError,
    array_of,
    dump,
    index_at,
    object_at,
    objects_at,
    text_at,
    word_at,
)
from parallel_agents.models.wires.codec import (
    encode_message,
    id_on_wire,
    is_own,
    most_output,
    name_on_wire,
    plan_request,
    with_dialect,
)
from parallel_agents.models.wires.draft import Draft, Kind
from parallel_agents.models.wires.schemas import answer_schema, tool_schema
from parallel_agents.models.wires.structured import FINAL_ANSWER

_VERSION = "2023-06-01"
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
_PLACEHOLDER = "Continuing."
_MOST_TEMPERATURE = 1.0
_NO_REASON = "none"  # this wire always says why a reply ended


class Messages:
    """The codec of the Messages API."""

    def __init__(self, model_id: str, endpoint: Endpoint, dialect: Dialect) -> None:
        self.headers: Mapping[str, str] = {
            "Content-Type": "application/json",
            "anthropic-version": _VERSION,
            **endpoint.auth_headers,
            **endpoint.headers,
        }
        self._id = model_id
        self._endpoint = endpoint
        self._dialect = dialect
        self._url = endpoint.url("/v1/messages")
        # Anthropic refuses any other ids, so no dialect is looser.
        self._ids = CallIds.NINE if dialect.call_ids is CallIds.NINE else CallIds.WORD
        # Kept: a message stores what the same function encoded.
        self._encode = self._encoded
        self._encode_tool = self._encoded_tool

    def url(self, *, streams: bool) -> str:
        del streams
        return self._url

    def body(self, request: ModelRequest, *, streams: bool) -> Body:
        dialect = self._dialect
        body: Body = {
            "model": self._id,
            "max_tokens": most_output(request, dialect),
            "stream": streams,
        }
        thinks = self._think(body, request)
        # A model that thinks cannot be forced to call a tool.
        plan = plan_request(request, dialect, forces=not thinks)
        mark: JsonObject = _CACHE if dialect.sends_cache_marks else {}
        if plan.forces_call:
            body["tool_choice"] = _FORCED_ANSWER if len(plan.tools) == 1 else {"type": "any"}
        if plan.structured is Structured.JSON_SCHEMA and plan.schema is not None:
            schema = answer_schema(plan.schema, dialect).schema
            form: JsonObject = {"type": "json_schema", "schema": schema}
            config = body.get("output_config")
            body["output_config"] = {
                **(config if isinstance(config, Mapping) else {}),
                "format": form,
            }
        if plan.system:
            body["system"] = [{"type": "text", "text": plan.system, **mark}]
        if plan.tools:
            *others, last = plan.tools
            encoded = [spec.encoded(self._encode_tool) for spec in others]
            body["tools"] = array_of([*encoded, dump({**self._tool(last), **mark})])
        if request.temperature is not None and not thinks:
            body["temperature"] = min(request.temperature, _MOST_TEMPERATURE)
        body["messages"] = self._messages(plan.messages, mark, request.files)
        return with_dialect(body, dialect, request.thinking)

    def take(self, value: JsonObject, draft: Draft) -> None:
        if find_error(value) is not None:
            raise from_error_object(self._endpoint, value)
        match value.get("type"):
            case "message_start":
                message = object_at(value, "message")
                if draft.blocks:
                    draft.begin_again()  # a gateway fell back to another server
                _count(draft, message.get("usage"))
                for index, content in enumerate(objects_at(message, "content")):
                    _begin(draft, index, content)
            case "content_block_start":
                _begin(draft, index_at(value, "index"), object_at(value, "content_block"))
            case "content_block_delta":
                _grow(draft, index_at(value, "index"), object_at(value, "delta"))
            case "message_delta":
                _count(draft, value.get("usage"))
                draft.reason = word_at(object_at(value, "delta"), "stop_reason") or draft.reason
            case "message_stop":
                draft.is_over = True
                draft.reason = draft.reason or _NO_REASON
            case _ if "content" in value:
                _take_whole(draft, value)
            case "ping" | "content_block_stop":
                pass
            case _ if "type" not in value:
                raise ShapeError("content is missing")
            case _:
                pass

    def _think(self, body: Body, request: ModelRequest) -> bool:
        """Ask for reasoning in the model's way; returns whether the model will think."""
        level = request.thinking
        if level is None or self._dialect.thinking in {ThinkingForm.NONE, ThinkingForm.ALWAYS}:
            return self._dialect.thinking is ThinkingForm.ALWAYS
        match self._dialect.thinking:
            case ThinkingForm.ADAPTIVE:
                word = self._dialect.effort(level)
                if level is ThinkingLevel.OFF:
                    body.update({"thinking": {"type": word}} if word else {})
                    return False
                body["thinking"] = {"type": "adaptive"}
                if word:
                    body["output_config"] = {"effort": word}
                return True
            case ThinkingForm.TOGGLE:
                is_on = level is not ThinkingLevel.OFF
                body["thinking"] = {"type": "enabled" if is_on else "disabled"}
                return is_on
            case _:
                budget = _THINKING_TOKENS.get(level, 0)
                if budget:
                    # Thinking counts as output.
                    most = self._dialect.max_output_tokens
                    wanted = request.max_output_tokens + budget
                    body["max_tokens"] = min(wanted, most) if most > budget else wanted
                    body["thinking"] = {"type": "enabled", "budget_tokens": budget}
                return bool(budget)

    def _messages(
        self, messages: Sequence[Message], mark: JsonObject, files: Mapping[str, str]
    ) -> orjson.Fragment:
        """The transcript; consecutive messages of one side are merged, and the last block is marked."""
        turns: list[tuple[str, list[bytes]]] = []
        last = None
        for message in messages:
            blocks = encode_message(message, self._encode, self._with_files, files)
            role = "assistant" if message.role is Role.ASSISTANT else "user"
            if not blocks:
                continue
            if turns and turns[-1][0] == role:
                turns[-1][1].append(blocks)
            else:
                turns.append((role, [blocks]))
            last = message
        if last is not None and turns[-1][0] == "user" and mark:
            marked = self._blocks(last, files)
            marked[-1] = {**marked[-1], **mark}
            turns[-1][1][-1] = b",".join(map(dump, marked))
        return array_of([dump({"role": role, "content": array_of(parts)}) for role, parts in turns])

    def _encoded_tool(self, spec: ToolSpec) -> bytes:
        return dump(self._tool(spec))

    def _tool(self, spec: ToolSpec) -> JsonObject:
        return {
            "name": name_on_wire(spec.name),
            "description": spec.description,
            "input_schema": tool_schema(spec.parameters, self._dialect),
        }

    def _encoded(self, message: Message) -> bytes:
        return self._with_files(message, {})

    def _with_files(self, message: Message, files: Mapping[str, str]) -> bytes:
        return b",".join(map(dump, self._blocks(message, files)))

    def _blocks(self, message: Message, files: Mapping[str, str]) -> list[JsonObject]:
        own = is_own(message, self._endpoint.provider)
        blocks = [
            block for part in message.parts if (block := self._block(part, files, is_own=own))
        ]
        if message.role is not Role.ASSISTANT:
            return blocks
        if all(block["type"] in {"thinking", "redacted_thinking"} for block in blocks):
            return []  # reasoning alone is not a turn
        if blocks and blocks[-1]["type"] == "text":  # its end may not be white
            blocks[-1] = {**blocks[-1], "text": str(blocks[-1]["text"]).rstrip()}
        replay = self._dialect.replay
        has_thinking = any(isinstance(part, Thinking) for part in message.parts)
        if replay is Replay.REQUIRED and message.tool_calls and not has_thinking:
            return [{"type": "thinking", "thinking": _PLACEHOLDER}, *blocks]
        return blocks

    def _block(self, part: Part, files: Mapping[str, str], *, is_own: bool) -> JsonObject | None:
        """A part as a content block; None if the API refuses it: blank text, unsigned thinking."""
        match part:
            case Text():
                return {"type": "text", "text": part.text} if part.text.strip() else None
            case Thinking():
                return self._thinking_block(part, is_own=is_own)
            case ToolCall():
                name, call_id = name_on_wire(part.name), id_on_wire(part.id, self._ids)
                return {"type": "tool_use", "id": call_id, "name": name, "input": part.arguments}
            case ToolResult():
                return {
                    "type": "tool_result",
                    "tool_use_id": id_on_wire(part.call_id, self._ids),
                    "content": part.content or ("(no text)" if part.is_error else ""),
                    "is_error": part.is_error,
                }
            case File():
                return _file_block(part, files)
            case _:
                assert_never(part)

    def _thinking_block(self, part: Thinking, *, is_own: bool) -> JsonObject | None:
        replay = self._dialect.replay
        if replay is Replay.NONE:
            return None
        if is_own and part.signature.startswith(_REDACTED):
            return {"type": "redacted_thinking", "data": part.signature.removeprefix(_REDACTED)}
        if is_own and part.signature:
            return {"type": "thinking", "thinking": part.text, "signature": part.signature}
        is_unsigned_fine = replay in {Replay.ALL, Replay.REQUIRED}
        return (
            {"type": "thinking", "thinking": part.text} if is_unsigned_fine and part.text else None
        )


def _file_block(file: File, files: Mapping[str, str]) -> JsonObject:
    source: JsonObject = {
        "type": "base64",
        "media_type": file.media_type,
        "data": files[file.id],
    }
    if file.shape.is_image:
        return {"type": "image", "source": source}
    return {"type": "document", "source": source, "title": file.called}


def _take_whole(draft: Draft, reply: JsonObject) -> None:
    draft.is_whole = True
    draft.reason = word_at(reply, "stop_reason") or _NO_REASON
    content = reply.get("content")
    if isinstance(content, str):  # some gateways send a plain text
        draft.add(draft.begin(0, Kind.TEXT), content)
    else:
        for index, block in enumerate(objects_at(reply, "content")):
            _begin(draft, index, block)
    _count(draft, reply.get("usage"))


def _begin(draft: Draft, index: int | None, content: JsonObject) -> None:
    """Apply a content block: a whole one, or the start of one in a stream."""
    match content.get("type"):
        case "text":
            draft.add(draft.begin(index, Kind.TEXT), text_at(content, "text"))
        case "thinking":
            block = draft.begin(index, Kind.THINKING)
            block.signature = text_at(content, "signature")
            draft.add(block, text_at(content, "thinking"))
        case "redacted_thinking":
            block = draft.begin(index, Kind.THINKING)
            block.signature = _REDACTED + text_at(content, "data")
        case "tool_use":
            block = draft.begin(index, Kind.CALL)
            block.id, block.name = word_at(content, "id"), text_at(content, "name")
            arguments = content.get("input")
            if arguments:
                draft.add(block, arguments if isinstance(arguments, str) else _json_text(arguments))
        case _:
            pass


def _json_text(value: Json) -> str:
    return dump(value).decode()


def _grow(draft: Draft, index: int | None, delta: JsonObject) -> None:
    block = draft.begun(index)
    kind = delta.get("type")
    if block is None:
        if kind not in _GROWS:
            return
        block = draft.begin(index, _GROWS[kind])  # a gateway left the block's start out
    match kind:
        case "text_delta":
            draft.add(block, text_at(delta, "text"))
        case "thinking_delta":
            draft.add(block, text_at(delta, "thinking"))
        case "signature_delta":
            draft.grow(len(text_at(delta, "signature")))
            block.signature += text_at(delta, "signature")
        case "input_json_delta":
            draft.add(block, text_at(delta, "partial_json"))
        case _:
            pass


_GROWS: Mapping[Json, Kind] = {"text_delta": Kind.TEXT, "thinking_delta": Kind.THINKING}


def _count(draft: Draft, usage: Json) -> None:
    draft.take_usage(usage, read_exclusive_usage)
