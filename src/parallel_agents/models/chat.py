"""Chat: OpenAI's Chat Completions, the wire that most servers speak.

Format: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import Message, Role, Thinking, ToolCall, ToolResult
from parallel_agents.core.model import Capabilities, Finish, Listener, ModelReply, ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import Usage
from parallel_agents.errors import MalformedReply, ModelRefused, StreamCut
from parallel_agents.models.base_url import join_url
from parallel_agents.models.draft import Draft, Kind
from parallel_agents.models.failures import from_error_object, make_failure
from parallel_agents.models.http import DONE, Http
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
from parallel_agents.models.structured import (
    FINAL_ANSWER,
    final_answer_tool,
    is_strict,
    with_schema,
)

_FINISH = {
    "stop": Finish.STOP,
    "tool_calls": Finish.TOOLS,
    "function_call": Finish.TOOLS,
    "length": Finish.LENGTH,
    "model_length": Finish.LENGTH,
}
_FORCED_ANSWER: JsonObject = {"type": "function", "function": {"name": FINAL_ANSWER}}
_THINKING, _TEXT, _FIRST_CALL = 0, 1, 2  # block positions in a draft; the wire has no order


class Chat:
    """A model behind a Chat Completions server; the owner of `http` closes it."""

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
        self._url = join_url(endpoint.base_url, "/chat/completions")
        self._encode = _encode_with_thinking if endpoint.returns_thinking else _encode
        self._headers = {
            "Content-Type": "application/json",
            **endpoint.headers,
            **endpoint.auth_headers,
        }

    async def start(self) -> None:
        """There is nothing to prepare."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        answers_by_tool = (
            request.output_schema is not None and self._endpoint.structured is Structured.TOOL
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
            what = "sent a reply that is not formed as Chat Completions says"
            raise make_failure(MalformedReply, self._endpoint, what, why=str(error)) from error

    async def aclose(self) -> None:
        """There is nothing to release."""

    async def _ask(self, request: ModelRequest, draft: Draft) -> None:
        body = dump_body(self._body(request))
        value = await self._http.post_json(
            self._url, self._headers, body=body, endpoint=self._endpoint
        )
        self._take(to_object(value, "the reply"), draft, "message")
        if not (draft.blocks or draft.finish or draft.refusal):
            raise ShapeError("it holds no message and no finish_reason")

    async def _stream(self, request: ModelRequest, draft: Draft) -> None:
        body = self._body(request) | {"stream": True}
        if self._endpoint.asks_for_usage:
            body["stream_options"] = {"include_usage": True}
        events = self._http.stream(
            self._url, self._headers, body=dump_body(body), endpoint=self._endpoint
        )
        is_done = False
        async with aclosing(events):
            async for event in events:
                if event == DONE:
                    is_done = True  # read to the end, or the connection cannot be reused
                else:
                    self._take(to_object(event, "an event"), draft, "delta")
        if not is_done and draft.finish is None:
            raise make_failure(StreamCut, self._endpoint, "ended its stream without a finish")

    def _take(self, value: JsonObject, draft: Draft, field: str) -> None:
        """Apply a reply, or an event of one; only the name of the field differs."""
        if value.get("error"):
            raise from_error_object(self._endpoint, value)
        if value.get("usage"):
            draft.usage = _usage(object_at(value, "usage"))
        for choice in objects_at(value, "choices"):
            _take_message(object_at(choice, field), draft)
            reason = text_at(choice, "finish_reason")
            if reason == "content_filter":
                draft.refusal = draft.refusal or "its content filter stopped the reply"
            if reason:
                draft.finish = _FINISH.get(reason, Finish.STOP)

    def _body(self, request: ModelRequest) -> Body:
        system, tools = request.system, request.tools
        extra: Body = {}
        if request.output_schema is not None:
            match self._endpoint.structured:
                case Structured.PROMPT:
                    system = with_schema(system, request.output_schema)
                case Structured.TOOL:
                    extra["tool_choice"] = "required" if tools else _FORCED_ANSWER
                    tools = (*tools, final_answer_tool(request.output_schema))
                case Structured.JSON_SCHEMA:
                    extra["response_format"] = _response_format(request.output_schema)
        if tools:
            extra["tools"] = array_of(spec.encoded(_encode_tool) for spec in tools)
        if request.temperature is not None:
            extra["temperature"] = request.temperature
        if request.thinking not in (None, ThinkingLevel.OFF):
            extra["reasoning_effort"] = request.thinking.value
        messages = [message.encoded(self._encode) for message in request.messages]
        if system:
            messages.insert(0, dump({"role": "system", "content": system}))
        return {
            "model": self._id,
            "messages": array_of(messages),
            self._endpoint.max_tokens_field: request.max_output_tokens,
            **extra,
        }


