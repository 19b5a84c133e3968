"""Each client is looked for where it looks itself, by its own variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.plugins.clients import (
    CLAUDE_CODE,
    CODEX,
    OPENCLAW,
    Around,
    Client,
    Scope,
    client_named,
    is_seen,
)


def places(client: Client, scope: Scope = Scope.USER, **variables: str) -> tuple[str, str]:
    around = Around(variables=variables, home=Path("/h"), project=Path("/p"))
    place = client.find(scope, around)
    return str(place.skill.parent), "" if place.config is None else str(place.config.file)


def test_by_default_they_are_in_the_users_folder() -> None:
    assert places(CLAUDE_CODE) == ("/h/.claude/skills", "/h/.claude.json")
    assert places(CODEX) == ("/h/.agents/skills", "/h/.codex/config.toml")
    assert places(OPENCLAW) == ("/h/.openclaw/skills", "/h/.openclaw/openclaw.json")


def test_their_own_variables_say_where_else() -> None:
    claude = places(CLAUDE_CODE, CLAUDE_CONFIG_DIR="/c")
    openclaw = places(OPENCLAW, OPENCLAW_STATE_DIR="~/s", OPENCLAW_CONFIG_PATH="/o.json")

    assert claude == ("/c/skills", "/c/.claude.json")
    assert places(CODEX, CODEX_HOME="~/x") == ("/h/.agents/skills", "/h/x/config.toml")
    assert openclaw == ("/h/s/skills", "/o.json")
    assert places(CLAUDE_CODE, CLAUDE_CONFIG_DIR="") == places(CLAUDE_CODE)


def test_a_project_has_folders_of_its_own() -> None:
    assert places(CLAUDE_CODE, Scope.PROJECT) == ("/p/.claude/skills", "/p/.mcp.json")
    assert places(CODEX, Scope.PROJECT) == ("/p/.agents/skills", "/p/.codex/config.toml")
    assert places(OPENCLAW, Scope.PROJECT) == ("/p/skills", "")


def test_a_client_is_seen_by_its_files_or_its_command(tmp_path: Path) -> None:
    around = Around(variables={"PATH": str(tmp_path / "bin")}, home=tmp_path, project=tmp_path)
    place = CODEX.find(Scope.USER, around)

    assert not is_seen(CODEX, place, around)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "codex"
    command.write_text("")
    command.chmod(0o755)
    assert is_seen(CODEX, place, around)
    command.unlink()
    (tmp_path / ".codex").mkdir()
    (tmp_path / ".codex" / "config.toml").write_text("")
    assert is_seen(CODEX, place, around)


def test_an_unknown_name_is_refused_with_the_nearest() -> None:
    with pytest.raises(InvalidInput) as refused:
        client_named("claude")

    assert refused.value.hint == "did you mean 'claude-code'?"

    with pytest.raises(InvalidInput, match="'cursor'") as other:
        client_named("cursor")

    assert "`pagents docs mcp`" in other.value.hint
