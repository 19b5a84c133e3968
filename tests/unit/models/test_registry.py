"""The registry returns one model per name, and explains how to fix a wrong name."""

from __future__ import annotations

import pytest
from typing_extensions import override

from parallel_agents.core.model import Model, ModelRequest
from parallel_agents.core.pricing import pricing
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tier import Tier
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ConfigError, MissingKey, PagentsError, UnknownModel
from parallel_agents.models.http import Http
from parallel_agents.models.network import Network
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.registry import Registry
from parallel_agents.models.retrying import Retrying
from parallel_agents.models.simulated.model import make_simulated
from parallel_agents.testing.scripted import ScriptedModel

KEYS = {"ANTHROPIC_API_KEY": " sk-ant \n", "OPENAI_API_KEY": "", "GROQ_API_KEY": "sk\n-x"}


class Closing(ScriptedModel):
    """A model that records that it was closed."""

    def __init__(self, name: str) -> None:
        super().__init__([], name)
        self.closed = 0

    @override
    async def aclose(self) -> None:
        self.closed += 1


def make_local(name: str) -> Model:
    return Closing("local/small" if name == "local" else name)


def as_made(model: Model) -> Model:
    return model


def registry() -> Registry:
    return Registry(
        read_providers(), KEYS.get, Http(), factories={"local": make_local}, wrap=as_made
    )


def refusal(name: str) -> PagentsError:
    with pytest.raises(PagentsError) as caught:
        registry().get(name)
    return caught.value


def test_a_name_returns_the_same_model_each_time() -> None:
    models = registry()

    model = models.get("anthropic/claude-haiku-4-5")

    assert model.name == "anthropic/claude-haiku-4-5"
    assert models.get("anthropic/claude-haiku-4-5") is model
    assert models.get("anthropic/claude-opus-4-5") is not model


def test_a_model_retries_unless_it_is_wrapped_otherwise() -> None:
    models = Registry(read_providers(), KEYS.get, Http())

    assert isinstance(models.get("ollama/llama3"), Retrying)


def test_a_model_has_the_limit_of_its_provider_s_configuration() -> None:
    bounded = read_providers({"ollama": {"max_parallel": {"llama3": 2, "*": 5}}})
    models = Registry(bounded, KEYS.get, Http())

    at_once = [models.get(f"ollama/{model}").capabilities.max_parallel for model in ("llama3", "x")]

    assert at_once == [2, 5]
    assert models.get("vllm/x").capabilities.max_parallel is None


def test_a_model_id_may_contain_slashes() -> None:
    assert registry().get("ollama/hf.co/org/model").name == "ollama/hf.co/org/model"


def test_two_names_of_one_plugged_in_model_return_one_object() -> None:
    models = registry()

    assert models.get("local") is models.get("local/small")
    assert models.get("local/other") is not models.get("local")


def test_a_missing_key_names_its_variable_and_the_alternative_without_a_key() -> None:
    for error in (refusal("openai/gpt-4.1"), refusal("mistral/mistral-small-latest")):
        assert isinstance(error, MissingKey)
        assert "--model local" in error.hint
    assert "MISTRAL_API_KEY" in error.message


async def test_a_model_without_its_key_can_be_priced_and_not_called() -> None:
    models = registry()

    with pricing() as missing:
        model = models.get("mistral/mistral-small-latest")

    assert missing.names == ("MISTRAL_API_KEY",)
    assert model.name == "mistral/mistral-small-latest"
    with pytest.raises(MissingKey):
        await model.respond(ModelRequest(messages=()))
    with pytest.raises(MissingKey):
        models.get("mistral/mistral-small-latest")


def test_a_key_with_a_line_break_is_refused_and_not_shown() -> None:
    error = refusal("groq/x")

    assert isinstance(error, ConfigError)
    assert "GROQ_API_KEY" in error.message
    assert "sk" not in error.message + error.hint


def test_a_network_that_is_configured_wrongly_is_refused_before_a_call() -> None:
    http = Http(Network({"SSL_CERT_FILE": "/missing.pem", "HTTP_PROXY": "ftp://p.test"}))
    plain: JsonObject = {"wire": "chat", "base_url": "http://acme.test/v1"}
    models = Registry(read_providers({"acme": plain}), KEYS.get, http)

    with pytest.raises(ConfigError, match="SSL_CERT_FILE"):
        models.get("anthropic/claude-haiku-4-5")
    with pytest.raises(ConfigError, match="HTTP_PROXY"):
        models.get("acme/x")
    assert models.get("ollama/llama3").name == "ollama/llama3"


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("antropic/claude-haiku-4-5", "did you mean anthropic/claude-haiku-4-5?"),
        ("claude-haiku-5-5", "did you mean anthropic/claude-haiku-5-5?"),
        ("anthropic", "such as anthropic/claude-haiku-5-5"),
        ("anthropic/", "such as anthropic/claude-haiku-5-5"),
        ("ollama", "such as ollama/MODEL"),
        ("zzz/zzz", "`pagents models list`"),
        ("", "`pagents models list`"),
        ("x" * 1_000_000, "`pagents models list`"),
    ],
)
def test_an_unknown_model_is_refused_with_a_suggestion(name: str, hint: str) -> None:
    error = refusal(name)

    assert isinstance(error, UnknownModel)
    assert hint in error.hint
    assert len(error.message) < 120


def test_a_tier_selects_a_model_of_a_provider() -> None:
    assert registry().tier_model("anthropic", Tier.LARGE) == "anthropic/claude-opus-5-5"
    with pytest.raises(ConfigError, match="ollama has no model for tier small"):
        registry().tier_model("ollama", Tier.SMALL)
    with pytest.raises(UnknownModel):
        registry().tier_model("nobody", Tier.SMALL)


def test_the_names_come_from_tiers_and_prices() -> None:
    names = registry().names()

    assert {"anthropic/claude-haiku-5-5", "kimi-coding/k3"} <= set(names)
    assert names == sorted(names)
    assert not any("*" in name for name in names)


def test_costs_come_from_the_prices() -> None:
    assert registry().cost_nanousd("local/small", Usage(1, 1)) == 0
    assert registry().cost_nanousd("anthropic/claude-haiku-4-5", Usage(1_000)) == 1_000_000


async def test_closing_closes_each_model_once() -> None:
    models = registry()
    made = models.get("local")
    models.get("local/small")

    await models.aclose()

    assert isinstance(made, Closing)
    assert made.closed == 1


def test_an_address_with_a_part_to_fill_in_is_not_called() -> None:
    models = Registry(read_providers(), lambda _: "key", Http())

    with pytest.raises(ConfigError, match="azure needs an address") as caught:
        models.get("azure/mine")

    assert 'base_url = "https://NAME.openai.azure.com' in caught.value.hint


def test_a_model_that_no_process_could_find_by_its_name_is_refused() -> None:
    models = Registry(
        read_providers(), KEYS.get, Http(), factories={"fake": lambda _: Closing("other/small")}
    )

    with pytest.raises(ConfigError, match="made a model with the name 'other/small'") as caught:
        models.get("fake/model")

    assert "there is no provider 'other'" in caught.value.why
    assert "pass models={'other': ...}" in caught.value.hint


def test_a_simulated_day_that_does_not_exist_is_no_name_of_a_model() -> None:
    models = Registry(read_providers(), KEYS.get, Http(), factories={"sim": make_simulated})

    models.check_name("sim/calm@7")
    with pytest.raises(UnknownModel, match="no simulated day 'sim/clam'"):
        models.check_name("sim/clam")
