"""The SDKs of OpenAI, Anthropic and Google: what they write, accept and read, for test_vendor_sdks.py.

They take two seconds to load, so only the process that runs those tests loads them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anthropic
import openai
import orjson
from anthropic.types import Message as AnthropicMessage, MessageParam, RawMessageStreamEvent
from anthropic.types.message_create_params import (
    MessageCreateParamsNonStreaming,
    MessageCreateParamsStreaming,
)
from google import genai
from google.genai import errors as google_errors, types as google
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.completion_create_params import (
    CompletionCreateParamsNonStreaming,
    CompletionCreateParamsStreaming,
)
from openai.types.responses import Response, ResponseStreamEvent
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming,
    ResponseCreateParamsStreaming,
)
from pydantic import TypeAdapter

from parallel_agents.core.schema import JsonObject
from parallel_agents.models.providers import Wire
from parallel_agents.models.shapes import objects_at
from parallel_agents.testing.provider import LoopbackProvider
from tests.integration.typed_dicts import find_problem
from tests.integration.wire_rig import KEY


def chat_reply() -> ChatCompletion:
    return ChatCompletion.model_validate(
        {
            "id": "c",
            "object": "chat.completion",
            "created": 0,
            "model": "m",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "tool_calls",
                    "message": {
                        "role": "assistant",
                        "content": "I look.",
                        "tool_calls": [
                            {
                                "id": "call_1",
                                "type": "function",
                                "function": {"name": "look", "arguments": '{"at": "it"}'},
                            }
                        ],
                    },
                }
            ],
            "usage": {"prompt_tokens": 9, "completion_tokens": 5, "total_tokens": 14},
        }
    )


def anthropic_reply() -> AnthropicMessage:
    return AnthropicMessage.model_validate(
        {
            "id": "m",
            "type": "message",
            "role": "assistant",
            "model": "m",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "signed"},
                {"type": "redacted_thinking", "data": "secret"},
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "call_1", "name": "look", "input": {"at": "it"}},
            ],
            "stop_reason": "tool_use",
            "usage": {"input_tokens": 9, "output_tokens": 5},
        }
    )


def openai_response() -> Response:
    return Response.model_validate(
        {
            "id": "r",
            "object": "response",
            "created_at": 0,
            "model": "m",
            "status": "completed",
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
            "output": [
                {
                    "type": "reasoning",
                    "id": "rs_1",
                    "summary": [{"type": "summary_text", "text": "hm"}],
                    "encrypted_content": "gAAA",
                    "status": "completed",
                },
                {
                    "type": "message",
                    "id": "msg_1",
                    "role": "assistant",
                    "status": "completed",
                    "content": [{"type": "output_text", "text": "I look.", "annotations": []}],
                },
                {
                    "type": "function_call",
                    "id": "fc_1",
                    "call_id": "call_1",
                    "name": "look",
                    "arguments": '{"at": "it"}',
                    "status": "completed",
                },
            ],
            "usage": {
                "input_tokens": 9,
                "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
                "output_tokens": 5,
                "output_tokens_details": {"reasoning_tokens": 2},
                "total_tokens": 14,
            },
        }
    )


def google_reply() -> google.GenerateContentResponse:
    return google.GenerateContentResponse.model_validate(
        {
            "candidates": [
                {
                    "index": 0,
                    "finishReason": "STOP",
                    "content": {
                        "role": "model",
                        "parts": [
                            {"text": "hm", "thought": True, "thoughtSignature": "dGhv"},
                            {"text": "I look."},
                            {
                                "functionCall": {
                                    "id": "call_1",
                                    "name": "look",
                                    "args": {"at": "it"},
                                },
                                "thoughtSignature": "c2ln",
                            },
                        ],
                    },
                }
            ],
            "usageMetadata": {
                "promptTokenCount": 9,
                "candidatesTokenCount": 3,
                "thoughtsTokenCount": 2,
                "totalTokenCount": 14,
            },
        }
    )


def written(wire: Wire) -> bytes:
    """A reply of the vendor with all that it can hold, as the vendor's types write it."""
    match wire:
        case Wire.CHAT:
            return chat_reply().model_dump_json().encode()
        case Wire.ANTHROPIC:
            return anthropic_reply().model_dump_json().encode()
        case Wire.RESPONSES:
            return openai_response().model_dump_json().encode()
        case Wire.GEMINI:
            reply = google_reply()
            return reply.model_dump_json(by_alias=True, exclude_none=True).encode()


REQUESTS: Mapping[tuple[Wire, str], Any] = {
    (Wire.CHAT, "whole"): CompletionCreateParamsNonStreaming,
    (Wire.CHAT, "stream"): CompletionCreateParamsStreaming,
    (Wire.ANTHROPIC, "whole"): MessageCreateParamsNonStreaming,
    (Wire.ANTHROPIC, "stream"): MessageCreateParamsStreaming,
    (Wire.RESPONSES, "whole"): ResponseCreateParamsNonStreaming,
    (Wire.RESPONSES, "stream"): ResponseCreateParamsStreaming,
}


