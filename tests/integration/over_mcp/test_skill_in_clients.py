"""The skill and the plugin are read by clients that nobody here wrote: Claude Code and Codex, from npm."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from parallel_agents.surfaces.plugins.content import description

if TYPE_CHECKING:
    from tests.integration.over_mcp.conftest import Place

FromNpm = Callable[[str, str], Path]

CLAUDE_CODE = "@anthropic-ai/claude-code@2.1.332"
CODEX = "@openai/codex@0.171.0"
PLUGIN = "parallel-agents@parallel-agents"
SETTINGS = """
model = "any"  # of the test
model_provider = "loopback"

[model_providers.loopback]
name = "loopback"
base_url = "{base_url}"
wire_api = "responses"
"""

# The first to use a client may have to fetch it.
pytestmark = [pytest.mark.node, pytest.mark.timeout(300)]


def run(place: Place, *command: str | Path, **variables: str) -> str:
    """Run a client to its end, without a network; what it printed on stdout."""
    done = subprocess.run(
        command,
        env={
            **place.environment,
            "ANTHROPIC_BASE_URL": place.provider.origin,
            "ANTHROPIC_API_KEY": "sk-ant-none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            **variables,
        },
        cwd=place.home.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done
    return done.stdout


def pagents(place: Place, *arguments: str) -> None:
    done = place.pagents("skill", *arguments)
    assert done.returncode == 0, done.stderr


def asked(place: Place) -> Sequence[str]:
    """What a client asked its model, as text."""
    return [json.dumps(request.body, ensure_ascii=False) for request in place.provider.requests]


def test_claude_code_offers_its_model_the_skill_the_agent_and_the_tools(
    place: Place, from_npm: FromNpm
) -> None:
    claude = from_npm(CLAUDE_CODE, "claude")
    pagents(place, "install", "--for", "claude-code")

    run(place, claude, "-p", "Say hello.", "--allowedTools", "mcp__parallel-agents")

    told = "".join(asked(place))
    assert description()[:60] in told
    assert "Has a large job done by many agents" in told
    assert "mcp__parallel-agents__" in told


def test_claude_code_finds_nothing_wrong_and_installs_the_plugin(
    place: Place, from_npm: FromNpm, tmp_path: Path
) -> None:
    claude = from_npm(CLAUDE_CODE, "claude")
    folder = str(tmp_path / "market")
    pagents(place, "plugin", folder)

    run(place, claude, "plugin", "validate", "--strict", folder)
    run(place, claude, "plugin", "validate", "--strict", f"{folder}/plugins/claude-code")
    run(place, claude, "plugin", "marketplace", "add", folder)
    run(place, claude, "plugin", "install", PLUGIN)

    servers = run(place, claude, "mcp", "list")
    assert "plugin:parallel-agents:parallel-agents" in servers
    assert "Connected" in servers


def test_codex_offers_its_model_the_skill_and_keeps_its_settings(
    place: Place, from_npm: FromNpm
) -> None:
    codex = from_npm(CODEX, "codex")
    config = place.home.parent / ".codex" / "config.toml"
    config.parent.mkdir()
    settings = SETTINGS.format(base_url=place.provider.base_url)
    config.write_text(settings)
    pagents(place, "install", "--for", "codex")

    run(place, codex, "exec", "--skip-git-repo-check", "Say hello.")

    told = "".join(asked(place))
    assert description()[:60] in told
    pagents(place, "uninstall", "--for", "codex")
    assert config.read_text().startswith(settings)
    assert "mcp_servers" not in config.read_text()


def test_codex_installs_the_plugin(place: Place, from_npm: FromNpm, tmp_path: Path) -> None:
    codex = from_npm(CODEX, "codex")
    folder = str(tmp_path / "market")
    pagents(place, "plugin", folder)

    run(place, codex, "plugin", "marketplace", "add", folder)
    run(place, codex, "plugin", "add", PLUGIN)

    assert "installed, enabled" in run(place, codex, "plugin", "list")
    assert "mcp --home" in run(place, codex, "mcp", "list")
