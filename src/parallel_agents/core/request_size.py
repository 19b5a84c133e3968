"""Request size: the most tokens that a request can have, by its bytes."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from parallel_agents.core.message import File, Message, Part, Text, Thinking, ToolCall, ToolResult
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec

_MESSAGE_TOKENS = 16
# What providers add to a request with tools: 346 tokens at most, as Anthropic's pages on tool use say.
_TOOL_PROMPT_TOKENS = 512


def most_tokens(messages: Sequence[Message]) -> int:
    """An upper bound on tokens: no tokenizer makes more tokens than a text has UTF-8 bytes."""
    size = sum(_bytes(part) for message in messages for part in message.parts)
    return size + _MESSAGE_TOKENS * len(messages)


def most_tokens_around(system: str, tools: Sequence[ToolSpec], schema: JsonObject | None) -> int:
    """An upper bound on the tokens of the rest of a request: instructions, tools and schema."""
    size = len(system.encode()) + (0 if schema is None else len(orjson.dumps(schema)))
    for spec in tools:
        size += len(orjson.dumps(spec.parameters))
        size += len(spec.name) + len(spec.description.encode())
    if tools or schema is not None:
        size += _TOOL_PROMPT_TOKENS
    return size + _MESSAGE_TOKENS * (len(tools) + 2)


def _bytes(part: Part) -> int:
    match part:
        case Text(text=text):
            return len(text.encode())
        case Thinking(text=text, signature=signature):
            return len(text.encode()) + len(signature)
        case ToolResult(content=content):
            return len(content.encode())
        case ToolCall(name=name, arguments=arguments, signature=signature):
            return len(name) + len(orjson.dumps(arguments)) + len(signature)
        case File(shape=shape):
            return shape.most_tokens
