"""Gemini: Google's own API, generateContent and its stream.

Formats: https://ai.google.dev/api/generate-content,
https://ai.google.dev/gemini-api/docs/function-calling and
https://ai.google.dev/gemini-api/docs/thought-signatures.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import assert_never
from urllib.parse import quote

import orjson

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import File, Message, Role, Text, Thinking, ToolCall, ToolResult
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.dialect import Dialect, Replay, SchemaSubset, Structured, ThinkingForm
from parallel_agents.models.failures import find_error, from_error_object
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.reading.finish import End, end_of
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
    Plan,
    encode_message,
    id_on_wire,
    is_made_here,
    is_own,
    most_output,
    name_on_wire,
    plan_request,
    with_dialect,
)
from parallel_agents.models.wires.draft import Block, Draft, Kind
from parallel_agents.models.wires.schemas import answer_schema, tool_schema
from parallel_agents.models.wires.structured import FINAL_ANSWER

_FIELDS = frozenset({"candidates", "promptFeedback", "usageMetadata", "modelVersion", "responseId"})
_JSON = "application/json"
# Tokens for each level of a model that takes a number: https://ai.google.dev/gemini-api/docs/thinking
_BUDGETS = {
    ThinkingLevel.MINIMAL: 512,
    ThinkingLevel.LOW: 2048,
    ThinkingLevel.MEDIUM: 8192,
    ThinkingLevel.HIGH: 24576,
}
# What the signature of a text is kept as, in a thought of its own behind the text.
_TEXT_SIGNATURE = "text:"
# Google's own placeholder for the signature of a call that Gemini did not write.
_UNSIGNED = "skip_thought_signature_validator"
_NO_REASON = "FINISH_REASON_UNSPECIFIED"


class Gemini:
    """The codec of generateContent."""

    def __init__(self, model_id: str, endpoint: Endpoint, dialect: Dialect) -> None:
        self.headers: Mapping[str, str] = {
            "Content-Type": "application/json",
            **endpoint.auth_headers,
            **endpoint.headers,
        }
        self._endpoint = endpoint
        self._dialect = dialect
        # Tuned models and those of Vertex have a path of their own.
        path = quote(model_id if "/" in model_id else f"models/{model_id}", safe="/@")
        self._url = endpoint.url(f"/{path}:generateContent")
        self._stream_url = endpoint.url(f"/{path}:streamGenerateContent?alt=sse")
        # Kept: a message stores what the same function encoded.
        self._encode = self._encoded
        self._encode_tool = self._encoded_tool

    def url(self, *, streams: bool) -> str:
        return self._stream_url if streams else self._url

    def body(self, request: ModelRequest, *, streams: bool) -> Body:
        del streams  # the URL tells
        plan = plan_request(request, self._dialect)
        body: Body = {"contents": self._contents(plan.messages, request.files)}
        if plan.system:
            body["systemInstruction"] = {"parts": [{"text": plan.system}]}
        if plan.tools:
            declared = array_of(spec.encoded(self._encode_tool) for spec in plan.tools)
            body["tools"] = array_of([dump({"functionDeclarations": declared})])
        if plan.forces_call:
            calling: dict[str, Json] = {"mode": "ANY"}
            if len(plan.tools) == 1:
                calling["allowedFunctionNames"] = [FINAL_ANSWER]
            body["toolConfig"] = {"functionCallingConfig": calling}
        config = self._generation(request, plan)
        body["generationConfig"] = {
            name: value for name, value in config.items() if name not in self._dialect.omit
        }
        return with_dialect(body, self._dialect, request.thinking)

    def take(self, value: JsonObject, draft: Draft) -> None:
        if find_error(value) is not None:
            raise from_error_object(self._endpoint, value)
        if "response" in value:
            value = object_at(value, "response")  # of Code Assist
        if not value.keys() & _FIELDS:
            raise ShapeError("candidates is missing")
        _take_feedback(object_at(value, "promptFeedback"), draft)
        for place, candidate in enumerate(objects_at(value, "candidates")):
            index = index_at(candidate, "index")
            if (place if index is None else index) == 0:
                _take_candidate(candidate, draft)
        draft.take_usage(value.get("usageMetadata"))

    def _generation(self, request: ModelRequest, plan: Plan) -> dict[str, Json]:
        config: dict[str, Json] = {"maxOutputTokens": most_output(request, self._dialect)}
        if request.temperature is not None:
            config["temperature"] = request.temperature
        match plan.structured:
            case Structured.JSON_SCHEMA if plan.schema is not None:
                name = "responseSchema" if self._has_subset else "responseJsonSchema"
                config["responseMimeType"] = _JSON
                config[name] = answer_schema(plan.schema, self._dialect).schema
            case Structured.JSON_OBJECT:
                config["responseMimeType"] = _JSON
            case _:
                pass
        if request.thinking is not None:
            self._think(config, request.thinking)
        return config

    def _think(self, config: dict[str, Json], level: ThinkingLevel) -> None:
        """Ask for reasoning in the model's way; a level whose word is empty asks for nothing."""
        word = self._dialect.effort(level)
        is_off = level is ThinkingLevel.OFF
        thinking: dict[str, Json]
        match self._dialect.thinking:
            case ThinkingForm.BUDGET:
                budget = int(word) if word.isdecimal() else _BUDGETS.get(level)
                if budget is None:
                    return
                thinking = {"thinkingBudget": budget}
                tokens = config["maxOutputTokens"]
                assert isinstance(tokens, int)
                config["maxOutputTokens"] = tokens + budget  # thoughts count as output
            case ThinkingForm.EFFORT | ThinkingForm.ADAPTIVE if word:
                thinking = {"thinkingLevel": word}
            case _:
                return
        config["thinkingConfig"] = thinking if is_off else {**thinking, "includeThoughts": True}

    @property
    def _has_subset(self) -> bool:
        """Whether schemas are in Google's own form; otherwise they are JSON Schema."""
        return self._dialect.schema is SchemaSubset.GEMINI

    def _encoded_tool(self, spec: ToolSpec) -> bytes:
        name = "parameters" if self._has_subset else "parametersJsonSchema"
        schema = tool_schema(spec.parameters, self._dialect)
        declared: JsonObject = {"name": name_on_wire(spec.name), "description": spec.description}
        if self._has_subset and not schema.get("properties"):
            return dump(declared)  # an object without properties is refused
        return dump({**declared, name: schema})

    def _contents(self, messages: Sequence[Message], files: Mapping[str, str]) -> orjson.Fragment:
        """The transcript; consecutive messages of one side are merged."""
        turns: list[tuple[str, list[bytes]]] = []
        for message in messages:
            parts = encode_message(message, self._encode, self._with_files, files)
            role = "model" if message.role is Role.ASSISTANT else "user"
            if not parts:
                continue
            if turns and turns[-1][0] == role:
                turns[-1][1].append(parts)
            else:
                turns.append((role, [parts]))
        return array_of([dump({"role": role, "parts": array_of(parts)}) for role, parts in turns])

    def _encoded(self, message: Message) -> bytes:
        return self._with_files(message, {})

    def _with_files(self, message: Message, files: Mapping[str, str]) -> bytes:
        parts = self._parts(message, files)
        if all(part.get("thought") or part.get("text") == "" for part in parts):
            return b""  # thoughts alone are not a turn
        return b",".join(map(dump, parts))

    def _parts(self, message: Message, files: Mapping[str, str]) -> list[JsonObject]:
        replay = self._dialect.replay
        is_returned = is_own(message, self._endpoint.provider) and replay is not Replay.NONE
        has_call = False
        parts: list[JsonObject] = []
        for part in message.parts:
            match part:
                case Text():
                    if part.text.strip():
                        parts.append({"text": part.text})
                case Thinking():
                    if is_returned:
                        _return_thought(part, replay, parts)
                case ToolCall():
                    signature = part.signature if is_returned else ""
                    if not has_call and replay is Replay.REQUIRED:
                        signature = signature or _UNSIGNED  # of parallel calls, the first is signed
                    has_call = True
                    parts.append(_signed({"functionCall": self._call(part)}, signature))
                case ToolResult():
                    parts.append({"functionResponse": self._result(part)})
                case File():
                    data: JsonObject = {"mimeType": part.media_type, "data": files[part.id]}
                    parts.append({"inlineData": data})
                case _:
                    assert_never(part)
        return parts

    def _call(self, call: ToolCall) -> JsonObject:
        named: JsonObject = {"name": name_on_wire(call.name), "args": call.arguments}
        return {**self._id(call.id), **named}

    def _result(self, result: ToolResult) -> JsonObject:
        said: JsonObject = {"error" if result.is_error else "output": result.content}
        return {**self._id(result.call_id), "name": name_on_wire(result.name), "response": said}

    def _id(self, call_id: str) -> JsonObject:
        """The id of a call; older models and some gateways give none, and refuse one."""
        if is_made_here(call_id):
            return {}
        return {"id": id_on_wire(call_id, self._dialect.call_ids)}


