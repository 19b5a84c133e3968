"""Presets and the user's tables become providers; an invalid table is refused with its field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

import pytest

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tier import Tier
from parallel_agents.core.usage import FREE, Price
from parallel_agents.errors import ConfigError
from parallel_agents.models.dialect import CHANGE_NAMES, Structured
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider, Wire
from parallel_agents.setting_values import SourcedTable

BARE: dict[str, Json] = {}
VALUES: Mapping[str, Json] = {
    "text": "some text",
    "empty": "",
    "blank": " ",
    "quoted": "3",
    "three": 3,
    "zero": 0,
    "minus": -1,
    "fraction": 1.5,
    "true": True,
    "words": ["a"],
    "none": [],
    "numbers": [3],
    "table": {"a": "b"},
    "tables": {"a": {"b": 1}},
    "bare": {},
}
_ANY_TEXT, _SIZE = "text empty blank quoted", "three zero"
# What each field of a provider takes of VALUES; each of `models.m` takes the same.
OF_MODELS = {
    "asks_for_usage": "true",
    "call_ids": "",
    "checked": "",
    "context_tokens": _SIZE,
    "efforts": "bare",
    "extra": "table tables bare",
    "forces_tools": "true",
    "images": "true",
    "max_output_tokens": _SIZE,
    "max_tokens_field": "",
    "omit": "words none",
    "pdfs": "true",
    "replay": "",
    "roles": "",
    "schema": "",
    "sends_cache_marks": "true",
    "source": _ANY_TEXT,
    "strict": "true",
    "structured": "",
    "structured_with_tools": "",
    "system": "",
    "thinking": "",
    "thinking_off": "table tables bare",
}
TAKEN = {
    "name": "",
    "known": "",
    "configured": "",
    "wire": "",
    "base_url": "",
    "key": "empty blank",
    "auth": "",
    "proxy": "empty blank",
    "headers": "table bare",
    "headers.X-Team": _ANY_TEXT,
    "prices": "bare",
    "prices.m": "",
    "prices.m.input_usd": "",
    "price_list": _ANY_TEXT,
    "max_parallel": "bare",
    "max_parallel.m": "three",
    "tiers": "bare",
    "tiers.small": "text quoted",
    "limits": "bare",
    "limits.m": "",
    "limits.m.requests_per_minute": "three",
    "limits.m.tokens_per_minute": "three",
    "efforts.low": _ANY_TEXT,
    "models": "bare",
    "models.m": "",
    **OF_MODELS,
    **{f"models.m.{name}": taken for name, taken in OF_MODELS.items()},
}
ACME: dict[str, Json] = {"wire": "chat", "base_url": "https://acme.test/v1"}


def test_the_presets_are_complete() -> None:
    assert set(read_providers()) == {
        "anthropic",
        "azure",
        "bedrock",
        "cerebras",
        "cohere",
        "dashscope",
        "deepseek",
        "fireworks",
        "gemini",
        "groq",
        "huggingface",
        "kimi-coding",
        "llamacpp",
        "lmstudio",
        "minimax",
        "mistral",
        "moonshot",
        "nvidia",
        "ollama",
        "openai",
        "openrouter",
        "perplexity",
        "sambanova",
        "together",
        "vllm",
        "xai",
        "zai",
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
    assert kimi.tiers[Tier.SMALL] == "kimi-for-coding"


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
    assert anthropic.tiers[Tier.SMALL] == "claude-haiku-5-5"
    assert anthropic.endpoint("m").dialect.structured is Structured.TOOL


@pytest.mark.parametrize(
    ("table", "field"),
    [
        (ACME | {"wire": "telegraph"}, "acme.wire"),
        (ACME | {"bass_url": "https://acme.test"}, "acme.bass_url"),
        ({"wire": "chat"}, "acme.base_url"),
        (ACME | {"base_url": "ftp://acme.test"}, "acme.base_url"),
        (ACME | {"base_url": "https://me:secret@acme.test"}, "acme.base_url"),
        (ACME | {"base_url": "acme.test/v1"}, "acme.base_url"),
        (ACME | {"proxy": "http://me:secret@p.test"}, "acme.proxy"),
        (ACME | {"auth": "cookie"}, "acme.auth"),
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
        (ACME | {"max_parallel": {"m": "3"}}, "acme.max_parallel.m"),
        (ACME | {"max_parallel": {"m": True}}, "acme.max_parallel.m"),
        (ACME | {"forces_tools": "yes"}, "acme.forces_tools"),
        (ACME | {"context_tokens": "1000"}, "acme.context_tokens"),
        (ACME | {"limits": {"m": BARE}}, "acme.limits.m"),
        (ACME | {"limits": {"m": {"requests_per_minute": "60"}}}, "acme.limits.m.requests"),
        (ACME | {"models": {"m*": BARE}}, "acme.models.m\\* is empty"),
        (ACME | {"prices": {"m": {"input_usd": float("nan"), "output_usd": 1}}}, "acme.prices.m"),
        ("https://acme.test", "acme"),
    ],
)
def test_an_invalid_table_is_refused_by_provider_and_field(table: Json, field: str) -> None:
    with pytest.raises(ConfigError, match=f"providers.{field}"):
        read_providers({"acme": table})


@pytest.mark.parametrize(
    ("table", "hint"),
    [
        ({"bass_url": "https://acme.test"}, "did you mean 'base_url'?"),
        ({"prices": {"m": {"input": 1}}}, "did you mean 'input_usd'?"),
        ({"limits": {"m": {"request_per_minute": 1}}}, "did you mean 'requests_per_minute'?"),
        ({"models": {"m*": {"thinkin": "none"}}}, "did you mean 'thinking'?"),
    ],
)
def test_an_unknown_field_of_a_provider_is_refused_with_the_nearest_one(
    table: JsonObject, hint: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read_providers({"acme": {**ACME, **table}})

    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ["sim", "local", "ladder", "pydantic-ai"])
def test_what_is_built_in_and_no_server_cannot_be_redefined(name: str) -> None:
    with pytest.raises(ConfigError, match=f"a provider cannot be called {name}"):
        read_providers({name: ACME})


def test_the_walk_goes_through_every_field() -> None:
    names = {path for path in TAKEN if "." not in path}

    assert names == {field.name for field in fields(Provider)} | CHANGE_NAMES | {"models"}


@pytest.mark.parametrize("path", TAKEN)
def test_a_field_takes_what_it_is_for_and_refuses_the_rest_by_its_path(path: str) -> None:
    refused: dict[str, ConfigError] = {}
    for name, value in VALUES.items():
        table = value
        for step in reversed(path.split(".")):
            table = {step: table}
        assert isinstance(table, dict)
        try:
            read_providers({"acme": {**ACME, **table}})
        except ConfigError as error:
            refused[name] = error

    assert VALUES.keys() - refused.keys() == set(TAKEN[path].split())
    first = f"providers.acme.{path.partition('.')[0]}"
    assert [error.message for error in refused.values() if first not in error.message] == []
    assert [error.why for error in refused.values() if "nput should" in error.why] == []
    assert [name for name, error in refused.items() if not error.hint] == []


def test_a_refusal_says_which_file_has_the_table() -> None:
    table = SourcedTable({**ACME, "wire": "telegraph"}, "/home/ana/config.toml")

    with pytest.raises(ConfigError) as caught:
        read_providers({"acme": table})

    assert caught.value.why.endswith("; it is set in /home/ana/config.toml")


def test_a_provider_name_with_a_slash_is_refused() -> None:
    with pytest.raises(ConfigError):
        read_providers({"ac/me": ACME})


def test_a_key_in_the_file_is_refused_and_not_shown() -> None:
    with pytest.raises(ConfigError) as caught:
        read_providers({"acme": ACME | {"key": "sk-0123456789"}})

    error = caught.value
    assert "env:NAME" in error.hint
    assert "sk-" not in f"{error!r} {error.message} {error.why} {error.hint} {error.__cause__!r}"


@pytest.mark.parametrize(
    ("base_url", "read"),
    [
        ("https://acme.test/v1/chat/completions/", "https://acme.test/v1"),
        ("localhost:9000", "http://localhost:9000/v1"),
        ("https://api.groq.com", "https://api.groq.com/openai/v1"),
    ],
)
def test_a_base_url_is_read_in_any_usual_form(base_url: str, read: str) -> None:
    assert read_providers({"acme": ACME | {"base_url": base_url}})["acme"].base_url == read


@pytest.mark.parametrize(
    ("host", "base_url"),
    [
        ("", "http://127.0.0.1:11434/v1"),
        ("0.0.0.0:9999", "http://127.0.0.1:9999/v1"),
        ("me:secret@gpu-box", "http://127.0.0.1:11434/v1"),
    ],
)
def test_ollama_is_where_its_own_variable_says(host: str, base_url: str) -> None:
    assert read_providers(variables={"OLLAMA_HOST": host})["ollama"].base_url == base_url


def test_a_table_precedes_the_variable_of_ollama() -> None:
    table: dict[str, Json] = {"ollama": {"base_url": "gpu-box.localhost:1"}}

    ollama = read_providers(table, {"OLLAMA_HOST": "127.0.0.1:9999"})["ollama"]

    assert ollama.base_url == "http://gpu-box.localhost:1/v1"


@pytest.mark.parametrize("proxy", ["none", "env:MY_PROXY", "http://p.test:1", "socks5h://p.test"])
def test_a_provider_may_have_a_proxy_of_its_own(proxy: str) -> None:
    acme = read_providers({"acme": ACME | {"proxy": proxy}})["acme"]

    assert acme.endpoint("m").proxy == proxy


def test_a_limit_of_zero_is_refused() -> None:
    table: JsonObject = {"limits": {"one": {"requests_per_minute": 0}}}

    with pytest.raises(ConfigError, match=r"providers\.openai\.limits\.one"):
        read_providers({"openai": table})


@pytest.mark.parametrize("name", ["local", "ladder", "pydantic-ai"])
def test_a_name_that_means_other_models_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=f"a provider cannot be called {name}"):
        read_providers({name: {"wire": "chat", "base_url": "http://127.0.0.1:9"}})


@pytest.mark.parametrize(
    ("field", "value", "where", "why"),
    [
        ("omit", "temperature", "omit", "it must be a list"),
        ("prices", {"m": {"input_usd": "1", "output_usd": 2}}, "prices.m.input_usd", "a number"),
        ("prices", {"m": {"input_usd": 1}}, "prices.m.output_usd", "it is missing"),
        ("max_parallel", {"m": "x"}, "max_parallel.m", "a whole number"),
        ("key", "sk-123", "key", "write env:NAME, file:PATH"),
        ("nonsense", 1, "nonsense", "there is no such field"),
        ("models", {"m": {"output": 3}}, "models.m.output", "there is no such field"),
    ],
)
def test_a_wrong_field_is_refused_in_plain_words(
    field: str, value: Json, where: str, why: str
) -> None:
    table: JsonObject = {"wire": "chat", "base_url": "http://127.0.0.1:1/v1", field: value}

    with pytest.raises(ConfigError, match=f"providers.mine.{where} is invalid") as caught:
        read_providers({"mine": table})

    assert why in caught.value.why


def test_a_table_for_a_misspelt_preset_is_refused_with_the_right_name() -> None:
    with pytest.raises(ConfigError, match=r"providers\.opnai\.wire") as caught:
        read_providers({"opnai": {"key": "env:MY_KEY"}})

    assert caught.value.hint.startswith("did you mean [providers.openai]?")


@pytest.mark.parametrize(
    "table",
    [
        {"limits": {"m": {"requests_per_minute": 10**20}}},
        {"limits": {"m": {"tokens_per_minute": 10**13}}},
        {"context_tokens": 10**20},
        {"models": {"m*": {"max_output_tokens": 10**20}}},
    ],
)
def test_a_number_that_no_store_could_hold_is_refused(table: JsonObject) -> None:
    with pytest.raises(ConfigError, match=r"providers\.openai\."):
        read_providers({"openai": table})
