"""Responses: OpenAI's Responses API without state on the server; xAI, Azure and others speak it too.

Format: https://platform.openai.com/docs/api-reference/responses
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import orjson

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import Message, Role, Text, Thinking, ToolCall, ToolResult
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.dialect import Dialect, Replay, Structured, SystemRole, ThinkingForm
from parallel_agents.models.failures import find_error, from_error_object
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.shapes import Body, ShapeError, array_of, dump, object_at, word_at
from parallel_agents.models.wires.codec import (
    Plan,
    data_url,
    encode_message,
    has_content,
    id_on_wire,
    is_own,
    most_output,
    name_on_wire,
    plan_request,
    with_dialect,
)
from parallel_agents.models.wires.draft import Draft
from parallel_agents.models.wires.response_items import (
    ITEM,
    PHASE,
    is_incomplete,
    take_event,
    take_output,
)
from parallel_agents.models.wires.schemas import answer_schema, tool_schema
from parallel_agents.models.wires.strict import is_strict
from parallel_agents.models.wires.structured import FINAL_ANSWER

_FORCED_ANSWER: JsonObject = {"type": "function", "name": FINAL_ANSWER}
_FEWEST_TOKENS = 16
_ENDS = frozenset({"completed", "incomplete", "failed", "cancelled"})
# The ends of a stream; `done` is what some gateways send.
_LAST_EVENTS = {f"response.{end}": end for end in (*_ENDS, "done")}


class Responses:
    """The codec of the Responses API."""

    def __init__(self, model_id: str, endpoint: Endpoint, dialect: Dialect) -> None:
        self.headers: Mapping[str, str] = {
            "Content-Type": "application/json",
            **endpoint.auth_headers,
            **endpoint.headers,
        }
        self._id = model_id
        self._endpoint = endpoint
        self._dialect = dialect
        self._url = endpoint.url("/responses")
        # Kept: a message stores what the same function encoded.
        self._encode = self._encoded
        self._encode_tool = self._encoded_tool

    def url(self, *, streams: bool) -> str:
        del streams
        return self._url

    def body(self, request: ModelRequest, *, streams: bool) -> Body:
        dialect = self._dialect
        plan = plan_request(request, dialect)
        items = [
            encode_message(message, self._encode, _with_files, request.files)
            for message in plan.messages
        ]
        body: Body = {
            "model": self._id,
            "max_output_tokens": max(_FEWEST_TOKENS, most_output(request, dialect)),
            "stream": streams,
            "store": False,
            "include": ["reasoning.encrypted_content"],
            **self._structure(plan),
        }
        if plan.system and dialect.system is SystemRole.SYSTEM:
            body["instructions"] = plan.system
        elif plan.system:
            items.insert(0, dump(_message(dialect.system.value, plan.system)))
        body["input"] = array_of(items)
        if plan.tools:
            body["tools"] = array_of(spec.encoded(self._encode_tool) for spec in plan.tools)
        if request.temperature is not None:
            body["temperature"] = request.temperature
        body.update(self._thinking(request.thinking))
        return with_dialect(body, dialect, request.thinking)

    def take(self, value: JsonObject, draft: Draft) -> None:
        if find_error(value) is not None:
            raise from_error_object(self._endpoint, value)
        kind = word_at(value, "type")
        if kind in _LAST_EVENTS:
            response = object_at(value, "response")
            if find_error(response) is not None:
                raise from_error_object(self._endpoint, response)
            _take_response(draft, response)
            draft.reason = _end(draft, response, _LAST_EVENTS[kind])
            draft.is_over = True
        elif kind.startswith("response."):
            take_event(draft, kind.removeprefix("response."), value)
        elif value.keys() & {"output", "output_text", "status"}:
            draft.is_whole = True
            _take_response(draft, value)
            draft.reason = _end(draft, value, "")
        elif not kind:
            raise ShapeError("output is missing")

    def _structure(self, plan: Plan) -> JsonObject:
        match plan.structured:
            case Structured.JSON_SCHEMA if plan.schema is not None:
                schema, strict = answer_schema(plan.schema, self._dialect)
                form: JsonObject = {
                    "type": "json_schema",
                    "name": "answer",
                    "schema": schema,
                    "strict": strict,
                }
                return {"text": {"format": form}}
            case Structured.JSON_OBJECT:
                return {"text": {"format": {"type": "json_object"}}}
            case Structured.TOOL if plan.forces_call:
                return {"tool_choice": "required" if len(plan.tools) > 1 else _FORCED_ANSWER}
            case _:
                return {}

    def _thinking(self, level: ThinkingLevel | None) -> JsonObject:
        is_asked = self._dialect.thinking in {ThinkingForm.EFFORT, ThinkingForm.ADAPTIVE}
        word = self._dialect.effort(level) if level is not None and is_asked else ""
        return {"reasoning": {"effort": word}} if word else {}

    def _encoded_tool(self, spec: ToolSpec) -> bytes:
        parameters = tool_schema(spec.parameters, self._dialect)
        return dump(
            {
                "type": "function",
                "name": name_on_wire(spec.name),
                "description": spec.description,
                "parameters": parameters,
                # Without a word, OpenAI makes the schema strict, and each field required.
                "strict": self._dialect.strict and is_strict(parameters),
            }
        )

    def _encoded(self, message: Message) -> bytes:
        """The message as input items: each text, call, result and reasoning is one."""
        match message.role:
            case Role.USER:
                return dump(_message("user", message.text))
            case Role.ASSISTANT:
                return b",".join(map(dump, self._assistant(message)))
            case Role.TOOL:
                results = [part for part in message.parts if isinstance(part, ToolResult)]
                return b",".join([dump(self._result(part)) for part in results])

    def _result(self, result: ToolResult) -> JsonObject:
        call_id = id_on_wire(result.call_id, self._dialect.call_ids)
        return {"type": "function_call_output", "call_id": call_id, "output": result.content}

    def _assistant(self, message: Message) -> list[JsonObject]:
        if not has_content(message):
            return []
        items = list(self._items(message, is_own=is_own(message, self._endpoint.provider)))
        while items and items[-1]["type"] == "reasoning":
            items.pop()  # the server refuses a reasoning that nothing follows
        return items

    def _items(self, message: Message, *, is_own: bool) -> Iterator[JsonObject]:
        phase = ""
        for part in message.parts:
            match part:
                case Text() if part.text.strip():
                    yield _message("assistant", part.text, phase)
                    phase = ""
                case ToolCall():
                    yield self._call(part)
                case Thinking(text=text, signature=signature) if is_own:
                    if signature.startswith(PHASE):
                        phase = signature.removeprefix(PHASE)
                        if text:
                            yield _message("assistant", text, phase)
                            phase = ""
                    elif signature.startswith(ITEM) and (item := self._reasoning(signature)):
                        yield item
                case _:
                    pass

    def _reasoning(self, signature: str) -> JsonObject | None:
        replay = self._dialect.replay
        item: JsonObject = orjson.loads(signature.removeprefix(ITEM))
        needs = "encrypted_content" not in item and replay is Replay.SIGNED
        return None if replay is Replay.NONE or needs else item

    def _call(self, call: ToolCall) -> JsonObject:
        return {
            "type": "function_call",
            "call_id": id_on_wire(call.id, self._dialect.call_ids),
            "name": name_on_wire(call.name),
            "arguments": dump(call.arguments).decode(),
        }


def _message(role: str, text: str, phase: str = "") -> JsonObject:
    message: JsonObject = {"type": "message", "role": role, "content": text}
    return {**message, "phase": phase} if phase else message


def _with_files(message: Message, files: Mapping[str, str]) -> bytes:
    parts: list[JsonObject] = []
    for part in message.files:
        url = data_url(part, files)
        if part.shape.is_image:
            parts.append({"type": "input_image", "image_url": url, "detail": "auto"})
        else:
            parts.append({"type": "input_file", "filename": part.called, "file_data": url})
    content = [*parts, {"type": "input_text", "text": message.text}]
    return dump({"type": "message", "role": "user", "content": content})


def _take_response(draft: Draft, response: JsonObject) -> None:
    take_output(draft, response)
    draft.take_usage(response.get("usage"))


def _end(draft: Draft, response: JsonObject, event: str) -> str:
    """Why the reply ended: what made it incomplete, whatever its status is, or its status."""
    reason = word_at(object_at(response, "incomplete_details"), "reason")
    status = word_at(response, "status")
    if event and status not in _ENDS:  # a gateway left the status of the start
        status = "completed" if event == "done" else event
    # llama.cpp calls a text complete that was cut.
    is_cut = draft.is_full(_FEWEST_TOKENS) or is_incomplete(response)
    if status == "completed" and not reason and is_cut:
        return "max_output_tokens"
    return reason or status
