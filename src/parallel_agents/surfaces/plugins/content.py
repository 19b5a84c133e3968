"""Content: the files of the skill for each client, made of one text with what differs between clients."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

from parallel_agents._version import __version__
from parallel_agents.core.json_value import Json
from parallel_agents.settings import HOME_VARIABLE
from parallel_agents.surfaces.plugins.clients import CLAUDE_CODE, CODEX, NAME, OPENCLAW, Client

AGENT_FILE = f"{NAME}.md"
_SCRIPT = "scripts/pagents.sh"
_CODEX_WAIT_SECONDS, _CODEX_LIMIT_SECONDS = 590, 600
_OPENCLAW_LIMIT_MS = 120_000


class Program(NamedTuple):
    """How a client starts pagents, by full paths: it need not have the PATH of a person.

    Attributes:
        home: the home's folder, if it is not the default one.
    """

    python: str
    command: str
    arguments: tuple[str, ...]
    home: str

    @property
    def in_home(self) -> str:
        """What stands before a command of a shell, so that it uses the home; empty for the default one."""
        return f"{HOME_VARIABLE}={shlex.quote(self.home)} " if self.home else ""

    @property
    def server(self) -> list[str]:
        """The arguments that start the MCP server."""
        return [*self.arguments, "mcp", *(["--home", self.home] if self.home else [])]


def this_program(home: str = "") -> Program:
    """Pagents as it is installed here; without its command, the interpreter that has the package."""
    command = Path(sys.executable).with_name("pagents")
    if command.exists():
        return Program(sys.executable, str(command), (), home)
    return Program(sys.executable, sys.executable, ("-P", "-m", "parallel_agents"), home)


def skill_files(client: Client, folder: str, program: Program) -> dict[str, bytes]:
    """The files of the skill by name.

    Args:
        client: what reads it.
        folder: where the skill will be, as its text names it.
        program: how it starts pagents.
    """
    values = {
        "@PYTHON@": f"{program.in_home}{program.python}",
        "@IN_HOME@": f"export {program.in_home.rstrip()}\n" if program.in_home else "",
        "@HOME_OPTION@": shlex.quote(f" --home {shlex.quote(program.home)}")
        if program.home
        else "",
        "@FOLDER@": folder,
        "@VERSION@": __version__,
        "@QUOTED@": shlex.quote(program.command),
        "@LAUNCH@": shlex.join([program.command, *program.arguments]),
        "@CLIENT@": client.name,
    }
    kind = "python" if client is OPENCLAW else "tools"
    parts = {
        f"@{part.upper()}@": _text(f"{part}-{kind}.md").strip("\n")
        for part in ("running", "rules", "limit", "more")
    }
    files = {"SKILL.md": _filled(_filled(_text("SKILL.md"), parts).rstrip("\n") + "\n", values)}
    if client is OPENCLAW:
        plain = {**values, "@PYTHON@": program.python}  # it stands in texts of Python there
        files |= {name: _filled(text, plain) for name, text in _python_files()}
    else:
        files[_SCRIPT] = _filled(_text("pagents.sh"), values)
    return {name: text.encode() for name, text in sorted(files.items())}


def agent_file() -> bytes:
    """The agent of Claude Code that has a large job done by others."""
    return _filled(_text("agent.md"), {"@NAME@": NAME}).encode()


def plugin_readme() -> bytes:
    """What a person reads about the plugin before installing it."""
    return _filled(_text("plugin.md"), {"@VERSION@": __version__}).encode()


def description() -> str:
    """What the skill does, as its front matter says it."""
    front, *_ = _text("SKILL.md").removeprefix("---\n").split("\n---\n")
    (line,) = (line for line in front.splitlines() if line.startswith("description: "))
    return line.removeprefix("description: ")


def server_entry(client: Client, program: Program) -> dict[str, Json]:
    """The MCP server as a client's configuration names it."""
    arguments: list[Json] = [*program.server]
    entry: dict[str, Json] = {"command": program.command, "args": arguments}
    if client is CLAUDE_CODE:
        return {"type": "stdio", **entry}
    if client is CODEX:
        # It hands only the named variables on, and ends a call after a time of its own.
        return {
            "command": program.command,
            "args": [*arguments, "--longest-wait", str(_CODEX_WAIT_SECONDS)],
            "env_vars": [*_key_variables()],
            "tool_timeout_sec": _CODEX_LIMIT_SECONDS,
        }
    return {**entry, "requestTimeoutMs": _OPENCLAW_LIMIT_MS}


def _key_variables() -> list[str]:
    """The variables that providers' keys are in."""
    from parallel_agents.models.provider_tables import read_providers  # noqa: PLC0415 - heavy

    keys = (provider.key for provider in read_providers().values())
    return sorted({key.removeprefix("env:") for key in keys if key.startswith("env:")})


@cache
def _text(name: str) -> str:
    return resources.files(__package__ or "").joinpath("texts", name).read_text("utf-8")


def _python_files() -> Iterator[tuple[str, str]]:
    skill = resources.files("parallel_agents.surfaces.openclaw").joinpath("skill")
    for name, file in _files(skill):
        yield name, file.read_text("utf-8")


def _files(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        if item.is_file():
            yield f"{above}{item.name}", item
        elif item.name != "__pycache__":
            yield from _files(item, f"{above}{item.name}/")


def _filled(text: str, values: Mapping[str, str]) -> str:
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text
