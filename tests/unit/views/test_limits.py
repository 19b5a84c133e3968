"""A limit is set for one model, by the name that its calls have."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.app.models import make_registry
from parallel_agents.core.throttle import Throttle
from parallel_agents.errors import UnknownAgent, UnknownModel
from parallel_agents.models.registry import Registry
from parallel_agents.settings import Environment, Settings
from parallel_agents.views.limits import check_limited_agent, limited_name

MODELS: Registry = make_registry(Environment(home=Path("/nowhere"), variables={}), Settings())


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("sim/calm", "sim/calm"),
        ("openai/any", "openai/any"),
        ("local", "local/qwen2.5-coder-1.5b"),
        ("pydantic-ai/bedrock:m", "pydantic-ai/bedrock:m"),
        ("agent:writer", "agent:writer"),
    ],
)
def test_any_model_that_can_be_called_can_be_limited(given: str, named: str) -> None:
    assert limited_name(given, MODELS) == named


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("sim/nope", "sim/calm"),
        ("sim/*", "name a model"),
        ("openai/*", '[providers.openai.limits."*"]'),
        ("opnai/x", "openai/x"),
        ("gpt-5", "models list"),
    ],
)
def test_a_name_of_no_model_or_of_many_is_refused(given: str, hint: str) -> None:
    with pytest.raises(UnknownModel) as refused:
        limited_name(given, MODELS)

    assert hint in refused.value.hint


@pytest.mark.parametrize("name", ["agent:coder", "agent:made", "openai/gpt-5"])
def test_an_agent_with_a_file_or_a_failed_run_can_be_let_run_again(name: str) -> None:
    check_limited_agent(name, [Throttle(model="agent:made")], ["coder"])


@pytest.mark.parametrize(("name", "meant"), [("codr", "coder"), ("mad", "made")])
def test_a_name_of_no_agent_is_refused(name: str, meant: str) -> None:
    with pytest.raises(UnknownAgent) as refused:
        check_limited_agent(f"agent:{name}", [Throttle(model="agent:made")], ["coder"])

    assert meant in refused.value.hint
