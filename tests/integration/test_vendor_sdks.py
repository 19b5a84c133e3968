"""What we send and read, held against the SDKs of OpenAI, Anthropic and Google.

The types of their requests accept what we send, their types of replies build what we read, and their
clients read what the loopback provider sends: it speaks the formats that the vendors speak.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from typing import Any

import orjson
import pytest

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.artifact import Artifact
from parallel_agents.core.attachment import examine
from parallel_agents.core.message import (
    File,
    Message,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    assistant,
    user,
)
from parallel_agents.core.model import Finish, ModelRequest
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import Usage
from parallel_agents.models.dialect import Structured
from parallel_agents.models.providers import Wire
from parallel_agents.testing.behaviour import (
    Behaviour,
    Garbage,
    HttpError,
    Refusal,
    first,
)
from parallel_agents.testing.provider import LoopbackProvider
from tests.integration.typed_dicts import find_problem
from tests.integration.wire_rig import MODES, WIRES, answers, ask, fails, structured_by
from tests.unit.models.images import pdf, png

pytestmark = [
    pytest.mark.timeout(120),
    # Of google-genai's client, at each call.
    pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning"),
]

LOOK = ToolSpec(
    "look",
    "Look.",
    {
        "type": "object",
        "properties": {"at": {"type": "string", "enum": ["it"]}},
        "required": ["at"],
        "additionalProperties": False,
    },
)
CALL = ToolCall("call_1", "look", {"at": "it"})
OTHER = ToolCall("call_2", "look", {})
USAGE = Usage(input_tokens=200, output_tokens=50, cache_read_tokens=800)
HELLO = ModelRequest(messages=(user("hello"),), system="Be brief.", tools=(LOOK,))


def sdks() -> Any:
    """What is made with the SDKs."""
    return import_module("tests.integration.vendor_sdks")


@pytest.mark.parametrize("wire", WIRES)
async def test_a_reply_that_a_vendors_types_write_is_read(wire: Wire) -> None:
    behaviour = fails(Garbage(sdks().written(wire), "application/json"))

    reply, _ = await ask(wire, HELLO, behaviour)

    thoughts = [part.text for part in reply.message.parts if isinstance(part, Thinking)]
    assert reply.message.text == "I look."
    assert [replace(call, signature="") for call in reply.message.tool_calls] == [CALL]
    assert [text for text in thoughts if text] == ([] if wire is Wire.CHAT else ["hm"])
    assert reply.usage == Usage(input_tokens=9, output_tokens=5)
    assert reply.finish is Finish.TOOLS


# What we send, which the vendors' types accept


async def transcript(wire: Wire) -> tuple[Message, ...]:
    """All that a request can hold: a reply of the vendor itself, one of another, and results."""
    reply, _ = await ask(wire, HELLO, fails(Garbage(sdks().written(wire), "application/json")))
    foreign = (Thinking("hm", "foreign"), Text("I look too."), replace(CALL, id="functions.look:0"))
    return (
        user("look"),
        reply.message,
        Message(Role.TOOL, (ToolResult("call_1", "look", "nothing"),)),
        Message(Role.ASSISTANT, (*foreign, OTHER), "other/m"),
        Message(
            Role.TOOL,
            (
                ToolResult("functions.look:0", "look", "gone", is_error=True),
                ToolResult("call_2", "look", ""),
            ),
        ),
        user("and?"),
    )


@pytest.mark.parametrize("thinking", [None, ThinkingLevel.HIGH])
@pytest.mark.parametrize("structured", [None, *Structured])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
async def test_a_vendors_types_accept_what_we_send(
    wire: Wire, mode: str, structured: Structured | None, thinking: ThinkingLevel | None
) -> None:
    request = replace(
        HELLO,
        messages=await transcript(wire),
        # Anthropic's newest models have none, and neither have its types.
        temperature=None if wire is Wire.ANTHROPIC else 0.5,
        thinking=thinking,
        output_schema=None if structured is None else LOOK.parameters,
    )
    changes = structured_by(structured) if structured else None

    _, body = await ask(wire, request, answers((CALL,)), mode=mode, changes=changes)

    assert sdks().problem_of(wire, mode, body) is None


def shown(name: str, content: bytes) -> File:
    shape = examine(content, name)
    artifact = Artifact(
        id=hashlib.sha256(content).hexdigest(),
        name=name,
        media_type=shape.media_type,
        size=len(content),
    )
    return File(name=name, artifact=artifact, pages=shape.pages)


@pytest.mark.parametrize("wire", WIRES)
async def test_a_vendors_types_accept_images_and_pdfs(wire: Wire) -> None:
    contents = {"chart.png": png(), "paper.pdf": pdf()}
    files = [shown(name, content) for name, content in contents.items()]
    encoded = [base64.b64encode(content).decode() for content in contents.values()]
    request = replace(
        HELLO,
        messages=(user("Compare.", files), assistant("Done."), user("Again?")),
        files={file.id: text for file, text in zip(files, encoded, strict=True)},
    )

    _, body = await ask(wire, request, answers((CALL,)), mode="whole")

    assert sdks().problem_of(wire, "whole", body) is None
    sent = orjson.dumps(body).decode()
    assert all(sent.count(text) == 1 for text in encoded)
    assert sent.index(encoded[0]) < sent.index(encoded[1]) < sent.index("Compare.")


def test_the_check_of_types_finds_what_is_wrong() -> None:
    expected = sdks().REQUESTS[Wire.RESPONSES, "whole"]
    message: JsonObject = {"type": "message", "role": "user", "content": "a"}
    call: JsonObject = {"type": "function_call", "name": "look", "arguments": "{}"}

    assert find_problem({"model": "m", "input": [message]}, expected) is None
    assert find_problem({"model": "m", "inputs": [message]}, expected) == ".inputs: is not a field"
    assert find_problem({"model": "m", "stream": 1}, expected) is not None
    assert find_problem({"model": "m", "input": [call]}, expected) is not None
    assert find_problem({"model": "m", "reasoning": {"effort": "much"}}, expected) is not None


# What the loopback provider sends, which the vendors' clients read

REASONS: Mapping[Wire, tuple[str, str, str]] = {
    Wire.CHAT: ("stop", "tool_calls", "stop"),
    Wire.ANTHROPIC: ("end_turn", "tool_use", "refusal"),
    Wire.RESPONSES: ("completed", "completed", "completed"),
    Wire.GEMINI: ("STOP", "STOP", "SAFETY"),
}


async def read_by_vendor(
    wire: Wire, mode: str, behaviour: Behaviour
) -> tuple[str, list[tuple[str, object]], str]:
    async with LoopbackProvider(replace(behaviour, usage=USAGE)) as provider:
        return await sdks().READERS[wire](provider, mode)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
async def test_a_vendors_client_reads_a_text(wire: Wire, mode: str) -> None:
    text, calls, reason = await read_by_vendor(wire, mode, answers("Grüße aus der Schleife"))

    assert text == "Grüße aus der Schleife"
    assert calls == []
    assert reason == REASONS[wire][0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
async def test_a_vendors_client_reads_calls(wire: Wire, mode: str) -> None:
    _, calls, reason = await read_by_vendor(wire, mode, answers((CALL, OTHER)))

    assert calls == [("look", {"at": "it"}), ("look", {})]
    assert reason == REASONS[wire][1]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
async def test_a_vendors_client_reads_a_refusal(wire: Wire, mode: str) -> None:
    text, _, reason = await read_by_vendor(wire, mode, fails_always(Refusal("I cannot.")))

    assert text == ("I cannot." if wire in {Wire.CHAT, Wire.RESPONSES} else "")
    assert reason == REASONS[wire][2]


def fails_always(fault: Refusal | HttpError) -> Behaviour:
    return Behaviour(fault=first(9, fault))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
async def test_a_vendors_client_reads_an_error(wire: Wire, mode: str) -> None:
    with pytest.raises(sdks().ERRORS[wire], match="slow down"):
        await read_by_vendor(wire, mode, fails_always(HttpError(429, "slow down")))
