"""SchemaTools: tool calls for a model without native tools, as one JSON Schema of all choices.

Models with a billion parameters ignore native tools, but follow a schema that the server enforces.
So each reply is one object, `{"tool": NAME, "arguments": {...}}`, and `final_answer` is a valid name.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from parallel_agents.core.cutting import head
from parallel_agents.core.message import (
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from parallel_agents.core.model import Finish, Listener, Model, ModelReply, ModelRequest
from parallel_agents.core.schema import Json, JsonObject, find_json
from parallel_agents.core.tool import ToolSpec
from parallel_agents.errors import ModelSlipped, RequestRejected
from parallel_agents.models.shapes import dump
from parallel_agents.models.wires.structured import FINAL_ANSWER
from parallel_agents.models.wrapped import WrappedListener

_TEXT_ANSWER: JsonObject = {
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
    "additionalProperties": False,
}


class SchemaTools:
    """Wraps a model and offers it tools as a schema; requests without tools pass through."""

    def __init__(self, model: Model) -> None:
        self.name = model.name
        self.capabilities = model.capabilities
        self._model = model

    async def start(self) -> None:
        await self._model.start()

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message; a request with tools streams no text.

        Raises:
            ModelSlipped: the reply matches none of the choices.
            RequestRejected: a tool has the name that is reserved for the answer.
            ProviderError: as the model raises it.
        """
        plain = replace(request, messages=tuple(_as_text(message) for message in request.messages))
        if not request.tools:
            return await self._model.respond(plain, listener)
        reply = await self._model.respond(_with_union(plain), _Silent(listener))
        if reply.finish is not Finish.STOP:
            return reply
        return _from_union(reply, request)

    async def aclose(self) -> None:
        await self._model.aclose()


class _Silent(WrappedListener):
    """Forwards everything except text: a choice in JSON is not for readers."""

    wants_text = False

    def text(self, piece: str) -> None:
        """Drop the piece."""


def _with_union(request: ModelRequest) -> ModelRequest:
    if any(tool.name == FINAL_ANSWER for tool in request.tools):
        raise RequestRejected(
            f"a tool is named '{FINAL_ANSWER}'",
            why="models without native tools use that name for their answer",
            hint="rename the tool, or use another model",
        )
    answer = request.output_schema or _TEXT_ANSWER
    choices = [*((tool.name, tool.parameters) for tool in request.tools), (FINAL_ANSWER, answer)]
    return replace(
        request,
        system=f"{request.system}\n\n{_tool_lines(request.tools, answer)}".strip(),
        tools=(),
        output_schema={
            "anyOf": [
                _choice(name, _moved(schema, f"#/anyOf/{index}/properties/arguments"))
                for index, (name, schema) in enumerate(choices)
            ]
        },
    )


def _tool_lines(tools: Sequence[ToolSpec], answer: JsonObject) -> str:
    """The prompt that lists the choices: short, since a small machine reads 75 tokens a second."""
    return "\n".join(
        (
            'Reply with one JSON object: {"tool": NAME, "arguments": {...}}. The tools:',
            *(f"- {tool.name}({_fields(tool.parameters)}): {tool.description}" for tool in tools),
            f"- {FINAL_ANSWER}({_fields(answer)}): the answer, as soon as nothing else is needed",
        )
    )


def _fields(schema: JsonObject) -> str:
    properties = schema.get("properties")
    if not isinstance(properties, Mapping):
        return ""
    return ", ".join(f"{name}{_one_of(value)}" for name, value in properties.items())


def _one_of(schema: Json) -> str:
    values = schema.get("enum") if isinstance(schema, Mapping) else None
    if not isinstance(values, Sequence):
        return ""
    return " one of " + "|".join(str(value) for value in values)


def _choice(name: str, arguments: Json) -> JsonObject:
    return {
        "type": "object",
        "properties": {"tool": {"type": "string", "const": name}, "arguments": arguments},
        "required": ["tool", "arguments"],
        "additionalProperties": False,
    }


def _moved(schema: Json, pointer: str) -> Json:
    """The schema with its internal references moved to `pointer`, its position in the union."""
    match schema:
        case str():
            return schema
        case Mapping():
            return {key: _reference(key, value, pointer) for key, value in schema.items()}
        case Sequence():
            return [_moved(item, pointer) for item in schema]
        case _:
            return schema


def _reference(key: str, value: Json, pointer: str) -> Json:
    if key == "$ref" and isinstance(value, str) and value.startswith("#"):
        return pointer + value[1:]
    return _moved(value, pointer)


def _as_text(message: Message) -> Message:
    """The message with calls and results as text, in the form in which the model writes them."""
    if message.role is Role.TOOL:
        return Message(Role.USER, (Text("\n".join(_result_lines(message))),))
    if not message.tool_calls:
        return message
    return Message(message.role, (Text("\n".join(_call_lines(message))),))


def _call_lines(message: Message) -> Iterator[str]:
    if message.text:
        yield message.text
    for call in message.tool_calls:
        yield dump({"tool": call.name, "arguments": call.arguments}).decode()


def _result_lines(message: Message) -> Iterator[str]:
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield f"{'Error' if part.is_error else 'Result'} of {part.name}: {part.content}"


def _from_union(reply: ModelReply, request: ModelRequest) -> ModelReply:
    """The reply with its JSON turned into the call or the answer that it encodes."""
    try:
        choice = find_json(reply.message.text)
    except ValueError as error:
        raise _malformed(reply, str(error)) from error
    match choice:
        case {"tool": str(name), "arguments": arguments} if name == FINAL_ANSWER:
            return _with_part(reply, Text(_answer(reply, request, arguments)), Finish.STOP)
        case {"tool": str(name), "arguments": {**arguments}} if _offers(request, name):
            call = ToolCall(f"call_{uuid.uuid4().hex[:12]}", name, arguments)
            return _with_part(reply, call, Finish.TOOLS)
        case _:
            raise _malformed(reply, "it names neither an offered tool nor the answer")


def _answer(reply: ModelReply, request: ModelRequest, arguments: Json) -> str:
    if request.output_schema is not None:
        return dump(arguments).decode()
    match arguments:
        case {"text": str(text)}:
            return text
        case _:
            raise _malformed(reply, "the answer has no text")


def _offers(request: ModelRequest, name: str) -> bool:
    return any(tool.name == name for tool in request.tools)


def _with_part(reply: ModelReply, part: Part, finish: Finish) -> ModelReply:
    thinking = tuple(part for part in reply.message.parts if isinstance(part, Thinking))
    return replace(reply, message=Message(Role.ASSISTANT, (*thinking, part)), finish=finish)


def _malformed(reply: ModelReply, why: str) -> ModelSlipped:
    return ModelSlipped(
        f"{reply.model} did not choose a tool: {head(reply.message.text, 80)!r}",
        why=why,
        hint="run it again, or choose a stronger model (--model, in Python model=)",
    )
