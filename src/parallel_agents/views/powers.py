"""Powers: what the files of a project would do for the user who trusts them, in plain sentences."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import AnyGate, CommandGate
from parallel_agents.core.mcp_server import McpServer, read_server
from parallel_agents.core.plan import all_steps
from parallel_agents.core.profile import read_profile
from parallel_agents.core.reference import Scheme, parse_reference, scheme_of
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.schema import Json
from parallel_agents.core.toml import tables_of
from parallel_agents.errors import ConfigError, InvalidFile
from parallel_agents.mcp_client.mcp_json import read_mcp_json
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider
from parallel_agents.trust import CONFIG_NAME, MCP_NAME, Project

_TABLE, _SEARCH, _SERVERS, _PROFILES = "providers", "search", "mcp_servers", "profiles"
_TABLES = {_TABLE, _SERVERS, _PROFILES}
_WITHIN = re.compile(r"\$\{((?:file|cmd|keyring):[^${}]+)\}")
_REFERENCE = re.compile(r"\$\{(?:env:)?([A-Za-z_]\w*)|^env:(\w+)$")


def powers(project: Project) -> list[str]:
    """What a project would change; what sends a key or executes a command comes first."""
    catalog = Catalog((project.folder,), project.check)
    settings = _settings(project)
    return [
        *_of_providers(settings.get(_TABLE, {})),
        *_of_search(settings.get(_SEARCH, {})),
        *_of_servers(project, settings.get(_SERVERS, {}), catalog),
        *_of_profiles(settings.get(_PROFILES, {}), catalog),
        *_of_commands(catalog),
        *_of_cases(project, catalog),
        *(
            f"the setting {name} is {_shown(settings[name])}"
            for name in settings
            if name not in _TABLES
        ),
        *_of_names(project, catalog),
    ]


def _settings(project: Project) -> Mapping[str, Json]:
    try:
        return tables_of(project.files.get(CONFIG_NAME, b"").decode())
    except ValueError:  # it is shown, and refused when it is used
        return {}


def _of_providers(tables: Json) -> Iterator[str]:
    if not isinstance(tables, Mapping):
        return
    try:
        providers = read_providers(tables)
    except ConfigError as error:
        yield f"{error.message}: every command that needs it will be refused"
        return
    built_in = read_providers()
    for name in tables:
        yield from _of_provider(providers[name], built_in.get(name))


def _of_provider(provider: Provider, built_in: Provider | None) -> Iterator[str]:
    if built_in is None or provider.base_url != built_in.base_url:
        yield f"models of {provider.name} are called at {provider.base_url}, which receives every conversation with them"
    if provider.key:
        yield f"the key {_of_place(provider.key)} is sent to {provider.base_url}"
    if provider.proxy:
        yield f"calls of {provider.name} go through the proxy {provider.proxy}"
    if provider.headers:
        yield f"calls of {provider.name} carry the headers {', '.join(sorted(provider.headers))}"


def _of_search(table: Json) -> Iterator[str]:
    if not isinstance(table, Mapping):
        return
    where = table.get("url") or table.get("provider") or "the engine that is set up here"
    if "url" in table or "provider" in table:
        yield f"searches of agents go to {_shown(where)}, which receives them and their key"
    if "key" in table:
        yield f"the key {_of_place(_shown(table['key']))} is sent to {_shown(where)}"


def _of_servers(project: Project, tables: Json, catalog: Catalog) -> Iterator[str]:
    """What the project's MCP servers do once an agent names one."""
    found: list[tuple[McpServer, str]] = []
    for name, table in tables.items() if isinstance(tables, Mapping) else ():
        with suppress(ValueError):  # it is shown, and refused when it is used
            found.append((read_server(name, table), "any agent"))
    if MCP_NAME in project.files:
        servers = read_mcp_json(project.files[MCP_NAME], MCP_NAME).servers
        found += [(server, "any agent") for server in servers.values()]
    for entry in catalog.agents():
        if isinstance(entry.content, Agent):
            found += [(each, f"the agent {entry.name}") for each in entry.content.mcp_servers]
    for server, user in found:
        yield _of_server(server, user)


