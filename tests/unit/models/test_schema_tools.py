from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field

import orjson
import pytest

from parallel_agents.core.message import (
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    assistant,
    user,
)
from parallel_agents.core.model import Capabilities, Finish, Listener, ModelReply, ModelRequest
from parallel_agents.core.schema import Json, JsonObject, Schema
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ModelSlipped, Overloaded, ProviderError, RequestRejected
from parallel_agents.models.schema_tools import SchemaTools

WEATHER = ToolSpec(
    "get_weather",
    "current weather of a city",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        },
        "required": ["city", "unit"],
        "additionalProperties": False,
    },
)
TREE = ToolSpec(
    "save_tree",
    "save a tree",
    {
        "type": "object",
        "properties": {"root": {"$ref": "#/$defs/Node"}},
        "required": ["root"],
        "$defs": {
            "Node": {
                "type": "object",
                "properties": {"children": {"type": "array", "items": {"$ref": "#/$defs/Node"}}},
                "required": ["children"],
                "additionalProperties": False,
            }
        },
    },
)
CAPTION: JsonObject = {
    "type": "object",
    "properties": {"content": {"type": "string"}},
    "required": ["content"],
}


@dataclass
class OneReply:
    """A model that answers once and records its request."""

    parts: tuple[Part, ...]
    finish: Finish = Finish.STOP
    name: str = "local/fake"
    capabilities: Capabilities = Capabilities()
    requests: list[ModelRequest] = field(default_factory=list[ModelRequest])

    async def start(self) -> None:
        """It is ready."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        self.requests.append(request)
        if listener is not None:
            listener.retrying(Overloaded("busy"), attempt=1, wait_seconds=0.0)
            if listener.wants_text:
                listener.text("piece")
        return ModelReply(
            message=Message(Role.ASSISTANT, self.parts),
            model=self.name,
            finish=self.finish,
            usage=Usage(7, 5),
        )

    async def aclose(self) -> None:
        self.requests.clear()


@dataclass
class Reader:
    """A listener that wants everything."""

    wants_text: bool = True
    keeps_text: bool = True
    pieces: list[str] = field(default_factory=list[str])
    retries: int = 0

    def text(self, piece: str) -> None:
        self.pieces.append(piece)

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        self.retries += 1

    def waiting(self, reason: str, seconds: float) -> None: ...

    def noticed(self, text: str) -> None: ...

    def unanswered(self) -> None: ...

    def resting(self) -> AbstractContextManager[None]:
        return nullcontext()


def answering(value: Json) -> OneReply:
    return OneReply((Text(orjson.dumps(value).decode()),))


def asking(*tools: ToolSpec, output_schema: JsonObject | None = None) -> ModelRequest:
    return ModelRequest(
        messages=(user("Oslo?"),), system="You help.", tools=tools, output_schema=output_schema
    )


async def respond(
    model: OneReply, request: ModelRequest, listener: Listener | None = None
) -> ModelReply:
    return await SchemaTools(model).respond(request, listener)


async def test_a_request_without_tools_passes_through() -> None:
    model, request = OneReply((Text("Hello"),)), asking(output_schema=CAPTION)

    reply = await respond(model, request)

    assert model.requests == [request]
    assert reply.message.text == "Hello"


async def test_a_chosen_tool_becomes_a_tool_call() -> None:
    arguments = {"city": "Oslo", "unit": "celsius"}
    model = answering({"tool": "get_weather", "arguments": arguments})

    reply = await respond(model, asking(WEATHER))

    (call,) = reply.message.tool_calls
    assert call.name == "get_weather"
    assert call.arguments == arguments
    assert reply.finish is Finish.TOOLS
    assert reply.usage == Usage(7, 5)


async def test_each_call_has_a_unique_id() -> None:
    model = answering({"tool": "get_weather", "arguments": {"city": "Oslo", "unit": "celsius"}})

    ids = {(await respond(model, asking(WEATHER))).message.tool_calls[0].id for _ in range(3)}

    assert len(ids) == 3


async def test_the_final_answer_becomes_plain_text() -> None:
    model = answering({"tool": "final_answer", "arguments": {"text": "4 degrees"}})

    reply = await respond(model, asking(WEATHER))

    assert reply.message == assistant("4 degrees")
    assert reply.finish is Finish.STOP


async def test_the_final_answer_with_a_schema_becomes_compact_json() -> None:
    model = answering({"tool": "final_answer", "arguments": {"content": "Rain"}})

    reply = await respond(model, asking(WEATHER, output_schema=CAPTION))

    assert reply.message.text == '{"content":"Rain"}'


async def test_thinking_before_the_choice_is_kept() -> None:
    thought = Thinking("It asks for weather.")
    model = answering({"tool": "final_answer", "arguments": {"text": "4 degrees"}})
    model.parts = (thought, *model.parts)

    reply = await respond(model, asking(WEATHER))

    assert reply.message.parts == (thought, Text("4 degrees"))


async def test_a_cut_reply_is_passed_on_unchanged() -> None:
    model = OneReply((Text('{"tool":"get_wea'),), finish=Finish.LENGTH)

    reply = await respond(model, asking(WEATHER))

    assert reply.finish is Finish.LENGTH
    assert reply.message.text == '{"tool":"get_wea'


@pytest.mark.parametrize(
    "text",
    [
        "It rains.",
        "[1]",
        '{"tool":"launch_rocket","arguments":{}}',
        '{"tool":"get_weather","arguments":"Oslo"}',
        '{"tool":"get_weather"}',
        '{"tool":"final_answer","arguments":{"content":"Rain"}}',
        '{"tool":"final_answer","arguments":{"text":4}}',
    ],
)
async def test_a_reply_that_matches_no_choice_is_a_slip_of_the_model(text: str) -> None:
    with pytest.raises(ModelSlipped, match="local/fake"):
        await respond(OneReply((Text(text),)), asking(WEATHER))


async def test_the_request_has_one_schema_that_accepts_every_choice_and_nothing_else() -> None:
    model = answering({"tool": "final_answer", "arguments": {"text": "4 degrees"}})
    good: list[Json] = [
        {"tool": "get_weather", "arguments": {"city": "Oslo", "unit": "celsius"}},
        {"tool": "save_tree", "arguments": {"root": {"children": [{"children": []}]}}},
        {"tool": "final_answer", "arguments": {"text": "4 degrees"}},
    ]
    bad: list[Json] = [
        {"tool": "get_weather", "arguments": {"city": "Oslo", "unit": "kelvin"}},
        {"tool": "save_tree", "arguments": {"root": {"children": [{"child": 1}]}}},
        {"tool": "final_answer", "arguments": {}},
        {"tool": "other", "arguments": {}},
    ]

    await respond(model, asking(WEATHER, TREE))

    (request,) = model.requests
    assert request.tools == ()
    assert request.output_schema is not None
    schema = Schema(request.output_schema)
    assert [schema.problems(value) for value in good] == [[], [], []]
    assert all(schema.problems(value) for value in bad)


async def test_the_instructions_come_before_one_line_per_choice() -> None:
    model = answering({"tool": "final_answer", "arguments": {"content": "Rain"}})

    await respond(model, asking(WEATHER, output_schema=CAPTION))

    lines = model.requests[0].system.splitlines()
    assert lines[0] == "You help."
    assert lines[-2] == (
        "- get_weather(city, unit one of celsius|fahrenheit): current weather of a city"
    )
    assert lines[-1].startswith("- final_answer(content): ")


async def test_calls_and_results_of_the_transcript_become_text() -> None:
    model = answering({"tool": "final_answer", "arguments": {"text": "4 degrees"}})
    calls = Message(
        Role.ASSISTANT, (Text("I look."), ToolCall("c1", "get_weather", {"city": "Oslo"}))
    )
    results = Message(
        Role.TOOL,
        (
            ToolResult("c1", "get_weather", "4 degrees"),
            ToolResult("c2", "get_weather", "no such city", is_error=True),
        ),
    )
    request = ModelRequest(messages=(user("Oslo?"), calls, results), tools=(WEATHER,))

    await respond(model, request)

    assert model.requests[0].messages == (
        user("Oslo?"),
        assistant('I look.\n{"tool":"get_weather","arguments":{"city":"Oslo"}}'),
        user("Result of get_weather: 4 degrees\nError of get_weather: no such city"),
    )


async def test_a_tool_with_the_name_of_the_answer_is_refused() -> None:
    model = answering({})

    with pytest.raises(RequestRejected, match="final_answer"):
        await respond(model, asking(ToolSpec("final_answer", "mine", {"type": "object"})))

    assert model.requests == []


async def test_a_choice_is_not_streamed_but_retries_are_reported() -> None:
    model, reader = (
        answering({"tool": "final_answer", "arguments": {"text": "4 degrees"}}),
        Reader(),
    )

    await respond(model, asking(WEATHER), reader)

    assert reader.pieces == []
    assert reader.retries == 1


async def test_text_without_tools_is_streamed() -> None:
    reader = Reader()

    await respond(OneReply((Text("Hello"),)), asking(), reader)

    assert reader.pieces == ["piece"]


def test_name_capabilities_and_closing_are_forwarded_to_the_model() -> None:
    model = OneReply((Text("Hello"),))
    wrapped = SchemaTools(model)
    asyncio.run(wrapped.respond(asking()))

    asyncio.run(wrapped.aclose())

    assert wrapped.name == model.name
    assert wrapped.capabilities == model.capabilities
    assert model.requests == []
