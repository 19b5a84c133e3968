"""Three wires against llama.cpp's own server, with real inference by SmolLM2-135M.

What the model says is not asserted, except that it goes on with what it has seen three times.
"""

from __future__ import annotations

import sys
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from subprocess import PIPE, Popen

import orjson
import pytest

from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, user
from parallel_agents.core.model import Finish, Model, ModelRequest
from parallel_agents.core.schema import JsonObject, Schema
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.dialect import Structured
from parallel_agents.models.http import Http
from parallel_agents.models.local.known import find_model
from parallel_agents.models.providers import Wire
from parallel_agents.models.retrying import Retrying
from parallel_agents.models.wires.model import WireModel
from parallel_agents.testing.listener import RecordingListener
from tests.integration.wire_rig import MODES, NAME, endpoint_of, structured_by
from tests.local_models import SMALL, fetched

pytestmark = [pytest.mark.local_model, pytest.mark.timeout(600)]

WIRES = [Wire.CHAT, Wire.ANTHROPIC, Wire.RESPONSES]
PROGRAM = Path(__file__).with_name("llama_program.py")
WORD: JsonObject = {
    "type": "object",
    "properties": {"word": {"type": "string", "maxLength": 12}},
    "required": ["word"],
    "additionalProperties": False,
}
LOOK_UP = ToolSpec("look_up", "Look a word up.", WORD)


@pytest.fixture(scope="module")
def origin() -> Generator[str]:
    """The address of the server."""
    file = fetched(SMALL) / find_model(SMALL).file
    command = (sys.executable, str(PROGRAM), str(file))
    with Popen(command, stdin=PIPE, stdout=PIPE, text=True) as process:  # closes stdin at its end
        assert process.stdout is not None
        yield process.stdout.readline().strip()


@asynccontextmanager
async def model_of(
    wire: Wire, origin: str, structured: Structured = Structured.PROMPT
) -> AsyncGenerator[Model]:
    base_url = origin if wire is Wire.ANTHROPIC else f"{origin}/v1"
    http = Http()
    try:
        # The server closes the connection after a stream, perhaps under the next request.
        yield Retrying(
            WireModel(NAME, endpoint_of(wire, base_url, structured_by(structured)), http)
        )
    finally:
        await http.aclose()


def looked_up(word: str) -> tuple[Message, ...]:
    call = ToolCall(f"call_{word}", "look_up", {"word": word})
    return (
        user(f"Look up {word}."),
        Message(Role.ASSISTANT, (call,)),
        Message(Role.TOOL, (ToolResult(call.id, "look_up", f"{word}: a noun"),)),
    )


STORY = ModelRequest(
    messages=(user("Tell me a long story about the sea."),),
    system="You tell stories.",
    temperature=0.0,
    max_output_tokens=16,  # the fewest that Responses takes
)
HISTORY = (*looked_up("milk"), *looked_up("bread"), *looked_up("salt"))
TEA = replace(
    STORY,
    messages=(*HISTORY, user("Look up tea.")),
    system="Be brief.",
    tools=(LOOK_UP,),
    max_output_tokens=60,
)


@pytest.mark.parametrize("wire", WIRES)
async def test_a_text_is_counted_and_its_cut_is_told(wire: Wire, origin: str) -> None:
    async with model_of(wire, origin) as model:
        ear = RecordingListener(wants_text=True)
        whole = await model.respond(STORY)
        streamed = await model.respond(STORY, ear)

    assert whole.message.text
    assert streamed.message.text == "".join(ear.pieces)
    assert [whole.finish, streamed.finish] == [Finish.LENGTH] * 2
    assert [whole.usage.output_tokens, streamed.usage.output_tokens] == [16, 16]
    assert not whole.is_estimated


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
async def test_a_tool_is_called_and_its_result_is_read(
    wire: Wire, mode: str, origin: str, pytestconfig: pytest.Config
) -> None:
    if wire is not Wire.CHAT and mode == "whole" and not pytestconfig.getoption("--long"):
        pytest.skip("seconds of inference; the stream of this wire is tried: --long")
    ear = RecordingListener(wants_text=mode == "stream")
    async with model_of(wire, origin) as model:
        asked = await model.respond(TEA, ear)
        (call,) = asked.message.tool_calls
        result = Message(Role.TOOL, (ToolResult(call.id, "look_up", "tea: a drink"),))
        answered = await model.respond(
            replace(TEA, messages=(*TEA.messages, asked.message, result), max_output_tokens=8), ear
        )

    assert asked.finish is Finish.TOOLS
    assert call.name == "look_up"
    assert call.arguments == {"word": "tea"}
    assert answered.usage.output_tokens > 0  # what it says would take long


@pytest.mark.parametrize("mode", MODES)
async def test_an_answer_matches_its_schema(mode: str, origin: str) -> None:
    # The server enforces schemas on Chat alone: on the other wires it reads past the field.
    ear = RecordingListener(wants_text=mode == "stream")
    async with model_of(Wire.CHAT, origin, Structured.JSON_SCHEMA) as model:
        reply = await model.respond(replace(STORY, output_schema=WORD, max_output_tokens=60), ear)

    assert Schema(WORD).problems(orjson.loads(reply.message.text)) == []
