"""Chat: OpenAI's Chat Completions, the wire that most servers speak.

Format: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import Message, Role, Thinking, ToolCall, ToolResult
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.dialect import Dialect, Replay, Structured, ThinkingForm
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
from parallel_agents.models.wires.call_pieces import take_call
from parallel_agents.models.wires.codec import (
    Plan,
    data_url,
    encode_message,
    has_content,
    id_on_wire,
    is_own,
    most_output,
    name_on_wire,
    ordered,
    plan_request,
    with_dialect,
)
from parallel_agents.models.wires.details import from_signature, is_signature
from parallel_agents.models.wires.draft import Draft, Kind
from parallel_agents.models.wires.schemas import answer_schema, tool_schema
from parallel_agents.models.wires.structured import FINAL_ANSWER

_FORCED_ANSWER: JsonObject = {"type": "function", "function": {"name": FINAL_ANSWER}}
_PLACEHOLDER = "Continuing."


class Chat:
    """The codec of Chat Completions."""

    def __init__(self, model_id: str, endpoint: Endpoint, dialect: Dialect) -> None:
        self.headers: Mapping[str, str] = {
            "Content-Type": "application/json",
            **endpoint.auth_headers,
            **endpoint.headers,
        }
        self._id = model_id
        self._endpoint = endpoint
        self._dialect = dialect
        self._url = endpoint.url("/chat/completions")
        # Kept: a message stores what the same function encoded.
        self._encode = self._encoded
        self._encode_tool = self._encoded_tool

    def url(self, *, streams: bool) -> str:
        del streams
        return self._url

    def body(self, request: ModelRequest, *, streams: bool) -> Body:
        dialect = self._dialect
        plan = plan_request(request, dialect)
        messages = [self._message(message, request.files) for message in plan.messages]
        if b"" in messages:
            sent = ordered(plan.messages, dialect.roles)
            messages = [self._message(message, request.files) for message in sent]
        if plan.system:
            system: JsonObject = {"role": dialect.system.value, "content": plan.system}
            messages.insert(0, dump(system))
        body: Body = {
            "model": self._id,
            "messages": array_of(messages),
            dialect.max_tokens_field: most_output(request, dialect),
            "stream": streams,
            **self._structure(plan),
        }
        if plan.tools:
            body["tools"] = array_of(spec.encoded(self._encode_tool) for spec in plan.tools)
        if request.temperature is not None:
            body["temperature"] = request.temperature
        if streams and dialect.asks_for_usage:
            body["stream_options"] = {"include_usage": True}
        body.update(self._thinking(request.thinking))
        return with_dialect(body, dialect, request.thinking)

    def take(self, value: JsonObject, draft: Draft) -> None:
        if find_error(value) is not None:
            raise from_error_object(self._endpoint, value)
        usage = value.get("usage")
        choices = objects_at(value, "choices")
        if choices and _begins_again(value, choices[0], draft):
            draft.begin_again()
        for position, choice in enumerate(choices):
            if isinstance(choice.get("usage"), dict):
                usage = choice["usage"]  # Moonshot's streams have it here
            # Perplexity's pieces also repeat the whole message so far.
            is_whole = isinstance(choice.get("message"), dict) and not choice.get("delta")
            if is_whole and not draft.blocks and not draft.arrived:
                draft.is_whole = True
            index = position if is_whole else index_at(choice, "index") or 0
            _take_choice(choice, draft, index=index, is_whole=is_whole)
        if usage is None:
            usage = object_at(value, "x_groq").get("usage")
        draft.take_usage(usage)
        if draft.is_whole and not draft.reason and draft.is_full():
            draft.reason = "length"

    def _structure(self, plan: Plan) -> JsonObject:
        match plan.structured:
            case Structured.JSON_SCHEMA if plan.schema is not None:
                schema, is_strict = answer_schema(plan.schema, self._dialect)
                answer: JsonObject = {"name": "answer", "schema": schema, "strict": is_strict}
                return {"response_format": {"type": "json_schema", "json_schema": answer}}
            case Structured.JSON_OBJECT:
                return {"response_format": {"type": "json_object"}}
            case Structured.TOOL if plan.forces_call:
                return {"tool_choice": "required" if len(plan.tools) > 1 else _FORCED_ANSWER}
            case _:
                return {}

    def _thinking(self, level: ThinkingLevel | None) -> JsonObject:
        if level is None:
            return {}
        is_off, word = level is ThinkingLevel.OFF, self._dialect.effort(level)
        match self._dialect.thinking:
            case ThinkingForm.EFFORT:
                return {"reasoning_effort": word} if word else {}
            case ThinkingForm.ADAPTIVE:
                kind = word if is_off else "adaptive"
                return {"thinking": {"type": kind}} if kind else {}
            case ThinkingForm.TOGGLE:
                kind = (word or "disabled") if is_off else "enabled"
                effort: JsonObject = {"reasoning_effort": word} if word and not is_off else {}
                return {"thinking": {"type": kind}, **effort}
            case _:
                return {}

    def _encoded_tool(self, spec: ToolSpec) -> bytes:
        function: JsonObject = {
            "name": name_on_wire(spec.name),
            "description": spec.description,
            "parameters": tool_schema(spec.parameters, self._dialect),
        }
        return dump({"type": "function", "function": function})

    def _message(self, message: Message, files: Mapping[str, str]) -> bytes:
        return encode_message(message, self._encode, _with_files, files)

    def _encoded(self, message: Message) -> bytes:
        """The message as the wire has it; each tool result is a message of its own."""
        match message.role:
            case Role.USER:
                return dump({"role": "user", "content": message.text})
            case Role.ASSISTANT:
                return dump(self._assistant(message)) if has_content(message) else b""
            case Role.TOOL:
                results = [part for part in message.parts if isinstance(part, ToolResult)]
                return b",".join([dump(self._result(part)) for part in results])

    def _result(self, result: ToolResult) -> JsonObject:
        call_id = id_on_wire(result.call_id, self._dialect.call_ids)
        return {"role": "tool", "tool_call_id": call_id, "content": result.content}

    def _assistant(self, message: Message) -> JsonObject:
        own = is_own(message, self._endpoint.provider)
        calls = [self._call(call, is_own=own) for call in message.tool_calls]
        encoded: dict[str, Json] = {"role": "assistant", "content": message.text or None}
        if calls:
            encoded["tool_calls"] = calls
        encoded.update(self._replayed(message, has_calls=bool(calls), is_own=own))
        return encoded

    def _replayed(self, message: Message, *, has_calls: bool, is_own: bool) -> JsonObject:
        """The reasoning that goes back with a reply."""
        thoughts = [part for part in message.parts if isinstance(part, Thinking)]
        replay = self._dialect.replay
        if replay is Replay.NONE:
            return {}
        details = [part.signature for part in thoughts if is_signature(part.signature)]
        if details and is_own:
            return {"reasoning_details": from_signature(details[-1])}
        if replay is Replay.SIGNED:
            return {}
        text = "".join(part.text for part in thoughts)
        if not text and has_calls and replay is Replay.REQUIRED:
            text = _PLACEHOLDER
        return {"reasoning_content": text} if text else {}

    def _call(self, call: ToolCall, *, is_own: bool) -> JsonObject:
        function: JsonObject = {
            "name": name_on_wire(call.name),
            "arguments": dump(call.arguments).decode(),
        }
        call_id = id_on_wire(call.id, self._dialect.call_ids)
        encoded: JsonObject = {"id": call_id, "type": "function", "function": function}
        if not (call.signature and is_own):
            return encoded
        return {**encoded, "extra_content": {"google": {"thought_signature": call.signature}}}


def _with_files(message: Message, files: Mapping[str, str]) -> bytes:
    parts: list[JsonObject] = []
    for part in message.files:
        url = data_url(part, files)
        if part.shape.is_image:
            parts.append({"type": "image_url", "image_url": {"url": url}})
        else:
            document: JsonObject = {"filename": part.called, "file_data": url}
            parts.append({"type": "file", "file": document})
    return dump({"role": "user", "content": [*parts, {"type": "text", "text": message.text}]})


_WORSE = frozenset({End.CUT, End.WINDOW, End.REFUSED, End.FAILED, End.SLIP})


def _begins_again(value: JsonObject, choice: JsonObject, draft: Draft) -> bool:
    """Whether a chunk opens a reply although one has begun, as when a gateway falls back to another server.

    An opening chunk has a role and no content. Some servers give each chunk an id of its own, so an id
    tells something only once it has stayed the same.
    """
    reply_id = value.get("id")
    if not isinstance(reply_id, str) or not reply_id:
        return False
    before, draft.reply_id = draft.reply_id, reply_id
    if reply_id == before:
        draft.has_lasting_id = True
        return False
    delta = choice.get("delta")
    is_opening = isinstance(delta, dict) and "role" in delta and not delta.get("content")
    return is_opening and draft.has_lasting_id and bool(draft.blocks)


def _take_choice(choice: JsonObject, draft: Draft, *, index: int, is_whole: bool) -> None:
    """Apply a choice; only the first one answers, but the calls may be in another (Copilot)."""
    message = object_at(choice, "message" if is_whole else "delta")
    repeats = is_whole and not draft.is_whole  # the last chunk of a stream has it all once more
    if index == 0:
        _take_text(message, draft, repeats=repeats)
        if "text" in choice and not message:  # the form of the older Completions
            draft.add(draft.block("text", Kind.TEXT), text_at(choice, "text"))
    has_calls = bool(message.get("tool_calls") or message.get("function_call"))
    if repeats and any(block.kind is Kind.CALL for block in draft.blocks.values()):
        has_calls = False
    if has_calls and draft.takes_calls_of(index):
        _take_calls(message, draft, is_whole=is_whole)
    reason = word_at(choice, "finish_reason")
    if reason and (index == 0 or not draft.reason):
        native = word_at(choice, "native_finish_reason")
        draft.reason = native if native and end_of(native) in _WORSE else reason


def _take_text(message: JsonObject, draft: Draft, *, repeats: bool) -> None:
    """Take the text and the reasoning of a message; one that repeats what came completes it."""
    thinking = _first_text(message, ("reasoning_content", "reasoning", "thinking"))
    details = message.get("reasoning_details")
    content = message.get("content")
    text = content if isinstance(content, str) else ""
    if isinstance(content, list):
        text, parted = _parts(content)
        thinking = thinking or parted
    elif content is not None and not isinstance(content, str):
        raise ShapeError("content is not a string")
    if thinking or (isinstance(details, list) and details):
        block = draft.block("thinking", Kind.THINKING)
        if repeats:
            draft.complete(block, thinking)
        else:
            draft.add(block, thinking)
        if isinstance(details, list):
            draft.keep(block, details)
    if text:
        block = draft.block("text", Kind.TEXT)
        if repeats:
            draft.complete(block, text)
        else:
            draft.add(block, text)
    refusal = message.get("refusal")
    if isinstance(refusal, str):
        draft.grow(len(refusal))
        draft.refusal += refusal


def _first_text(message: JsonObject, names: tuple[str, ...]) -> str:
    return next((text for name in names if isinstance(text := message.get(name), str) and text), "")


def _parts(parts: list[Json]) -> tuple[str, str]:
    """The text and the reasoning in a list of typed parts."""
    text: list[str] = []
    thinking: list[str] = []
    for part in parts:
        if isinstance(part, str):
            text.append(part)
        elif isinstance(part, dict):
            inner = part.get("thinking")
            if isinstance(inner, list):
                thinking.append(_parts(inner)[0])
            elif isinstance(inner, str):
                thinking.append(inner)
            else:
                text.append(_first_text(part, ("text", "content")))
    return "".join(text), "".join(thinking)


def _take_calls(message: JsonObject, draft: Draft, *, is_whole: bool) -> None:
    listed = isinstance(message.get("tool_calls"), list)
    for call in objects_at(message, "tool_calls") if listed else ():
        function = object_at(call, "function") or call
        block = take_call(
            draft,
            index_at(call, "index"),
            word_at(call, "id"),
            text_at(function, "name"),
            _arguments(function.get("arguments")),
            is_whole=is_whole,
        )
        google = object_at(object_at(call, "extra_content"), "google")
        block.signature = block.signature or text_at(google, "thought_signature")
    legacy = message.get("function_call")
    if isinstance(legacy, dict):
        arguments = _arguments(legacy.get("arguments"))
        take_call(draft, None, "", text_at(legacy, "name"), arguments, is_whole=is_whole)


def _arguments(value: Json) -> str:
    """The arguments as JSON text; some servers send the value itself."""
    if value is None:
        return ""
    return value if isinstance(value, str) else dump(value).decode()