def problem_of(wire: Wire, mode: str, body: JsonObject) -> str | None:
    """What the vendor's types find wrong in a request."""
    if wire is not Wire.GEMINI:
        return find_problem(body, REQUESTS[wire, mode], "body")
    for content in objects_at(body, "contents"):
        google.Content.model_validate(content)
    google.Content.model_validate(body["systemInstruction"])
    for tool in objects_at(body, "tools"):
        google.Tool.model_validate(tool)
    google.GenerationConfig.model_validate(body["generationConfig"])
    if "toolConfig" in body:
        google.ToolConfig.model_validate(body["toolConfig"])
    known = {"contents", "systemInstruction", "tools", "generationConfig", "toolConfig"}
    return str(body.keys() - known) if body.keys() - known else None


Read = tuple[str, list[tuple[str, object]], str]


@asynccontextmanager
async def openai_client(provider: LoopbackProvider) -> AsyncGenerator[openai.AsyncOpenAI]:
    url = provider.base_url
    async with openai.AsyncOpenAI(api_key=KEY, base_url=url, max_retries=0) as client:
        yield client


async def read_chat(provider: LoopbackProvider, mode: str) -> Read:
    async with openai_client(provider) as client:
        if mode == "whole":
            raw = await client.chat.completions.with_raw_response.create(
                model="m", messages=[{"role": "user", "content": "hello"}]
            )
            whole = ChatCompletion.model_validate_json(raw.text)
        else:
            async with client.chat.completions.stream(
                model="m", messages=[{"role": "user", "content": "hello"}]
            ) as stream:
                async for event in stream:
                    if event.type == "chunk":
                        ChatCompletionChunk.model_validate(event.chunk.to_dict())
                whole = await stream.get_final_completion()
        (choice,) = whole.choices
        calls = [
            (call.function.name, orjson.loads(call.function.arguments))
            for call in choice.message.tool_calls or ()
            if call.type == "function"
        ]
        return choice.message.content or choice.message.refusal or "", calls, choice.finish_reason


async def read_messages(provider: LoopbackProvider, mode: str) -> Read:
    events: TypeAdapter[RawMessageStreamEvent] = TypeAdapter(RawMessageStreamEvent)
    said: list[MessageParam] = [{"role": "user", "content": "hello"}]
    url = provider.origin
    async with anthropic.AsyncAnthropic(api_key=KEY, base_url=url, max_retries=0) as client:
        if mode == "whole":
            raw = await client.messages.with_raw_response.create(
                model="m", max_tokens=9, messages=said
            )
            whole = AnthropicMessage.model_validate_json(await raw.text())
        else:
            async for event in await client.messages.create(
                model="m", max_tokens=9, messages=said, stream=True
            ):
                events.validate_python(event.to_dict())
            async with client.messages.stream(model="m", max_tokens=9, messages=said) as stream:
                whole = await stream.get_final_message()
        text = "".join(block.text for block in whole.content if block.type == "text")
        calls = [(block.name, block.input) for block in whole.content if block.type == "tool_use"]
        return text, list(calls), str(whole.stop_reason)


async def read_responses(provider: LoopbackProvider, mode: str) -> Read:
    events: TypeAdapter[ResponseStreamEvent] = TypeAdapter(ResponseStreamEvent)
    async with openai_client(provider) as client:
        if mode == "whole":
            raw = await client.responses.with_raw_response.create(model="m", input="hello")
            whole = Response.model_validate_json(raw.text)
        else:
            async for event in await client.responses.create(model="m", input="x", stream=True):
                events.validate_python(event.to_dict())
            async with client.responses.stream(model="m", input="hello") as stream:
                final = await stream.get_final_response()
            whole = Response.model_validate(final.to_dict())
        calls = [
            (item.name, orjson.loads(item.arguments))
            for item in whole.output
            if item.type == "function_call"
        ]
        contents = [
            part for item in whole.output if item.type == "message" for part in item.content
        ]
        refusals = [part.refusal for part in contents if part.type == "refusal"]
        return whole.output_text or "".join(refusals), calls, str(whole.status)


async def read_gemini(provider: LoopbackProvider, mode: str) -> Read:
    options = google.HttpOptions(base_url=provider.origin)
    async with genai.Client(api_key=KEY, http_options=options).aio as client:
        models: Any = client.models  # its types name a type of pillow, which is not installed
        if mode == "whole":
            chunks = [await models.generate_content(model="m", contents="hello")]
        else:
            asked = models.generate_content_stream(model="m", contents="hello")
            chunks = [chunk async for chunk in await asked]
    read = [google.GenerateContentResponse.model_validate(chunk) for chunk in chunks]
    candidates = [each for chunk in read for each in chunk.candidates or ()]
    parts = [part for each in candidates if each.content for part in each.content.parts or ()]
    text = "".join(part.text or "" for part in parts)
    calls = [
        (str(part.function_call.name), part.function_call.args)
        for part in parts
        if part.function_call
    ]
    reason = candidates[-1].finish_reason
    return text, list(calls), reason.value if reason else ""


READERS: Mapping[Wire, Callable[[LoopbackProvider, str], Any]] = {
    Wire.CHAT: read_chat,
    Wire.ANTHROPIC: read_messages,
    Wire.RESPONSES: read_responses,
    Wire.GEMINI: read_gemini,
}
ERRORS: Mapping[Wire, type[Exception]] = {
    Wire.CHAT: openai.RateLimitError,
    Wire.ANTHROPIC: anthropic.RateLimitError,
    Wire.RESPONSES: openai.RateLimitError,
    Wire.GEMINI: google_errors.ClientError,
}
