"""What could be set up: keys first, then servers, and the embedded model last."""

from __future__ import annotations

from parallel_agents.app.local_servers import LocalServer
from parallel_agents.configuring.proposals import proposals
from parallel_agents.models.provider_tables import read_providers

PRESETS = read_providers()


def test_a_key_gives_a_model_for_each_tier() -> None:
    (offer,) = proposals([PRESETS["openai"]], [], has_embedded=False)

    assert [*offer.settings] == [("tiers", "small"), ("tiers", "medium"), ("tiers", "large")]
    assert all(model.startswith("openai/") for model in offer.settings.values())


def test_a_server_gives_each_of_its_models_that_answer() -> None:
    server = LocalServer(provider=PRESETS["ollama"], models=("qwen3", "llama3", "nomic-embed-text"))

    offers = proposals([], [server], has_embedded=True)

    models = [offer.settings["model",] for offer in offers]
    assert models == ["ollama/qwen3", "ollama/llama3", "local"]


def test_a_server_with_many_models_gives_a_few() -> None:
    server = LocalServer(provider=PRESETS["ollama"], models=tuple(f"m{n}" for n in range(1000)))

    assert len(proposals([], [server] * 9, has_embedded=True)) == 21


def test_where_nothing_is_nothing_is_proposed() -> None:
    assert proposals([], [], has_embedded=False) == []
