"""MCP servers as a user has them: in a project that must be trusted, listed, checked, called and ended."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.testing.behaviour import Reply
from tests.acceptance.support.waiting import is_alive, wait_until

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents
    from tests.acceptance.support.processes import Document
    from tests.acceptance.support.provider import FakeProvider

PROGRAM = Path(__file__).parents[1] / "integration" / "mcp_client" / "program.py"
COUNT = ToolCall("c1", "mcp__one__count", {})
AGENT = """---
name: clerk
description: Counts.
tools: [mcp__one]
permissions: {allow: [mcp__one]}
---
You count.
"""


def entry(mode: str = "ok", **fields: object) -> JsonObject:
    return {"command": sys.executable, "args": ["-I", "-S", str(PROGRAM), mode], **fields}  # pyright: ignore[reportReturnType] - of any field


def says(*calls: ToolCall) -> Callable[[JsonObject], Reply]:
    """A model that makes the calls, and then says what it was told of the last."""

    def answer(body: JsonObject) -> Reply:
        *_, last = objects_at(body, "messages")
        return text_at(last, "content") if last.get("role") == "tool" else list(calls)

    return answer


def define(pagents: Pagents, **servers: JsonObject) -> None:
    """A `.mcp.json` beside the agents of the user, of which one calls the server `one`."""
    pagents.file(".mcp.json", json.dumps({"mcpServers": servers}))
    (pagents.home / "agents").mkdir(mode=0o700, exist_ok=True)
    (pagents.home / "agents" / "clerk.md").write_text(AGENT)


def test_a_cloned_mcp_json_starts_nothing_and_stops_nobody(
    pagents: Pagents, provider: FakeProvider
) -> None:
    define(pagents, one=entry())

    refused = pagents("spawn", "clerk", "Count.", "--wait")
    other = pagents("spawn", "main", "hello", "--wait")

    refused.assert_refused("PA-E101", "there is no MCP server 'one'", "`pagents trust`", exits=2)
    checked = pagents("mcp", "check", "one")
    checked.assert_refused("PA-E104", "there is no MCP server 'one'", "`pagents trust`", exits=4)
    assert other.code == 0
    assert len(provider.requests) == 1


def test_trust_shows_what_a_server_does_and_asks_again_when_it_changes(pagents: Pagents) -> None:
    define(pagents, one=entry(env={"KEY": "${BENCH_KEY}"}))
    shown = pagents("trust", "--yes")
    pagents.file(".mcp.json", json.dumps({"mcpServers": {"one": entry("other")}}))

    after = pagents("spawn", "main", "hello")

    assert "is the MCP server one for any agent, and gets the value of BENCH_KEY" in shown.out
    after.assert_refused("PA-E115", ".mcp.json has changed", exits=10)


def test_an_agent_calls_a_server_of_a_trusted_project(
    pagents: Pagents, provider: FakeProvider
) -> None:
    define(pagents, one=entry())
    pagents("trust", "--yes")
    provider.answer = says(COUNT)

    (result,) = pagents.json("spawn", "clerk", "Count.", "--wait")["items"]

    process, calls, folder = result["output"].split()
    assert calls == "1"
    assert Path(folder) == pagents.folder
    assert not is_alive(int(process))


def test_the_servers_are_listed_with_their_sources_and_what_is_wrong(pagents: Pagents) -> None:
    define(pagents, one=entry(), sse={"type": "sse", "url": "https://x/sse"})
    pagents("trust", "--yes")

    items: list[Document] = pagents.items("mcp", "list")

    assert [(each["name"], each["source"], each["problem"]) for each in items] == [
        ("one", ".mcp.json", None),
        (
            "sse",
            ".mcp.json",
            f"the MCP server sse in {pagents.folder / '.mcp.json'} cannot be used",
        ),
    ]


def test_a_check_shows_the_tools_and_fails_if_a_server_cannot_be_used(pagents: Pagents) -> None:
    define(pagents, one=entry(), broken=entry("exits"))
    pagents("trust", "--yes")

    good, all_of_them = pagents("mcp", "check", "one"), pagents("mcp", "check")

    assert good.code == 0
    assert "mcp__one__echo" in good.out
    assert all_of_them.code == 1
    assert "it ended: exit code 3; it wrote: no token" in all_of_them.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("mcp", "check", "onne"), "PA-E104", "did you mean 'one'?"),
        (("mcp", "chek"), "PA-E101", "no such command 'chek'"),
        (("mcp", "--http", "0", "list"), "PA-E101", "--http is given before list"),
        (("mcp", "--http", "0", "--http", "1"), "PA-E101", "--http is given twice"),
    ],
)
def test_what_is_misspelt_is_refused(
    pagents: Pagents, arguments: tuple[str, ...], code: str, words: str
) -> None:
    define(pagents, one=entry())
    pagents("trust", "--yes")

    pagents(*arguments).assert_refused(code, words, exits=4 if code == "PA-E104" else 2)


@pytest.mark.parametrize("content", ["{", "[]", '{"mcpServers": 5}'])
def test_a_file_that_cannot_be_read_stops_only_those_who_need_it(
    pagents: Pagents, content: str
) -> None:
    define(pagents)
    pagents.file(".mcp.json", content)
    pagents("trust", "--yes")

    refused = pagents("spawn", "clerk", "Count.", "--wait")

    refused.assert_refused("PA-E101", ".mcp.json cannot be read", exits=2)
    assert pagents("spawn", "main", "hello", "--wait").code == 0


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_of_a_server_is_left_when_the_command_is_ended(
    pagents: Pagents, provider: FakeProvider, number: signal.Signals
) -> None:
    define(pagents, one=entry("stubborn"))
    pagents("trust", "--yes")
    told: list[str] = []

    def answer(body: JsonObject) -> Reply:
        *_, last = objects_at(body, "messages")
        if last.get("role") != "tool":
            return [ToolCall("c1", "mcp__one__leave", {}), ToolCall("c2", "mcp__one__count", {})]
        told.extend(text_at(each, "content") for each in objects_at(body, "messages")[-2:])
        return [ToolCall("c3", "mcp__one__hang", {})]

    provider.answer = answer
    running = pagents.start("spawn", "clerk", "Count.", "--wait")
    wait_until(lambda: bool(told))
    left, server = int(told[0]), int(told[1].split()[0])
    assert is_alive(server)

    running.signal(number)
    if number is signal.SIGINT:  # the second one stops at once
        running.wait_for("Ctrl-C")
        running.signal(number)
    running.ended()

    wait_until(lambda: not is_alive(server) and not is_alive(left))


def test_the_doctor_tells_of_servers_without_starting_them(pagents: Pagents) -> None:
    define(pagents, one=entry("exits"), lost={"command": "no-such-program"})
    pagents("trust", "--yes")

    told = pagents("doctor").out

    assert "MCP servers, not started: one" in told
    assert "PA-E110 the MCP server lost cannot be started" in told


@pytest.mark.parametrize(
    ("call", "line"),
    [
        ("mcp__one__echo", "allow  mcp__one__echo  by mcp__one"),
        ("mcp__one", "allow  mcp__one  by mcp__one"),
    ],
)
def test_permissions_of_a_servers_tools_are_shown(pagents: Pagents, call: str, line: str) -> None:
    define(pagents, one=entry())
    pagents("trust", "--yes")

    assert pagents("permissions", "show", "clerk", call).out.strip() == line
    assert "mcp__one__*" in pagents("permissions", "show", "clerk").out
