"""Usage: token counts under all the names that servers give them.

Sources: the API references of OpenAI (prompt_tokens, *_details), Anthropic (cache_*_input_tokens),
DeepSeek (prompt_cache_hit_tokens), Moonshot (cached_tokens), xAI (reasoning apart from completion),
Gemini (usageMetadata; on its OpenAI endpoint thoughts are only in the total).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import Usage

_MOST = 10**12
_INPUT = ("prompt_tokens", "input_tokens", "promptTokenCount")
_OUTPUT = ("completion_tokens", "output_tokens", "candidatesTokenCount")
_TOTAL = ("total_tokens", "totalTokenCount")
_CACHED = (
    "prompt_cache_hit_tokens",
    "cached_tokens",
    "cache_read_input_tokens",
    "cachedContentTokenCount",
    "num_cached_tokens",
)
_WRITTEN = ("cache_creation_input_tokens", "cache_write_tokens", "cache_creation_tokens")
_REASONING = ("reasoning_tokens", "thoughtsTokenCount")
_DETAILS = (
    "prompt_tokens_details",
    "input_tokens_details",
    "completion_tokens_details",
    "output_tokens_details",
)


def read_usage(value: Json, known: Usage = Usage()) -> Usage:
    """Tokens of a call whose input count includes cached tokens, with what is `known` already.

    A count that is repeated never falls: some servers end a stream with zeros. A count that is not a
    number is ignored.
    """
    if not isinstance(value, Mapping):
        return known
    details = {name: count for key in _DETAILS for name, count in _members(value.get(key))}
    cached = max(_first(value, _CACHED), _first(details, _CACHED))
    written = max(_first(value, _WRITTEN), _first(details, _WRITTEN))
    reasoning = max(_first(value, _REASONING), _first(details, _REASONING))
    prompt, output = _first(value, _INPUT), _first(value, _OUTPUT)
    prompt += _count(value.get("toolUsePromptTokenCount"))
    total = _first(value, _TOTAL)
    if prompt and total > prompt + output:
        output = total - prompt  # reasoning that is only in the total
    elif reasoning > output:
        output += reasoning
    counted = Usage(max(0, prompt - cached - written), output, cached, written)
    return _largest(known, counted)


def read_exclusive_usage(value: Json, known: Usage) -> Usage:
    """Tokens of a call whose input count excludes cached tokens, as Anthropic's does."""
    if not isinstance(value, Mapping):
        return known
    counted = Usage(
        _first(value, _INPUT),
        _first(value, _OUTPUT),
        _first(value, _CACHED),
        _first(value, _WRITTEN),
    )
    return _largest(known, counted)


def estimate_usage(input_bytes: int, output_bytes: int) -> Usage:
    """A guess for a server that counts nothing: four bytes a token, as English text has."""
    return Usage(input_tokens=-(-input_bytes // 4), output_tokens=-(-output_bytes // 4))


def _largest(one: Usage, other: Usage) -> Usage:
    return Usage(
        max(one.input_tokens, other.input_tokens),
        max(one.output_tokens, other.output_tokens),
        max(one.cache_read_tokens, other.cache_read_tokens),
        max(one.cache_write_tokens, other.cache_write_tokens),
    )


def _members(value: Json) -> list[tuple[str, Json]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _first(value: JsonObject, names: tuple[str, ...]) -> int:
    for name in names:
        if name in value and (count := _count(value[name])):
            return count
    return 0


def _count(value: Json) -> int:
    if type(value) is int and 0 <= value < _MOST:
        return value
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return 0
    if isinstance(value, int | float) and math.isfinite(value):
        return min(_MOST, max(0, int(value)))
    return 0