def _take_message(message: JsonObject, draft: Draft) -> None:
    thinking = text_at(message, "reasoning_content") or text_at(message, "reasoning")
    if thinking:
        draft.add(draft.block(_THINKING, Kind.THINKING), thinking)
    text = _content(message)
    if text:
        draft.add(draft.block(_TEXT, Kind.TEXT), text)
    draft.refusal += text_at(message, "refusal")
    for position, call in enumerate(objects_at(message, "tool_calls")):
        index = count_at(call, "index") if "index" in call else position
        block = draft.block(_FIRST_CALL + index, Kind.CALL)
        function = object_at(call, "function")
        block.id = block.id or text_at(call, "id")
        block.name = block.name or text_at(function, "name")
        arguments = function.get("arguments")
        whole = dump(arguments).decode() if isinstance(arguments, dict) else None
        draft.add(block, whole or text_at(function, "arguments"))


def _content(message: JsonObject) -> str:
    """The text; some servers send it as a list of typed parts."""
    if isinstance(message.get("content"), list):
        return "".join(text_at(part, "text") for part in objects_at(message, "content"))
    return text_at(message, "content")


def _usage(usage: JsonObject) -> Usage:
    """Tokens as `Usage` counts them; the wire's prompt tokens include cached ones."""
    cached = count_at(object_at(usage, "prompt_tokens_details"), "cached_tokens")
    prompt = count_at(usage, "prompt_tokens")
    return Usage(
        input_tokens=max(0, prompt - cached),
        output_tokens=count_at(usage, "completion_tokens"),
        cache_read_tokens=cached,
    )


def _response_format(schema: JsonObject) -> JsonObject:
    answer: JsonObject = {"name": "answer", "schema": schema, "strict": is_strict(schema)}
    return {"type": "json_schema", "json_schema": answer}


def _encode_tool(spec: ToolSpec) -> bytes:
    function: JsonObject = {
        "name": spec.name,
        "description": spec.description,
        "parameters": spec.parameters,
    }
    return dump({"type": "function", "function": function})


def _encode(message: Message) -> bytes:
    return _encode_by(message, _assistant)


def _encode_with_thinking(message: Message) -> bytes:
    return _encode_by(message, _assistant_with_thinking)


def _encode_by(message: Message, assistant: Callable[[Message], JsonObject]) -> bytes:
    """The message as the wire has it: each tool result is a message of its own."""
    match message.role:
        case Role.USER:
            return dump({"role": "user", "content": message.text})
        case Role.ASSISTANT:
            return dump(assistant(message))
        case Role.TOOL:
            results = [part for part in message.parts if isinstance(part, ToolResult)]
            return b",".join([dump(_result(part)) for part in results])


def _result(result: ToolResult) -> JsonObject:
    return {"role": "tool", "tool_call_id": result.call_id, "content": result.content}


def _assistant(message: Message) -> JsonObject:
    calls = [_call(call) for call in message.tool_calls]
    if not calls:
        return {"role": "assistant", "content": message.text}
    return {"role": "assistant", "content": message.text or None, "tool_calls": calls}


def _assistant_with_thinking(message: Message) -> JsonObject:
    thinking = "".join(part.text for part in message.parts if isinstance(part, Thinking))
    encoded = _assistant(message)
    return {**encoded, "reasoning_content": thinking} if thinking else encoded


def _call(call: ToolCall) -> JsonObject:
    function: JsonObject = {"name": call.name, "arguments": dump(call.arguments).decode()}
    return {"id": call.id, "type": "function", "function": function}
