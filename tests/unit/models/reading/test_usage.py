"""Tokens are counted under all the names that servers give them."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Usage
from parallel_agents.models.reading.usage import read_exclusive_usage, read_usage


@pytest.mark.parametrize(
    ("value", "usage"),
    [
        ({"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}, Usage(11, 7)),
        ({"prompt_tokens": "11", "completion_tokens": "7"}, Usage(11, 7)),
        ({"prompt_tokens": 11.0, "completion_tokens": 7.0}, Usage(11, 7)),
        ({"input_tokens": 11, "output_tokens": 7}, Usage(11, 7)),
        (
            {"prompt_tokens": 1000, "completion_tokens": 7, "prompt_cache_hit_tokens": 900},
            Usage(100, 7, 900),
        ),
        ({"prompt_tokens": 1000, "completion_tokens": 7, "cached_tokens": 900}, Usage(100, 7, 900)),
        (
            {
                "prompt_tokens": 100,
                "completion_tokens": 7,
                "prompt_tokens_details": {"cached_tokens": 60},
            },
            Usage(40, 7, 60),
        ),
        # xAI: reasoning beside the completion. Gemini: thoughts only in the total.
        (
            {
                "prompt_tokens": 12,
                "completion_tokens": 1,
                "total_tokens": 399,
                "completion_tokens_details": {"reasoning_tokens": 386},
            },
            Usage(12, 387),
        ),
        ({"prompt_tokens": 21, "completion_tokens": 0, "total_tokens": 81}, Usage(21, 60)),
        (
            {
                "prompt_tokens": 5,
                "completion_tokens": 9,
                "completion_tokens_details": {"reasoning_tokens": 4},
            },
            Usage(5, 9),
        ),
        ({"prompt_tokens": 5, "completion_tokens": 9, "prompt_tokens_details": []}, Usage(5, 9)),
        ({"prompt_tokens": float("nan"), "completion_tokens": -3}, Usage()),
        ({"prompt_tokens": "many", "completion_tokens": None}, Usage()),
        ([], Usage()),
        (None, Usage()),
        # What no call can have is no count; true is not a number.
        ({"prompt_tokens": 1e300}, Usage()),
        ({"prompt_tokens": 10**30, "completion_tokens": "1e30"}, Usage()),
        ({"prompt_tokens": 10**8 + 1, "completion_tokens": 7}, Usage(0, 7)),
        ({"prompt_tokens": True, "completion_tokens": "inf"}, Usage()),
        ({"prompt_tokens": -5, "total_tokens": -1}, Usage()),
    ],
)
def test_a_count_is_read_under_any_name(value: Json, usage: Usage) -> None:
    assert read_usage(value) == usage


def test_a_count_never_falls() -> None:
    known = read_usage({"prompt_tokens": 11, "completion_tokens": 7})

    assert read_usage({"prompt_tokens": 0, "completion_tokens": 0}, known) == known
    assert read_usage({"prompt_tokens": 11, "completion_tokens": 9}, known) == Usage(11, 9)


def test_anthropic_counts_cached_tokens_apart() -> None:
    value: Json = {"input_tokens": 5, "output_tokens": 2, "cache_read_input_tokens": 90}

    assert read_exclusive_usage(value, Usage()) == Usage(5, 2, 90)
