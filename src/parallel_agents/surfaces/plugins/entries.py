"""Entries: the MCP server in a client's configuration, set and removed with all else as it was."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping

from parallel_agents.core.json_value import Json
from parallel_agents.errors import ClientConfigBroken
from parallel_agents.files import write_private
from parallel_agents.links import real_path
from parallel_agents.surfaces.plugins import json_text, toml_block
from parallel_agents.surfaces.plugins.clients import Config, Format
from parallel_agents.surfaces.plugins.owned_files import State, hash_of

_MOST_BYTES = 32 << 20
_SECRET = ("env", "headers", "http_headers")


def text_of(config: Config) -> str:
    """What a configuration says; empty if it is not there.

    Raises:
        ClientConfigBroken: it cannot be read.
    """
    try:
        with config.file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise _broken(config, f"it has more than {_MOST_BYTES >> 20} MiB")
        return content.decode()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise _broken(config, getattr(error, "strerror", None) or str(error)) from error


def value_of(config: Config, text: str) -> Json:
    """The entry in it; None if there is none.

    Raises:
        ClientConfigBroken: the client itself could not read it, or has something else where servers are.
    """
    try:
        if config.format is Format.TOML:
            return toml_block.value_at(text, config.steps)
        if config.format is Format.JSON and text.strip():
            json.loads(text.removeprefix("\ufeff"))
        return json_text.value_at(text, config.steps)
    except json.JSONDecodeError as error:
        raise _broken(config, f"line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise _broken(config, str(error)) from error


def state_of_entry(value: Json, wanted: Json, known: str) -> State:
    """What became of an entry.

    Args:
        value: the entry that is there.
        wanted: what it should be.
        known: the hash of what we wrote.
    """
    if value is None:
        return State.MISSING
    if value == wanted:
        return State.CURRENT
    return State.OUTDATED if hash_of_entry(value) == known else State.EDITED


def hash_of_entry(value: Json) -> str:
    """The hash of what an entry means: its order and its spaces do not matter."""
    return hash_of(json.dumps(value, sort_keys=True, default=str).encode())


def shown(value: Json) -> str:
    """An entry for a person to compare, each part on a line; what may be secret in it is hidden."""
    if value is None:
        return ""
    hidden = value
    if isinstance(value, Mapping):
        hidden = {name: _hidden(part) if name in _SECRET else part for name, part in value.items()}
    return json.dumps(hidden, indent=2, ensure_ascii=False, default=str) + "\n"


def _hidden(values: Json) -> Json:
    return dict.fromkeys(values, "***") if isinstance(values, Mapping) else "***"


def with_entry(config: Config, text: str, value: dict[str, Json]) -> tuple[str, int]:
    """The text with the entry, and how many objects were made around it.

    Raises:
        ClientConfigBroken: it cannot be put there without changing something else.
    """
    try:
        if config.format is not Format.TOML:
            depth = json_text.depth_of(text, config.steps)
            made = max(0, len(config.steps) - 1 - depth)
            return json_text.with_value(text, config.steps, value), made
        return toml_block.with_table(text, config.steps, value), 0
    except ValueError as error:
        raise _broken(config, str(error)) from error


def without_entry(config: Config, text: str, objects_made: int) -> str:
    """The text without the entry, and without the objects that were made for it and are empty.

    Raises:
        ClientConfigBroken: it cannot be removed without changing something else.
    """
    try:
        if config.format is Format.TOML:
            return toml_block.without_table(text, config.steps)
        return json_text.without_value(text, config.steps, made=objects_made)
    except ValueError as error:
        raise _broken(config, str(error)) from error


def rewrite(config: Config, before: str, after: str) -> None:
    """Replace the configuration, whose mode and links stay; a new one is the user's alone.

    Raises:
        ClientConfigBroken: the client changed it meanwhile.
        InvalidInput: it cannot be written.
    """
    if text_of(config) != before:
        raise ClientConfigBroken(
            f"{config.file} was changed meanwhile",
            why="another program wrote it at the same time",
            hint="run this again",
        )
    target = real_path(config.file)
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else None
    write_private(target, after.encode())
    if mode is not None:
        target.chmod(mode)


def _broken(config: Config, why: str) -> ClientConfigBroken:
    return ClientConfigBroken(
        f"{config.file} cannot be changed", why=why, hint="correct it, then run this again"
    )
