"""Names of what is not here are told with their place, and with what was meant."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from parallel_agents.app.references import (
    TOOLS,
    dangling_in_agent,
    dangling_in_settings,
    telling_policies,
)
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.policy import Policy
from parallel_agents.models.http import Http
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.registry import Registry
from parallel_agents.setting_sources import load
from parallel_agents.settings import Environment
from parallel_agents.testing import ScriptedModel

CATALOG = Catalog()
MODELS = Registry(
    read_providers(),
    dict[str, str]().get,
    Http(),
    factories={"scripted": lambda name: ScriptedModel([], name)},
)


def told(home: Path, text: str) -> list[str]:
    (home / "config.toml").write_text(text)
    environment = Environment(home=home, variables={})
    settings = load(environment).settings
    found = dangling_in_settings(environment, settings, CATALOG.agent, MODELS.check_name)
    return [str(each).replace(f" in {home / 'config.toml'}", " in FILE") for each in found]


@pytest.mark.parametrize(
    ("text", "start", "part"),
    [
        (
            "agent_budgets.api_desiner.usd = 1",
            "agent_budgets.api_desiner in FILE: there is no agent 'api_desiner'",
            "did you mean 'api_designer'?",
        ),
        ('default_agent = "mian"', "default_agent in FILE: there is no agent 'mian'", "'main'?"),
        ('model = "opnai/gpt-5"', "model in FILE: no model 'opnai/gpt-5'", "openai/gpt-5?"),
        ('tiers.small = "nosuch/x"', "tiers.small in FILE: no model 'nosuch/x'", "models list"),
        ('ladders.a = ["scripted/a", "x/y"]', "ladders.a[1] in FILE: no model 'x/y'", "list"),
    ],
)
def test_a_name_in_the_settings_of_what_is_not_here_is_told(
    tmp_path: Path, text: str, start: str, part: str
) -> None:
    [line] = told(tmp_path, text)

    assert line.startswith(start)
    assert part in line


@pytest.mark.parametrize(
    "text",
    [
        "agent_budgets.main.usd = 1",
        'default_agent = "api_designer"',
        'model = "openai/anything"',
        'tiers.small = "scripted"',
        'ladders.a = ["anthropic/claude-haiku-5-5", "scripted/a"]',
        'model = "ladder/default"',
    ],
)
def test_names_of_what_is_here_need_no_word(tmp_path: Path, text: str) -> None:
    assert told(tmp_path, text) == []


def test_tools_and_agents_that_an_agent_names_and_nobody_has_are_told() -> None:
    agent = Agent(
        name="lead",
        description="Leads.",
        instructions="Lead.",
        tools=("look", "session_spawn"),
        policy=Policy(spawns=("*", "writer", "wirter"), denies=("poet",)),
    )

    found = list(dangling_in_agent(agent, ["look", "sessions_spawn"], ["writer"]))

    assert [(each.where, each.hint) for each in found] == [
        ("tools[1]", "did you mean 'sessions_spawn'?"),
        ("policy.spawns[2]", "did you mean 'writer'? `pagents agents list` shows all"),
        ("policy.denies[0]", "use one of: writer. `pagents agents list` shows all"),
    ]


@pytest.mark.parametrize("tool", ["read_file", "edit_file", "sessions_spawn"])
def test_tools_that_every_process_has_need_no_word(tool: str) -> None:
    agent = Agent(name="w", description="d", instructions="i", tools=(tool,))

    assert list(dangling_in_agent(agent, TOOLS, [])) == []


@pytest.mark.parametrize(
    ("policy", "told"),
    [
        (Policy(denies=("revewer",)), ["agent w, policy.denies[0]: there is no agent 'revewer'"]),
        (Policy(spawns=("wirter",)), ["agent w, policy.spawns[0]: there is no agent 'wirter'"]),
        (Policy(spawns=("*", "writer"), denies=("reviewer",)), []),
        (Policy(), []),
    ],
)
def test_an_agent_is_told_once_what_its_policy_allows_or_denies_in_vain(
    policy: Policy, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    tell = telling_policies(lambda: ["writer", "reviewer"])
    agent = Agent(name="w", description="d", instructions="i", policy=policy)

    with caplog.at_level(logging.WARNING):
        tell(agent)
        tell(agent)

    assert [message.partition(", unless")[0] for message in caplog.messages] == told


def test_servers_that_an_agent_names_and_nobody_has_are_told() -> None:
    agent = Agent(
        name="w",
        description="d",
        instructions="i",
        tools=("mcp__github__x", "mcp__gihub", "mcp__own"),
        mcp_servers=(McpServer(name="own", command="x"), McpServer(name="vain", command="x")),
    )

    found = list(dangling_in_agent(agent, TOOLS, [], ["github"]))

    assert [(each.where, each.what, each.hint) for each in found] == [
        ("tools[1]", "there is no MCP server 'gihub'", "did you mean 'github'?"),
        (
            "mcp_servers.vain",
            "no tool of this server is named, so it is not used",
            "add mcp__vain to its tools",
        ),
    ]
