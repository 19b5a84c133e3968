"""Clients that nobody here wrote call `pagents mcp`: the MCP Inspector and Claude Code, from npm."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.surfaces.mcp.offers import ANNOTATIONS
from parallel_agents.testing.behaviour import Reply, last_text

if TYPE_CHECKING:
    from tests.integration.over_mcp.conftest import Place

FromNpm = Callable[[str, str], Path]

# The Inspector asks for a newer Node than 20, and its `--cli` runs on that too.
INSPECTOR = "@modelcontextprotocol/inspector@2.12.0"
CLAUDE_CODE = "@anthropic-ai/claude-code@2.1.332"

# The first to use a client may have to fetch it.
pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]


class Inspector(NamedTuple):
    """The Inspector's command line on one server."""

    command: Path
    server: Sequence[str]
    environment: Mapping[str, str]

    def ask(self, method: str, *arguments: str) -> Mapping[str, Any]:
        """What the server answers; the first of the documents that it prints."""
        done = subprocess.run(
            [self.command, "--cli", *self.server, "--method", method, *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=40,
        )
        assert done.stdout.startswith("{"), done
        return json.JSONDecoder().raw_decode(done.stdout)[0]

    def call(self, tool: str, **arguments: str) -> tuple[bool, Mapping[str, Any]]:
        """Whether a tool's answer is an error, and the answer, which is also its text."""
        pairs = [f"{name}={value}" for name, value in arguments.items()]
        given = ["--tool-arg", *pairs] if pairs else []
        result = self.ask("tools/call", "--tool-name", tool, *given)
        answer = json.loads(result["content"][0]["text"])
        assert result.get("structuredContent") == (None if result["isError"] else answer)
        return result["isError"], answer


@pytest.fixture(params=["stdio", "http"])
def inspector(request: pytest.FixtureRequest, place: Place, from_npm: FromNpm) -> Inspector:
    command = from_npm(INSPECTOR, "mcp-inspector")
    if request.param == "http":
        running = place.start("--http", "0")
        header = f"Authorization: Bearer {running.token}"
        return Inspector(command, [running.url, "--header", header], place.environment)
    # It passes its own environment on only in part, so the home is told in words.
    return Inspector(command, ["pagents", "mcp", "--home", str(place.home)], place.environment)


def test_the_inspector_lists_the_tools_with_their_annotations(inspector: Inspector) -> None:
    tools = inspector.ask("tools/list")["tools"]

    listed = {tool["name"]: tool["annotations"] for tool in tools}
    assert {name: listed[name] for name in ANNOTATIONS} == {
        name: dict(hints) for name, hints in ANNOTATIONS.items()
    }


def test_the_inspector_spawns_an_agent_and_later_has_its_result(inspector: Inspector) -> None:
    is_error, spawned = inspector.call("sessions_spawn", task="hello", label="greeter")
    assert not is_error
    assert spawned["status"] == "accepted"

    is_error, waited = inspector.call("agents_wait", ids='["greeter"]')

    assert not is_error
    assert waited["completed"][0]["result"] == "hello"


def test_the_inspector_is_told_what_goes_wrong(inspector: Inspector) -> None:
    wrong = inspector.call("sessions_spawn", task="x", mode="evil")
    unknown = inspector.call("sessions_history", sessionKey="nobody")

    assert wrong[0]
    assert wrong[1]["error"].endswith('mode: "evil" is not one of "run" or "session"')
    assert unknown == (True, {"status": "error", "error": "No session found: nobody"})


# Claude Code

CALLS = (
    ("sessions_spawn", {"task": "hello from an agent", "label": "greeter"}),
    ("agents_wait", {"ids": ["greeter"]}),
    ("sessions_history", {"sessionKey": "nobody"}),
)


def results_of(body: JsonObject) -> list[JsonObject]:
    """The results of tools in a request on the Messages wire, in order."""
    told = [m for m in objects_at(body, "messages") if not isinstance(m.get("content"), str)]
    blocks = [block for message in told for block in objects_at(message, "content")]
    return [block for block in blocks if text_at(block, "type") == "tool_result"]


@pytest.mark.parametrize("transport", ["stdio", "http"])
def test_claude_code_has_agents_run(
    place: Place, from_npm: FromNpm, tmp_path: Path, transport: str
) -> None:
    def answer(body: JsonObject) -> Reply:
        """Of Claude Code's model: the calls, one a turn, and an end; of an agent's: an echo."""
        if not text_at(body, "model").startswith("claude"):
            return last_text(body)
        done = len(results_of(body))
        if done == len(CALLS):
            return "All is done."
        name, arguments = CALLS[done]
        return (ToolCall(f"toolu_{done}", f"mcp__parallel-agents__{name}", arguments),)

    place.answer = answer
    server: JsonObject = {"command": "pagents", "args": ["mcp"]}
    if transport == "http":
        running = place.start("--http", "0")
        server = {"type": "http", "url": running.url, "headers": {**running.authorization}}
    configuration = tmp_path / "mcp.json"
    configuration.write_text(json.dumps({"mcpServers": {"parallel-agents": server}}))

    done = subprocess.run(
        [
            *(from_npm(CLAUDE_CODE, "claude"), "-p", "Have an agent say hello."),
            *("--mcp-config", configuration, "--strict-mcp-config"),
            *("--allowedTools", "mcp__parallel-agents", "--output-format", "json"),
        ],
        env={
            **place.environment,
            "ANTHROPIC_BASE_URL": place.provider.origin,
            "ANTHROPIC_API_KEY": "sk-ant-none",
            "CLAUDE_CONFIG_DIR": str(tmp_path / "claude"),
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        },
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert json.loads(done.stdout)["result"] == "All is done.", done
    (last,) = [r for r in place.provider.requests if len(results_of(r.body)) == len(CALLS)]
    spawned, waited, unknown = (json.dumps(result) for result in results_of(last.body))
    assert "accepted" in spawned
    assert "hello from an agent" in waited
    assert "No session found: nobody" in unknown
    assert '"is_error": true' in unknown
