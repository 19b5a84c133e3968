"""The list of a provider's models is read in each of its usual forms."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Price
from parallel_agents.models.offers import Offer, closest, missing_model_hint, read_page
from parallel_agents.models.shapes import ShapeError

OPENROUTER: Json = {
    "data": [
        {
            "id": "z-ai/glm-4.6",
            "context_length": 202752,
            "top_provider": {"context_length": 202752, "max_completion_tokens": 65536},
            "pricing": {"prompt": "0.0000004", "completion": "0.00000175"},
        }
    ]
}
TOGETHER: Json = [
    {"id": "Qwen/Qwen3", "context_length": 40960, "pricing": {"input": 0.2, "output": 0.6}}
]
GEMINI: Json = {
    "models": [
        {"name": "models/gemini-3-pro", "inputTokenLimit": 1048576, "outputTokenLimit": 65536}
    ]
}
ANTHROPIC: Json = {
    "data": [{"type": "model", "id": "claude-x", "max_input_tokens": 200000, "max_tokens": 64000}],
    "has_more": False,
    "last_id": "claude-x",
}
LLAMACPP: Json = {
    "models": [{"name": "qwen.gguf"}],
    "object": "list",
    "data": [{"id": "qwen.gguf", "meta": {"n_ctx_train": 32768}}],
}


@pytest.mark.parametrize(
    ("value", "offer"),
    [
        ({"object": "list", "data": [{"id": "gpt", "object": "model"}]}, Offer(id="gpt")),
        (
            OPENROUTER,
            Offer(
                id="z-ai/glm-4.6",
                context_tokens=202752,
                max_output_tokens=65536,
                price=Price(input_usd=0.4, output_usd=1.75),
            ),
        ),
        (
            TOGETHER,
            Offer(
                id="Qwen/Qwen3",
                context_tokens=40960,
                price=Price(input_usd=0.2, output_usd=0.6),
            ),
        ),
        (GEMINI, Offer(id="gemini-3-pro", context_tokens=1048576, max_output_tokens=65536)),
        (ANTHROPIC, Offer(id="claude-x", context_tokens=200000, max_output_tokens=64000)),
        (LLAMACPP, Offer(id="qwen.gguf", context_tokens=32768)),
        ({"models": [{"name": "llama3:8b", "model": "llama3:8b"}]}, Offer(id="llama3:8b")),
        ({"data": [{"id": "g", "max_model_len": 8192}]}, Offer(id="g", context_tokens=8192)),
        ({"data": ["plain"]}, Offer(id="plain")),
    ],
    ids=[
        "openai",
        "openrouter",
        "together",
        "gemini",
        "anthropic",
        "llama",
        "tags",
        "vllm",
        "text",
    ],
)
def test_a_list_is_read_in_each_usual_form(value: Json, offer: Offer) -> None:
    assert list(read_page(value).offers) == [offer]


@pytest.mark.parametrize(
    ("value", "query"),
    [
        ({"data": [], "has_more": True, "last_id": "b"}, ("after_id", "b")),
        ({"data": [], "has_more": False, "last_id": "b"}, None),
        ({"models": [], "nextPageToken": "t"}, ("pageToken", "t")),
        ({"models": [], "next_page_token": "t"}, ("page_token", "t")),
        ({"models": [], "nextPageToken": ""}, None),
    ],
)
def test_a_page_names_the_next_one(value: Json, query: tuple[str, str] | None) -> None:
    assert read_page(value).query == query


def test_what_cannot_be_a_model_or_a_number_is_left_out() -> None:
    items: list[Json] = [
        None,
        3,
        {},
        {"id": ""},
        {"id": "x" * 1000},
        {"id": "a\nb"},
        {"id": "ok", "context_length": -1, "max_tokens": "many", "pricing": {"prompt": "-1"}},
        {"id": "true", "context_length": True, "pricing": {"prompt": True, "completion": False}},
        {"id": "ok", "context_length": 10**30, "pricing": {"input": "nan", "output": "inf"}},
    ]

    assert list(read_page({"data": items}).offers) == [Offer(id="ok"), Offer(id="true")]


@pytest.mark.parametrize("value", [None, {}, {"data": {}}, "models", {"error": "no"}])
def test_what_holds_no_list_is_refused(value: Json) -> None:
    with pytest.raises(ShapeError):
        read_page(value)


LISTED = ["gpt-5-nano", "gpt-5", "gpt-4.1-mini", "whisper-1", "text-embedding-3-small"]


@pytest.mark.parametrize(
    ("wanted", "offers", "near"),
    [
        ("gpt-4.1-nano", LISTED, ["gpt-5-nano", "gpt-4.1-mini"]),
        ("kimi-k2.5", ["kimi-k2.6", "kimi-k3", "moonshot-v1"], ["kimi-k2.6", "kimi-k3"]),
        ("glm-4.6", ["z-ai/glm-4.6", "other"], ["z-ai/glm-4.6"]),
        ("GLM-4.6", ["glm-4.6-air", "glm-4.6"], ["glm-4.6", "glm-4.6-air"]),
        ("nothing-like-it", LISTED, []),
        ("gpt", [], []),
    ],
)
def test_the_nearest_models_are_found(wanted: str, offers: list[str], near: list[str]) -> None:
    assert closest(wanted, offers) == near


def test_a_model_that_is_missing_has_a_hint_with_or_without_a_near_one() -> None:
    near = missing_model_hint("openai", "gpt-4.1-nano", LISTED)
    far = missing_model_hint("openai", "nothing-like-it", LISTED)

    assert near == "use openai/gpt-5-nano or openai/gpt-4.1-mini, which it lists now"
    assert "pagents models list --provider openai --remote" in far