def _of_server(server: McpServer, user: str) -> str:
    texts = (*server.args, *server.env.values(), server.url, *server.headers.values())
    named = {first or second for text in texts for first, second in _REFERENCE.findall(text)}
    gets = f", and gets the value of {', '.join(sorted(named))}" if named else ""
    elsewhere = _elsewhere(texts)
    gets += f", and gets what is {'; and '.join(elsewhere)}" if elsewhere else ""
    if server.url:
        return f"the MCP server {server.name} at {server.url} is called for {user}{gets}"
    command = shlex.join((server.command, *server.args))
    return f"the command `{command}` is the MCP server {server.name} for {user}{gets}"


def _elsewhere(texts: Iterable[str]) -> list[str]:
    """Where the secrets are that are in no variable."""
    written = [part for text in texts for part in (text, *_WITHIN.findall(text))]
    found = [_of_place(part) for part in written if scheme_of(part) not in {None, Scheme.ENV}]
    return list(dict.fromkeys(found))


def _of_profiles(tables: Json, catalog: Catalog) -> Iterator[str]:
    """What commands and servers get by the project's profiles, and which of its agents have one."""
    for name, table in tables.items() if isinstance(tables, Mapping) else ():
        try:
            profile = read_profile(name, table if isinstance(table, Mapping) else {})
        except ValueError:  # it is shown, and refused when it is used
            continue
        for variable, text in profile.env.items():
            where = f"the secret {_of_place(text)}" if scheme_of(text) else repr(text)
            yield f"commands of agents with the profile {name} get {where} as {variable}"
        if profile.pass_env:
            listed = ", ".join(profile.pass_env)
            yield f"commands of agents with the profile {name} get your variables {listed}"
    for entry in catalog.agents():
        if isinstance(entry.content, Agent) and entry.content.profile:
            yield f"commands of the agent {entry.name} get the profile {entry.content.profile}"


def _of_commands(catalog: Catalog) -> Iterator[str]:
    for entry in catalog.agents():
        if isinstance(entry.content, Agent):
            yield from _commands(entry.content.gates, f"answers of the agent {entry.name}")
            if entry.content.sandbox is Sandbox.OFF:
                yield f"commands of the agent {entry.name} run with your rights, in no sandbox"
    for entry in catalog.teams():
        if not isinstance(entry.content, InvalidFile):
            for task in entry.content.tasks:
                yield from _commands(task.gates, f"{task.label} in the team {entry.name}")
            for step in all_steps(entry.content.plan) if entry.content.plan else ():
                yield from _commands(step.gates, f"{step.id} in the team {entry.name}")


def _of_cases(project: Project, catalog: Catalog) -> Iterator[str]:
    for entry in catalog.all_cases():
        if entry.file.is_relative_to(project.folder) and not isinstance(entry.content, InvalidFile):
            for case in entry.content:
                yield from _commands(case.checks, f"the case {case.id} of the agent {entry.name}")


def _commands(gates: Iterable[AnyGate], of_what: str) -> Iterator[str]:
    for gate in gates:
        if isinstance(gate, CommandGate):
            yield f"the command `{shlex.join(gate.command)}` is executed for {of_what}"


def _of_names(project: Project, catalog: Catalog) -> Iterator[str]:
    own = {entry.name for entry in Catalog().agents()}
    for entry in catalog.agents():
        if entry.file.is_relative_to(project.folder):
            change = "replaces the built-in one" if entry.name in own else "is defined"
            tools = entry.content.possible_tools if isinstance(entry.content, Agent) else ()
            yield f"the agent {entry.name} {change}" + (
                f", with {', '.join(tools)}" if tools else ""
            )
    for entry in catalog.teams():
        if entry.file.is_relative_to(project.folder):
            yield f"the team {entry.name} is defined"


def _of_place(text: str) -> str:
    """Where a secret is taken from, with the whole command that is run for it."""
    try:
        reference = parse_reference(text)
    except ValueError:
        return f"that {text!r} names"
    match reference.scheme:
        case Scheme.ENV:
            return f"in {reference.target}"
        case Scheme.FILE:
            return f"in the file {reference.target}"
        case Scheme.CMD:
            return f"that the command `{reference.target}` prints, which is run with your rights,"
        case Scheme.KEYRING:
            return f"{reference.target} of your keyring"


def _shown(value: Json) -> str:
    return str(value)
