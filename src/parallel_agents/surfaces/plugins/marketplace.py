"""Marketplace: a folder with the plugin, from which Claude Code and Codex install it as their own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import orjson

from parallel_agents._version import __version__
from parallel_agents.core.json_value import Json
from parallel_agents.errors import EditedByHand
from parallel_agents.surfaces.plugins import content
from parallel_agents.surfaces.plugins.clients import CLAUDE_CODE, CODEX, NAME
from parallel_agents.surfaces.plugins.owned_files import (
    Note,
    State,
    hash_of,
    noted,
    state_of,
    write_note,
    write_owned,
)

_TITLE, _AUTHOR, _CATEGORY = "Parallel Agents", "Parallel Agents", "Productivity"
_SHORT = "Teams of AI agents in parallel, durable and within budgets."
_CLAUDE_FOLDER, _CODEX_FOLDER = "plugins/claude-code", "plugins/codex"
_SCHEMAS = "https://json.schemastore.org"
_KEYWORDS = ["agents", "parallel", "orchestration", "mcp"]


def plugin_files(program: content.Program) -> dict[str, bytes]:
    """The files of the marketplace by name: one plugin for each client, of the same parts."""
    return dict(sorted({**_claude_code(program), **_codex(program)}.items()))


def write_marketplace(
    folder: Path, program: content.Program, *, overwrites: bool = False
) -> dict[str, State]:
    """Write the marketplace into a folder; return each file, with the state that it had.

    Raises:
        EditedByHand: files were changed since, or are not ours; nothing was written.
        InvalidInput: the folder cannot be read or written.
    """
    files, note = plugin_files(program), noted(folder)
    states = {
        name: state_of(folder / name, wanted, note.files.get(name))
        for name, wanted in files.items()
    }
    edited = [name for name, state in states.items() if state is State.EDITED]
    if edited and not overwrites:
        raise EditedByHand(
            f"the plugin was not written into {folder}: a person changed it, or wrote it",
            why=", ".join(edited),
            hint="name another folder, or overwrite them with --force",
        )
    for name, wanted in files.items():
        if states[name] is not State.CURRENT:
            write_owned(folder / name, wanted)
    write_note(folder, Note(files={name: hash_of(wanted) for name, wanted in files.items()}))
    return states


def _claude_code(program: content.Program) -> dict[str, bytes]:
    about: dict[str, Json] = {
        "name": NAME,
        "version": __version__,
        "description": content.description(),
        "author": {"name": _AUTHOR},
        "license": "MIT",
        "keywords": _KEYWORDS,
    }
    listed: Json = {
        "$schema": f"{_SCHEMAS}/claude-code-marketplace.json",
        "name": NAME,
        "description": _SHORT,
        "owner": {"name": _AUTHOR},
        "plugins": [{**about, "source": f"./{_CLAUDE_FOLDER}"}],
    }
    schema = f"{_SCHEMAS}/claude-code-plugin-manifest.json"
    files = {
        "README.md": content.plugin_readme(),
        ".claude-plugin/plugin.json": _json({"$schema": schema, **about}),
        ".mcp.json": _servers(content.server_entry(CLAUDE_CODE, program)),
        f"agents/{content.AGENT_FILE}": content.agent_file(),
        **_skill(content.skill_files(CLAUDE_CODE, "${CLAUDE_SKILL_DIR}", program)),
    }
    return {".claude-plugin/marketplace.json": _json(listed), **_under(_CLAUDE_FOLDER, files)}


def _codex(program: content.Program) -> dict[str, bytes]:
    listed: Json = {
        "name": NAME,
        "interface": {"displayName": _TITLE},
        "plugins": [
            {
                "name": NAME,
                "source": {"source": "local", "path": f"./{_CODEX_FOLDER}"},
                "policy": {"installation": "AVAILABLE", "authentication": "ON_INSTALL"},
                "category": _CATEGORY,
            }
        ],
    }
    manifest: Json = {
        "name": NAME,
        "version": __version__,
        "description": content.description(),
        "author": {"name": _AUTHOR},
        "license": "MIT",
        "keywords": _KEYWORDS,
        "skills": "./skills/",
        "mcpServers": "./.mcp.json",
        "interface": {
            "displayName": _TITLE,
            "shortDescription": _SHORT,
            "longDescription": content.description(),
            "developerName": _AUTHOR,
            "category": _CATEGORY,
            "capabilities": ["Interactive", "Write"],
            "defaultPrompt": ["Have three agents review this change in parallel."],
        },
    }
    files = {
        "README.md": content.plugin_readme(),
        ".codex-plugin/plugin.json": _json(manifest),
        ".mcp.json": _servers(content.server_entry(CODEX, program)),
        **_skill(content.skill_files(CODEX, "<the folder of this skill>", program)),
    }
    return {".agents/plugins/marketplace.json": _json(listed), **_under(_CODEX_FOLDER, files)}


def _skill(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return _under(f"skills/{NAME}", files)


def _under(folder: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{name}": file for name, file in files.items()}


def _servers(entry: Mapping[str, Json]) -> bytes:
    return _json({"mcpServers": {NAME: entry}})


def _json(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"
