"""A provider finds its key and shows it to its server only; a limit belongs to a model."""

from __future__ import annotations

import pytest

from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Secret, read_secret

ACME: dict[str, Json] = {"wire": "chat", "base_url": "https://acme.test/v1"}


@pytest.mark.parametrize(
    "text",
    [
        "sk-1",
        " sk-1\n",
        '"sk-1"',
        "' sk-1 '",
        "\u201csk-1\u201d",
        "Bearer sk-1",
        'bearer  "sk-1"',
        '"Bearer sk-1"',
    ],
)
def test_a_key_is_read_without_what_was_copied_with_it(text: str) -> None:
    assert read_secret(text).reveal() == "sk-1"


@pytest.mark.parametrize("text", ["", "  ", '""', "Bearer ", "\n"])
def test_a_key_of_nothing_else_is_no_key(text: str) -> None:
    assert not read_secret(text)


def test_a_provider_finds_its_key_in_its_variable() -> None:
    variables = {"OPENAI_API_KEY": "'sk-1'", "": "nobody's"}

    assert read_providers()["openai"].find_key(variables.get).reveal() == "sk-1"
    assert not read_providers()["anthropic"].find_key(variables.get)
    assert not read_providers()["ollama"].find_key(variables.get)


@pytest.mark.parametrize(
    ("wire", "auth", "headers"),
    [
        ("chat", {}, {"Authorization": "Bearer sk-1"}),
        ("anthropic", {}, {"x-api-key": "sk-1"}),
        ("anthropic", {"auth": "bearer"}, {"Authorization": "Bearer sk-1"}),
        ("chat", {"auth": "api-key"}, {"api-key": "sk-1"}),
        ("chat", {"auth": "x-goog-api-key"}, {"x-goog-api-key": "sk-1"}),
    ],
)
def test_a_key_is_sent_in_the_header_of_the_wire_or_of_the_table(
    wire: str, auth: dict[str, Json], headers: dict[str, str]
) -> None:
    acme = read_providers({"acme": ACME | {"wire": wire} | auth})["acme"]

    assert acme.endpoint("m", Secret("sk-1")).auth_headers == headers
    assert acme.endpoint("m").auth_headers == {}


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
