"""Usage: token counts under all the names that servers give them.

Sources: the API references of OpenAI (prompt_tokens, *_details), Anthropic (cache_*_input_tokens),
DeepSeek (prompt_cache_hit_tokens), Moonshot (cached_tokens), xAI (reasoning apart from completion),
Gemini (usageMetadata; on its OpenAI endpoint thoughts are only in the total).
"""

from __future__ import annotations

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import MOST_CALL_TOKENS, Usage

_NAMES = (  # in the order in which `_counts` returns them
    ("prompt_tokens", "input_tokens", "promptTokenCount"),
    ("completion_tokens", "output_tokens", "candidatesTokenCount"),
    (
        "prompt_cache_hit_tokens",
        "cached_tokens",
        "cache_read_input_tokens",
        "cachedContentTokenCount",
        "num_cached_tokens",
    ),
    ("cache_creation_input_tokens", "cache_write_tokens", "cache_creation_tokens"),
    ("reasoning_tokens",),
    ("total_tokens", "totalTokenCount"),
    ("toolUsePromptTokenCount",),
    ("thoughtsTokenCount",),  # Gemini's own API counts them apart from the candidates
    ("image_tokens", "audio_tokens", "video_tokens", "citation_tokens"),
)
_PLACES = {name: place for place, names in enumerate(_NAMES) for name in names}
# Objects that say what a part of the tokens was; the totals beside them count these as well.
_DETAILS = {
    "prompt_tokens_details",
    "input_tokens_details",
    "completion_tokens_details",
    "output_tokens_details",
}
_PLACES_IN_DETAILS = {name: place for name, place in _PLACES.items() if place in {2, 3, 4, 8}}


def read_usage(value: Json, known: Usage = Usage()) -> Usage:
    """Tokens of a call whose input count includes cached tokens, with what is `known` already.

    A count that is repeated never falls: some servers end a stream with zeros. A count that is not a
    number, or that no call can have, is ignored.
    """
    if not isinstance(value, dict):
        return known
    prompt, output, cached, written, reasoning, total, by_tools, thoughts, others = _counts(value)
    prompt, output = prompt + by_tools, output + thoughts
    stored = cached + written
    if stored > prompt:
        prompt += stored  # a gateway in front of Anthropic, whose input excludes them
    missing = total - prompt - output
    if missing > 0 and missing != others:
        output += missing  # reasoning that is only in the total
    elif reasoning > output:
        output += reasoning
    counted = Usage(prompt - stored, min(output, MOST_CALL_TOKENS), cached, written)
    return larger_usage(known, counted) if counted.is_sound else known


def read_exclusive_usage(value: Json, known: Usage) -> Usage:
    """Tokens of a call whose input count excludes cached tokens, as Anthropic's does."""
    if not isinstance(value, dict):
        return known
    prompt, output, cached, written, *_ = _counts(value)
    return larger_usage(known, Usage(prompt, output, cached, written))


def has_total(value: Json) -> bool:
    """Whether a total was counted that has both the request and the reply in it."""
    if not isinstance(value, dict):
        return False
    prompt, output, _, _, _, total, *_ = _counts(value)
    return total > max(prompt, output)


def is_whole(usage: Usage | None, *, has_parts: bool) -> bool:
    """Whether both the request and the reply were counted; one with `has_parts` has tokens."""
    if usage is None:
        return False
    return usage.all_input_tokens > 0 and (usage.output_tokens > 0 or not has_parts)


def estimate_usage(input_bytes: int, output_bytes: int) -> Usage:
    """A guess for a server that counts nothing: four bytes a token, as English text has."""
    return Usage(input_tokens=-(-input_bytes // 4), output_tokens=-(-output_bytes // 4))


def larger_usage(one: Usage, other: Usage) -> Usage:
    """The larger of two counts of each kind."""
    return Usage(
        max(one.input_tokens, other.input_tokens),
        max(one.output_tokens, other.output_tokens),
        max(one.cache_read_tokens, other.cache_read_tokens),
        max(one.cache_write_tokens, other.cache_write_tokens),
    )


def _counts(value: JsonObject) -> list[int]:
    """The largest count of each kind; the details tell only of caches and reasoning."""
    counts = [0] * len(_NAMES)
    for name, member in value.items():
        place = _PLACES.get(name)
        if place is not None:
            if (count := _count(member)) > counts[place]:
                counts[place] = count
        elif name in _DETAILS and isinstance(member, dict):
            for detail, count in member.items():
                place = _PLACES_IN_DETAILS.get(detail)
                if place is not None:
                    counts[place] = max(counts[place], _count(count))
    return counts


def _count(value: Json) -> int:
    """A count of tokens, which some servers write as text; 0 for anything else."""
    if type(value) is int:
        return value if 0 <= value <= MOST_CALL_TOKENS else 0
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return 0
    if isinstance(value, float) and 0 <= value <= MOST_CALL_TOKENS:  # not for NaN
        return int(value)
    return 0
