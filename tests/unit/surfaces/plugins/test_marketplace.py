"""The plugin is written for both clients from the same parts, in the form that each of them reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import EditedByHand
from parallel_agents.models.shapes import object_at, objects_at, text_at
from parallel_agents.surfaces.plugins.content import Program
from parallel_agents.surfaces.plugins.marketplace import plugin_files, write_marketplace
from parallel_agents.surfaces.plugins.owned_files import State

PROGRAM = Program("/venv/bin/python", "/venv/bin/pagents", (), "")
CLAUDE, CODEX = "plugins/claude-code", "plugins/codex"
# What the checkers of each client accept and ask for in a manifest.
SEMVER = r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"
CODEX_FIELDS = {
    *("name", "version", "description", "skills", "mcpServers", "interface", "author"),
    *("license", "keywords"),
}
INTERFACE = {
    *("displayName", "shortDescription", "longDescription", "developerName", "category"),
    *("capabilities", "defaultPrompt"),
}


def read(name: str) -> JsonObject:
    return json.loads(plugin_files(PROGRAM)[name])


def test_each_marketplace_leads_to_a_plugin_of_its_client() -> None:
    (claude,) = objects_at(read(".claude-plugin/marketplace.json"), "plugins")
    (codex,) = objects_at(read(".agents/plugins/marketplace.json"), "plugins")

    assert claude["source"] == f"./{CLAUDE}"
    assert codex["source"] == {"source": "local", "path": f"./{CODEX}"}
    assert f"{CLAUDE}/.claude-plugin/plugin.json" in plugin_files(PROGRAM)
    assert f"{CODEX}/.codex-plugin/plugin.json" in plugin_files(PROGRAM)


def test_the_manifest_has_what_codex_asks_for_and_nothing_that_it_refuses() -> None:
    manifest = read(f"{CODEX}/.codex-plugin/plugin.json")
    interface = object_at(manifest, "interface")

    assert set(manifest) == CODEX_FIELDS
    assert set(interface) == INTERFACE
    assert re.fullmatch(SEMVER, text_at(manifest, "version"))
    assert len(json.dumps(interface["defaultPrompt"])) <= 128


def test_both_start_the_same_server_by_its_full_path() -> None:
    for plugin in (CLAUDE, CODEX):
        servers = object_at(read(f"{plugin}/.mcp.json"), "mcpServers")
        server = object_at(servers, "parallel-agents")

        assert server["command"] == "/venv/bin/pagents"
        assert json.dumps(server["args"]).startswith('["mcp"')


def test_a_folder_is_written_once_and_updated_but_not_over_what_a_person_changed(
    tmp_path: Path,
) -> None:
    first = write_marketplace(tmp_path, PROGRAM)
    again = write_marketplace(tmp_path, PROGRAM)
    moved = write_marketplace(tmp_path, Program("/new/python", "/new/pagents", (), ""))
    readme = tmp_path / CODEX / "README.md"
    readme.write_text("mine")

    with pytest.raises(EditedByHand) as refused:
        write_marketplace(tmp_path, PROGRAM)

    assert {*first.values()} == {State.MISSING}
    assert {*again.values()} == {State.CURRENT}
    assert moved[f"{CLAUDE}/.mcp.json"] is State.OUTDATED
    assert refused.value.why == f"{CODEX}/README.md"
    assert (
        write_marketplace(tmp_path, PROGRAM, overwrites=True)[f"{CODEX}/README.md"] is State.EDITED
    )
