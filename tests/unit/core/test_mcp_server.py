"""Entries of MCP servers: those of other programs are taken, and mistakes are named without values."""

from __future__ import annotations

import pytest

from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.mcp_server import McpServer, read_server
from parallel_agents.errors import InvalidInput


@pytest.mark.parametrize(
    ("table", "server"),
    [
        ({"command": "npx"}, McpServer(name="one", command="npx")),
        (
            {"type": "stdio", "command": "npx", "args": ["-y", "x"], "env": {"A": "b"}},
            McpServer(name="one", command="npx", args=("-y", "x"), env={"A": "b"}),
        ),
        (
            {"type": "http", "url": "https://x.example/mcp", "headers": {"A": "b"}},
            McpServer(name="one", url="https://x.example/mcp", headers={"A": "b"}),
        ),
        (
            {"type": "streamableHttp", "url": "http://127.0.0.1:1/mcp"},
            McpServer(name="one", url="http://127.0.0.1:1/mcp"),
        ),
        ({"url": "${BASE}/mcp"}, McpServer(name="one", url="${BASE}/mcp")),
        (
            {"command": "x", "enabled_tools": ["get_*"], "call_timeout_seconds": 5},
            McpServer(name="one", command="x", enabled_tools=("get_*",), call_timeout_seconds=5),
        ),
    ],
)
def test_an_entry_is_read(table: JsonObject, server: McpServer) -> None:
    assert read_server("one", table) == server


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ({}, "it needs a command or a url, and not both"),
        ({"command": "x", "url": "http://x"}, "it needs a command or a url, and not both"),
        ({"command": " "}, "it needs a command or a url"),
        ("npx", "it must be a table of names and values"),
        ([], "it must be a table of names and values"),
        ({"comand": "npx"}, "there is no field 'comand' of an MCP server; did you mean 'command'?"),
        ({"command": 5}, "command of McpServer is 5 (int) (it takes text)"),
        ({"command": "x", "args": "-y"}, "args of McpServer is '-y' (str)"),
        ({"command": "x", "args": [1]}, "item 1 of args of McpServer is 1 (int)"),
        ({"command": "x", "env": {"PIN": 4711}}, "env.PIN must be text"),
        ({"command": "x", "env": {"A=B": "c"}}, "'A=B' in env is not the name of a variable"),
        ({"url": "https://x", "headers": {"A": ["b"]}}, "headers.A must be text"),
        ({"url": "https://x", "headers": {"A B": "c"}}, "'A B' in headers is not the name"),
        ({"url": "https://x", "env": {"A": "b"}}, "env is for a server with a command"),
        ({"command": "x", "headers": {"A": "b"}}, "headers are for a server with a url"),
        ({"url": "x.example/mcp"}, "its url must begin with http:// or https://"),
        ({"url": "ftp://x"}, "its url must begin with http:// or https://"),
        ({"url": "https://me:pass@x"}, "its url has a user or a password"),
        ({"type": "sse", "url": "https://x/sse"}, "the transport sse is deprecated"),
        ({"type": "ws", "url": "wss://x"}, "type is 'ws'; it takes stdio or http"),
        ({"type": 1, "command": "x"}, "type is 1; it takes stdio or http"),
        ({"type": "http", "command": "x"}, "type is http, and it has no url"),
        ({"type": "stdio", "url": "https://x"}, "type is stdio, and it has no command"),
        ({"command": "x", "call_timeout_seconds": 0}, "call_timeout_seconds of McpServer is 0"),
        ({"command": "x", "renamed_tools": {"a": "b c"}}, "renamed_tools takes names of letters"),
        ({"command": "x\0"}, "its command has a NUL character"),
    ],
)
def test_a_mistake_in_an_entry_is_named(table: Json, why: str) -> None:
    with pytest.raises(ValueError, match=r".") as error:
        read_server("one", table)

    assert why in str(error.value)


def test_no_value_of_a_variable_or_header_is_shown() -> None:
    with pytest.raises(ValueError, match=r".") as error:
        read_server("one", {"command": "x", "env": {"PIN": 4711}})

    assert "4711" not in str(error.value)


@pytest.mark.parametrize("name", ["a__b", "foo.bar", "", "x" * 33])
def test_a_name_that_tools_could_not_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="its name must have letters, digits"):
        McpServer(name=name, command="x")
