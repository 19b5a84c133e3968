"""`.mcp.json`: one wrong entry leaves the others as they are, and no project approves its own tools."""

from __future__ import annotations

import orjson
import pytest

from parallel_agents.core.json_value import Json
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.mcp_client.mcp_json import McpJson, read_mcp_json


def read(servers: Json) -> McpJson:
    return read_mcp_json(orjson.dumps({"mcpServers": servers}), ".mcp.json")


def test_servers_are_read() -> None:
    found = read({"one": {"command": "x"}, "two": {"type": "http", "url": "https://x"}})

    assert found.servers == {
        "one": McpServer(name="one", command="x"),
        "two": McpServer(name="two", url="https://x"),
    }
    assert found.problems == {}


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"{", "it is not JSON"),
        (b"", "it is not JSON"),
        (b"\xff\xfe{", "it is not JSON"),
        (b"[]", "it has no table 'mcpServers'"),
        (b"{}", "it has no table 'mcpServers'"),
        (b'{"mcpServer": {}}', "it has no table 'mcpServers'; did you mean 'mcpServer'?"),
        (b'{"mcpServers": []}', "it has no table 'mcpServers'"),
        (b'{"servers": {"x": {"command": "x"}}}', "it has no table 'mcpServers'"),
    ],
)
def test_a_file_without_servers_is_one_problem(content: bytes, why: str) -> None:
    found = read_mcp_json(content, "FILE")

    assert found.servers == {}
    assert found.problems[""].message == "FILE cannot be read"
    assert why in found.problems[""].why


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("x", "it must be a table"),
        ({"type": "sse", "url": "https://x"}, "sse is deprecated"),
        ({"comand": "x"}, "there is no field 'comand'"),
        ({"command": ["x"]}, "command of McpServer is ['x']"),
        ({"command": "x", "timeout": "5s"}, "timeout must be a number of milliseconds"),
        ({"command": "x", "trust_read_only": True}, "trust_read_only belongs into config.toml"),
        ({"command": "x", "enabled_tools": ["a"]}, "enabled_tools belongs into config.toml"),
    ],
)
def test_a_wrong_entry_is_a_problem_of_its_own(table: Json, why: str) -> None:
    found = read({"bad": table, "good": {"command": "x"}})

    assert set(found.servers) == {"good"}
    assert set(found.problems) == {"bad"}
    assert why in found.problems["bad"].why


@pytest.mark.parametrize("name", ["foo.bar", "my server", "a__b"])
def test_a_name_that_tools_could_not_have_is_a_problem(name: str) -> None:
    assert "its name must have letters" in read({name: {"command": "x"}}).problems[name].why


@pytest.mark.parametrize(
    ("table", "note"),
    [
        ({"command": "x", "autoApprove": ["*"]}, "autoApprove there has no effect here"),
        (
            {"command": "x", "alwaysAllow": ["a"], "trust": True},
            "alwaysAllow, trust there has no effect here",
        ),
        ({"command": "x", "envFile": ".env"}, "envFile there has no effect here"),
    ],
)
def test_what_others_would_take_for_an_approval_has_no_effect(table: Json, note: str) -> None:
    found = read({"one": table})

    assert found.servers == {"one": McpServer(name="one", command="x")}
    assert found.notes == {"one": note}


def test_a_server_that_is_disabled_is_not_offered() -> None:
    found = read({"one": {"command": "x", "disabled": True}})

    assert (found.servers, found.notes) == ({}, {"one": "it is disabled there"})


def test_the_time_limit_of_claude_code_is_in_milliseconds() -> None:
    server = read({"one": {"command": "x", "timeout": 1500}}).servers["one"]

    assert server.call_timeout_seconds == 1.5
