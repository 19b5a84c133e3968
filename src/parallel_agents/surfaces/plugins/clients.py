"""Clients: the programs that read our skill, and where each of them looks for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from shutil import which
from typing import TypeAlias

from parallel_agents.core.spelling import meant
from parallel_agents.errors import InvalidInput

NAME = "parallel-agents"


class Scope(StrEnum):
    """For whom something is installed: for the user everywhere, or for whoever opens a project."""

    USER = "user"
    PROJECT = "project"


class Format(StrEnum):
    """How a client writes its configuration."""

    JSON = "json"
    JSON5 = "json5"
    TOML = "toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What says where a client's folders are.

    Attributes:
        variables: the environment.
        home: the user's folder.
        project: the folder of the project.
    """

    variables: Mapping[str, str]
    home: Path
    project: Path

    def folder(self, variable: str, default: str) -> Path:
        """The folder that a variable names, or one in the user's folder; an empty one names none."""
        named = self.variables.get(variable)
        if not named:
            return self.home / default
        if named == "~" or named.startswith("~/"):
            return self.home / named[2:]
        return Path(named).absolute()


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Where a client has the entry of an MCP server.

    Attributes:
        file: the client's own file of settings.
        steps: the path of the entry in it.
    """

    file: Path
    format: Format
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a client looks.

    Attributes:
        skill: the folder of our skill.
        agents: the folder of its own agents, if it reads agents from files.
        config: where its MCP servers are; none if the scope has none.
    """

    skill: Path
    agents: Path | None = None
    config: Config | None = None


_Find: TypeAlias = Callable[[Scope, Around], Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program that reads skills.

    Attributes:
        name: as `--for` takes it.
        title: as people call it.
        command: what starts it.
        find: where it looks.
        again: what makes it read the skill.
    """

    name: str
    title: str
    command: str
    find: _Find
    again: str


def _claude_code(scope: Scope, around: Around) -> Place:
    """Its own `.claude.json` lies beside its folder, unless a variable names that folder."""
    steps = ("mcpServers", NAME)
    if scope is Scope.PROJECT:
        folder, file = around.project / ".claude", around.project / ".mcp.json"
    else:
        folder = around.folder("CLAUDE_CONFIG_DIR", ".claude")
        beside = folder if around.variables.get("CLAUDE_CONFIG_DIR") else around.home
        file = beside / ".claude.json"
    return Place(
        skill=folder / "skills" / NAME,
        agents=folder / "agents",
        config=Config(file=file, format=Format.JSON, steps=steps),
    )


def _codex(scope: Scope, around: Around) -> Place:
    """Its skills are in `.agents`, which other programs share; its settings are in a folder of its own."""
    steps = ("mcp_servers", NAME)
    if scope is Scope.PROJECT:
        above, settings = around.project, around.project / ".codex"
    else:
        above, settings = around.home, around.folder("CODEX_HOME", ".codex")
    return Place(
        skill=above / ".agents" / "skills" / NAME,
        config=Config(file=settings / "config.toml", format=Format.TOML, steps=steps),
    )


def _openclaw(scope: Scope, around: Around) -> Place:
    """A project is a workspace of it, which has skills but no servers of its own."""
    if scope is Scope.PROJECT:
        return Place(skill=around.project / "skills" / NAME)
    state = around.folder("OPENCLAW_STATE_DIR", ".openclaw")
    file = around.folder("OPENCLAW_CONFIG_PATH", "")
    if file == around.home / "":
        file = state / "openclaw.json"
    config = Config(file=file, format=Format.JSON5, steps=("mcp", "servers", NAME))
    return Place(skill=state / "skills" / NAME, config=config)


CLAUDE_CODE = Client(
    name="claude-code",
    title="Claude Code",
    command="claude",
    find=_claude_code,
    again="Claude Code reads it in its next session.",
)
CODEX = Client(
    name="codex",
    title="Codex",
    command="codex",
    find=_codex,
    again="Codex reads it in its next conversation.",
)
OPENCLAW = Client(
    name="openclaw",
    title="OpenClaw",
    command="openclaw",
    find=_openclaw,
    again="OpenClaw finds the skill in its next session; its model reads SKILL.md.",
)
_OTHERS = (
    "it is for claude-code, codex and openclaw; others, such as Cursor, take the MCP server alone: "
    "see `pagents docs mcp`"
)
CLIENTS = {client.name: client for client in (CLAUDE_CODE, CODEX, OPENCLAW)}


def is_seen(client: Client, place: Place, around: Around) -> bool:
    """Whether a client has been used here, or can be started."""
    own = place.config.file if place.config is not None else place.skill.parent
    return own.exists() or which(client.command, path=around.variables.get("PATH")) is not None


def client_named(name: str) -> Client:
    """The client of that name.

    Raises:
        InvalidInput: there is none.
    """
    if name not in CLIENTS:
        raise InvalidInput(
            f"the skill cannot be installed for {name!r}",
            hint=meant(name, CLIENTS, "", otherwise=_OTHERS),
        )
    return CLIENTS[name]
