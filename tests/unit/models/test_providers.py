"""Presets and the user's tables become providers; an invalid table is refused with its field."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Tier
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import FREE, Price
from parallel_agents.errors import ConfigError
from parallel_agents.models.providers import Secret, Structured, Wire, read_providers

ACME: dict[str, Json] = {"wire": "chat", "base_url": "https://acme.test/v1"}


def test_the_presets_are_complete() -> None:
    assert set(read_providers()) == {
        "anthropic",
        "deepseek",
        "gemini",
        "groq",
        "kimi-coding",
        "llamacpp",
        "lmstudio",
        "mistral",
        "moonshot",
        "ollama",
        "openai",
        "openrouter",
        "together",
        "vllm",
        "xai",
    }


def test_servers_on_this_machine_need_no_key_and_all_others_do() -> None:
    keyless = {name for name, provider in read_providers().items() if not provider.key}

    assert keyless == {"ollama", "llamacpp", "vllm", "lmstudio"}
    assert all(read_providers()[name].prices == {"*": FREE} for name in keyless)


def test_a_preset_names_its_wire_and_its_key() -> None:
    kimi = read_providers()["kimi-coding"]

    assert kimi.wire is Wire.ANTHROPIC
    assert kimi.base_url == "https://api.kimi.com/coding"
    assert kimi.key_variable == "KIMI_API_KEY"
    assert kimi.tiers[Tier.SMALL] == "k2p5"


def test_a_table_makes_a_provider() -> None:
    table = ACME | {
        "key": "env:ACME_KEY",
        "headers": {"X-Team": "blue"},
        "prices": {"big": {"input_usd": 1, "output_usd": 2.5}},
        "tiers": {"large": "big"},
    }

    acme = read_providers({"acme": table})["acme"]

    assert acme.prices == {"big": Price(input_usd=1.0, output_usd=2.5)}
    assert acme.tiers == {Tier.LARGE: "big"}
    assert acme.endpoint("m").dialect.structured is Structured.JSON_SCHEMA


def test_a_table_changes_only_the_fields_that_it_sets() -> None:
    table: dict[str, Json] = {"base_url": "http://127.0.0.1:9/", "tiers": {"large": "other"}}

    anthropic = read_providers({"anthropic": table})["anthropic"]

    assert anthropic.endpoint("m").base_url == "http://127.0.0.1:9"
    assert anthropic.key_variable == "ANTHROPIC_API_KEY"
    assert anthropic.tiers[Tier.LARGE] == "other"
    assert anthropic.tiers[Tier.SMALL] == "claude-haiku-4-5"
    assert anthropic.endpoint("m").dialect.structured is Structured.TOOL


@pytest.mark.parametrize(
    ("table", "field"),
    [
        (ACME | {"wire": "telegraph"}, "acme.wire"),
        (ACME | {"bass_url": "https://acme.test"}, "acme.bass_url"),
        ({"wire": "chat"}, "acme.base_url"),
        (ACME | {"base_url": "ftp://acme.test"}, "acme.base_url"),
        (ACME | {"base_url": "https://me:secret@acme.test"}, "acme.base_url"),
        (ACME | {"prices": {"m": {"input_usd": 1}}}, "acme.prices.m.output_usd"),
        (
            ACME | {"prices": {"m": {"input_usd": 1, "output_usd": 1, "cache_usd": 1}}},
            "acme.prices.m.cache_usd",
        ),
        (ACME | {"prices": {"m": {"input_usd": -1, "output_usd": 1}}}, "acme.prices.m"),
        (ACME | {"tiers": {"huge": "m"}}, "acme.tiers.huge"),
        (ACME | {"headers": {"X": "a\r\nb"}}, "acme.headers.X"),
        (ACME | {"structured": "maybe"}, "acme.structured"),
        (ACME | {"models": {"m*": {"thinking": "hard"}}}, "acme.models.m\\*.thinking"),
        (ACME | {"models": {"m*": {"temperature": False}}}, "acme.models.m\\*.temperature"),
        (ACME | {"models": "m"}, "acme.models"),
        (ACME | {"omit": "temperature"}, "acme.omit"),
        (ACME | {"configured": "x"}, "acme.configured"),
        (ACME | {"name": "other"}, "acme.name"),
        ("https://acme.test", "acme"),
    ],
)
def test_an_invalid_table_is_refused_by_provider_and_field(table: Json, field: str) -> None:
    with pytest.raises(ConfigError, match=f"providers.{field}"):
        read_providers({"acme": table})


def test_a_provider_name_with_a_slash_is_refused() -> None:
    with pytest.raises(ConfigError):
        read_providers({"ac/me": ACME})


def test_a_key_in_the_file_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        read_providers({"acme": ACME | {"key": "sk-0123456789"}})

    error = caught.value
    assert "env:NAME" in error.hint
    assert "sk-" not in f"{error!r} {error.message} {error.why} {error.hint} {error.__cause__!r}"


def test_a_secret_is_shown_only_by_reveal() -> None:
    endpoint = read_providers()["openai"].endpoint("m", Secret("sk-0123456789"))

    assert "sk-" not in f"{endpoint} {endpoint!r} {endpoint.key} {endpoint.key!r}"
    assert endpoint.key.reveal() == "sk-0123456789"


def test_a_model_has_its_own_limit_or_the_default_one() -> None:
    table: JsonObject = {
        "limits": {"one": {"requests_per_minute": 3}, "*": {"tokens_per_minute": 9}}
    }

    provider = read_providers({"openai": table})["openai"]

    assert provider.limit("one") == RateLimit(requests_per_minute=3)
    assert provider.limit("two") == RateLimit(tokens_per_minute=9)
    assert read_providers()["openai"].limit("one") == NO_LIMIT


def test_a_limit_of_zero_is_refused() -> None:
    table: JsonObject = {"limits": {"one": {"requests_per_minute": 0}}}

    with pytest.raises(ConfigError, match=r"providers\.openai\.limits\.one"):
        read_providers({"openai": table})