def _signed(part: JsonObject, signature: str) -> JsonObject:
    return {**part, "thoughtSignature": signature} if signature else part


def _return_thought(thought: Thinking, replay: Replay, parts: list[JsonObject]) -> None:
    """Add a thought that goes back to Gemini: a signed one, or the signature of the text before it."""
    signature = thought.signature
    if signature.startswith(_TEXT_SIGNATURE):
        is_text = bool(parts) and list(parts[-1]) == ["text"]
        text = parts.pop() if is_text else {"text": ""}
        parts.append(_signed(text, signature.removeprefix(_TEXT_SIGNATURE)))
    elif signature or (replay is Replay.ALL and thought.text):
        parts.append(_signed({"text": thought.text, "thought": True}, signature))


def _take_feedback(feedback: JsonObject, draft: Draft) -> None:
    reason = word_at(feedback, "blockReason")
    if reason and not reason.endswith("UNSPECIFIED"):
        said = word_at(feedback, "blockReasonMessage")
        draft.refusal = f"it blocked the request: {reason}{f' ({said})' if said else ''}"


def _take_candidate(candidate: JsonObject, draft: Draft) -> None:
    parts = objects_at(object_at(candidate, "content"), "parts")
    for part in parts:
        _take_part(part, draft)
    if parts:
        draft.reason = ""  # some gateways write a reason on each piece
    reason = word_at(candidate, "finishReason")
    if not reason or reason == _NO_REASON:
        return
    draft.reason = reason
    if end_of(reason) is End.REFUSED and (blocked := _blocked(candidate)):
        draft.refusal = f"its reply ended with the reason {reason!r}: {', '.join(blocked)}"


