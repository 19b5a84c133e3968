"""References: names in settings and agent files that do not exist here, reported before anything is paid for.

They are not refused: a program may define the agent, tool or provider in its code. What a task needs
and nobody has is refused when the task is spawned.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple, TypeAlias

from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.mcp_names import is_mcp_name, parse_mcp_name
from parallel_agents.core.policy import ANY
from parallel_agents.core.problems import as_path
from parallel_agents.core.schema import Json
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.toml import tables_of
from parallel_agents.errors import InvalidFile, UnknownAgent, UnknownModel
from parallel_agents.models.ladders import PREFIX
from parallel_agents.session_tools.toolbox import NAMES
from parallel_agents.settings import Environment, Settings
from parallel_agents.tools.box import BOX_NAMES
from parallel_agents.trust import CONFIG_NAME

_log = logging.getLogger(__name__)
# What agents may name in every process.
TOOLS = (*NAMES, *BOX_NAMES)
_ALL_AGENTS = "`pagents agents list` shows all"
_Steps: TypeAlias = tuple[str, ...]


class Dangling(NamedTuple):
    """A name of something that is not here.

    Attributes:
        where: the path of the value that names it, and its file if one has it.
        what: what there is none of, and what that means.
        hint: what to write instead.
    """

    where: str
    what: str
    hint: str

    @override
    def __str__(self) -> str:
        return f"{self.where}: {self.what}; {self.hint}"


def dangling_in_settings(
    environment: Environment,
    settings: Settings,
    find_agent: Callable[[str], Agent],
    check_model: Callable[[str], None],
) -> Iterator[Dangling]:
    """The names of agents and models in the settings that do not exist here.

    Args:
        environment: the files that the settings are from.
        settings: the settings.
        find_agent: returns the agent of a name, or raises UnknownAgent.
        check_model: raises UnknownModel for the name of a model that nobody can make.
    """
    agents: list[tuple[_Steps, str, str]] = [
        (("agent_budgets", name), name, "this budget limits nothing here")
        for name in settings.agent_budgets
    ]
    if settings.default_agent != Settings.default_agent:
        agents.append(
            (("default_agent",), settings.default_agent, "a spawn that names no agent fails")
        )
    for steps, name, effect in agents:
        try:
            find_agent(name)
        except UnknownAgent as error:
            yield Dangling(_place(environment, steps), f"{error.message}, so {effect}", error.hint)
        except InvalidFile:
            continue  # there is one, and its file is told of when it is read
    for steps, name in _models(settings):
        try:
            check_model(name)
        except UnknownModel as error:
            why = f"{error.message}, since {error.why}"
            yield Dangling(_place(environment, steps), why, error.hint)


def _models(settings: Settings) -> Iterator[tuple[_Steps, str]]:
    if settings.model is not None and not settings.model.startswith(PREFIX):
        yield ("model",), settings.model
    for tier, name in settings.tiers.items():
        yield ("tiers", tier.value), name
    for ladder, names in settings.ladders.items():
        for number, name in enumerate(names):
            yield ("ladders", ladder, str(number)), name


def dangling_in_agent(
    agent: Agent, tools: Collection[str], agents: Collection[str], servers: Collection[str] = ()
) -> Iterator[Dangling]:
    """The names in an agent of tools, MCP servers and agents that are not here."""
    own = {server.name for server in agent.mcp_servers}
    for steps, name in _tools_of(agent):
        if is_mcp_name(name):
            server = parse_mcp_name(name).server
            if server not in {*own, *servers}:
                hint = did_you_mean(server, {*own, *servers})
                yield Dangling(as_path(steps), f"there is no MCP server {server!r}", hint)
        elif name not in tools:
            what = f"there is no tool {name!r}, unless a program passes it in"
            yield Dangling(as_path(steps), what, did_you_mean(name, tools))
    named = {parse_mcp_name(name).server for _, name in _tools_of(agent) if is_mcp_name(name)}
    for server in sorted(own - named):
        what = "no tool of this server is named, so it is not used"
        yield Dangling(as_path(("mcp_servers", server)), what, f"add mcp__{server} to its tools")
    yield from dangling_in_policy(agent, agents)


def _tools_of(agent: Agent) -> Iterator[tuple[_Steps, str]]:
    there = agent.with_workspace
    for number, name in enumerate(agent.tools):
        yield ("tools", str(number)), name
    for number, name in enumerate(there.tools if there else ()):
        yield ("with_workspace", "tools", str(number)), name


def dangling_in_policy(agent: Agent, agents: Collection[str]) -> Iterator[Dangling]:
    """The names in an agent's policy of agents that are not here: it allows or denies nothing by them."""
    named: dict[_Steps, str] = {}
    for part in ("spawns", "denies"):
        names: tuple[str, ...] = getattr(agent.policy, part)
        named |= {("policy", part, str(n)): name for n, name in enumerate(names) if name != ANY}
    for steps, name in named.items():
        if name not in agents:
            what = f"there is no agent {name!r}, unless a program defines it"
            yield Dangling(as_path(steps), what, did_you_mean(name, agents, _ALL_AGENTS))


def telling_policies(agents: Callable[[], Collection[str]]) -> Callable[[Agent], None]:
    """Tells of each agent once, as its work is planned, what its policy names and nothing here has."""
    seen: set[str] = set()

    def tell(agent: Agent) -> None:
        if agent.name in seen:
            return
        seen.add(agent.name)
        if not {*agent.policy.spawns, *agent.policy.denies} <= {ANY}:
            for found in dangling_in_policy(agent, agents()):
                _log.warning("agent %s, %s", agent.name, found)

    return tell


def _place(environment: Environment, steps: _Steps) -> str:
    """A path, with the file that has it; files are read again, since few settings are wrong."""
    for folder in environment.folders:
        file = folder / CONFIG_NAME
        try:
            part: Json = tables_of(file.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        for step in steps[:2]:  # of a list, no file has more than all of it
            part = part.get(step) if isinstance(part, Mapping) else None
        if part is not None:
            return f"{as_path(steps)} in {file}"
    return as_path(steps)