def _blocked(candidate: JsonObject) -> list[str]:
    ratings = objects_at(candidate, "safetyRatings")
    return [word_at(rating, "category") for rating in ratings if rating.get("blocked") is True]


def _take_part(part: JsonObject, draft: Draft) -> None:
    signature = text_at(part, "thoughtSignature")
    call = object_at(part, "functionCall")
    if call:
        block = draft.block(len(draft.blocks), Kind.CALL)
        block.id, block.name = word_at(call, "id"), text_at(call, "name")
        block.signature = signature
        arguments = call.get("args")
        if arguments:
            text = arguments if isinstance(arguments, str) else dump(arguments).decode()
            draft.add(block, text)
        return
    text = text_at(part, "text")
    is_thought = part.get("thought") in (True, "true", 1)
    if is_thought:
        block = _growing(draft, Kind.THINKING)
        draft.add(block, text)
        block.signature = signature
    elif text:
        draft.add(_growing(draft, Kind.TEXT), text)
    if signature and not is_thought:
        mark = draft.block(len(draft.blocks), Kind.THINKING)
        mark.signature = _TEXT_SIGNATURE + signature


def _growing(draft: Draft, kind: Kind) -> Block:
    """The last block if it is of this kind, and can grow: a signed one is complete."""
    last = next(reversed(draft.blocks.values()), None)
    if last is not None and last.kind is kind and not last.signature:
        return last
    return draft.block(len(draft.blocks), kind)
