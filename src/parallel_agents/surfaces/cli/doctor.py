"""`pagents doctor`: what works on this machine, and what to do about the rest."""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import shlex
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import typer

from parallel_agents._version import __version__
from parallel_agents.app.commands import surroundings
from parallel_agents.app.local_servers import LocalServer, find_local_servers
from parallel_agents.app.map_out import RESULTS_FOLDER
from parallel_agents.app.models import MODELS_FOLDER, make_registry
from parallel_agents.app.reading import STORE_NAME, open_reader
from parallel_agents.app.references import TOOLS, Dangling, dangling_in_agent, dangling_in_settings
from parallel_agents.app.secrets import look_up, references
from parallel_agents.app.tool_servers import HomeServers
from parallel_agents.app.usable import find_usable
from parallel_agents.app.web import search_engine
from parallel_agents.app.writable import why_unwritable
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.containment.warden import Warden
from parallel_agents.core.agent import Agent
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.store import Filter
from parallel_agents.errors import (
    ConfigError,
    InvalidFile,
    PagentsError,
    SandboxMissing,
    Untrusted,
)
from parallel_agents.extras import install_line
from parallel_agents.interrupts import run_cancellable
from parallel_agents.models.certificates import named_authorities
from parallel_agents.models.local.keeping.kept import look_at_all
from parallel_agents.models.local.known import describe, known_models
from parallel_agents.models.network import Network
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.sandbox.commands import LocalCommands
from parallel_agents.secrets.addresses import open_url
from parallel_agents.settings import read_environment, read_user_environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.invocation import as_called
from parallel_agents.surfaces.cli.models import told_of_keeper

_MOST_NAMES = 5
_ANY_SERVER = "https://api.openai.com/v1"  # stands for all; it is not called


class _Finding(NamedTuple):
    """`ok` works, `note` is worth knowing, `problem` must be fixed."""

    level: str
    text: str
    hint: str = ""


_GLYPHS = {"ok": "✔", "note": "!", "problem": "✖"}
_STYLES = {"ok": "green", "note": "yellow", "problem": "red"}


def doctor(json: AsJson = False, home: Home = None) -> None:
    """Check what works here, and suggest what to do about the rest.

    Nothing leaves this machine. The loopback ports of Ollama, LM Studio, llama-server and vLLM are
    asked for their models, and so is the server that OLLAMA_HOST names. They are only suggested.
    """
    findings = run_cancellable(_examine(home))
    problems = [finding for finding in findings if finding.level == "problem"]
    if json:
        render.envelope("doctor", time.time(), [finding._asdict() for finding in findings])
    else:
        for finding in findings:
            render.line(f"{_GLYPHS[finding.level]} {finding.text}", _STYLES[finding.level])
            if finding.hint:
                render.line(f"    {as_called(finding.hint)}")
    if problems:
        raise typer.Exit(Exit.CONFIGURATION)


async def _examine(home: Path | None) -> list[_Finding]:
    problems: list[ConfigError] = []
    try:
        environment = read_environment(home)
    except Untrusted as untrusted:
        environment = read_user_environment(home)
        problems.append(untrusted)
    loaded = find_usable(environment)
    context = CliContext(environment, loaded.settings)
    wrong = [_problem(error) for error in (*problems, *loaded.problems)]
    # One mistake may concern several findings.
    return list(dict.fromkeys([finding async for finding in _findings(context)])) + wrong


def _problem(error: PagentsError) -> _Finding:
    why = f" ({error.why})" if error.why else ""
    return _Finding("problem", f"{error.code} {error.message}{why}", error.hint)


async def _findings(context: CliContext) -> AsyncIterator[_Finding]:
    python = f"python {platform.python_version()}, sqlite {sqlite3.sqlite_version}"
    yield _Finding("ok", f"pagents {__version__}, {python}, {sys.platform}")
    yield await _store(context)
    for finding in await asyncio.to_thread(lambda: [*_unwritable(context.environment.home)]):
        yield finding
    yield _embedded(context)
    for name, state in (await look_at_all(context.environment.home / MODELS_FOLDER)).items():
        yield _Finding("ok", f"{name} is {told_of_keeper(state)}", "pagents models unload")
    yield _model(context)
    yield await _sandbox(context)
    yield await asyncio.to_thread(_web, context)
    for finding in (*_mcp(context), *_network(context), *await _find_servers(context)):
        yield finding
    for finding in await _secrets(context):
        yield finding
    environment = context.environment
    catalog = Catalog(environment.folders, environment.accept)
    for entry in (*catalog.agents(), *catalog.teams()):
        if isinstance(entry.content, InvalidFile):
            yield _Finding("problem", entry.content.message, entry.content.hint)
    for found in _dangling(context, catalog):
        yield _Finding("note", f"{found.where}: {found.what}", found.hint)


def _dangling(context: CliContext, catalog: Catalog) -> Iterator[Dangling]:
    """The names in settings and agents of what is not here."""
    environment, settings = context.environment, context.settings
    check = make_registry(environment, settings).check_name
    yield from dangling_in_settings(environment, settings, catalog.agent, check)
    entries = catalog.agents()
    names = [entry.name for entry in entries]
    servers = HomeServers(environment, settings).names
    for entry in entries:
        if isinstance(entry.content, Agent):
            for found in dangling_in_agent(entry.content, TOOLS, names, servers):
                yield found._replace(where=f"{entry.file}: {found.where}")


async def _store(context: CliContext) -> _Finding:
    file = context.environment.home / STORE_NAME
    try:
        if not file.exists():
            return _Finding("ok", f"store: there is no store in {file.parent} yet")
        async with open_reader(context.environment, context.settings) as client:
            count = await client.journal.count_rows(Filter(roots_only=True))
            await client.journal.owners()
    except PagentsError as error:
        return _Finding("problem", f"{error.code} {error.message}", error.hint)
    size = file.stat().st_size / 1e6
    what = "team or session" if count == 1 else "teams and sessions"
    return _Finding("ok", f"store {file} ({size:.1f} MB, {count} {what})")


def _unwritable(home: Path) -> Iterator[_Finding]:
    """What in the home folder cannot be written, and what will not work because of it."""
    hint = "make it writable or free some space, or name another folder with --home"
    if why := why_unwritable(home) or why_unwritable(home / STORE_NAME):
        told = f"{home} cannot be written ({why}): nothing can be started, steered or stopped in it"
        yield _Finding("problem", told, hint)
        return
    for folder, lost in (
        (home / RESULTS_FOLDER, "results stay in the store and are written to no files"),
        (home / MODELS_FOLDER, "no embedded model can be fetched"),
    ):
        if why := why_unwritable(folder):
            yield _Finding("problem", f"{folder} cannot be written ({why}): {lost}", hint)


def _embedded(context: CliContext) -> _Finding:
    model = describe(known_models()[0].model_name, context.environment.home / MODELS_FOLDER)
    if importlib.util.find_spec("xllamacpp") is None:
        return _Finding(
            "note", "the embedded model's runtime is missing", install_line("pagents[local]")
        )
    if (own := context.settings.local_model_file) is not None:
        if own.is_file():
            return _Finding("ok", f"the embedded model is {own}, by the setting local_model_file")
        what = f"the setting local_model_file names {own}, which is not a file"
        return _Finding("problem", what, "correct the setting, or remove it")
    if model.path is None:
        return _Finding("note", f"{model.name} is not fetched", "pagents models pull")
    return _Finding("ok", f"{model.name} at {model.path}")


async def _sandbox(context: CliContext) -> _Finding:
    """Whether commands of agents can run in a sandbox."""
    try:
        async with aclosing(Warden()) as warden:
            around = surroundings(context.environment, context.settings)
            text = await LocalCommands(around, warden).describe()
    except SandboxMissing as error:
        if context.settings.sandbox is Sandbox.OFF:
            return _Finding("note", f"sandbox: off by the setting, and none works: {error.why}")
        return _Finding("note", f"sandbox: none, so no commands are run: {error.why}", error.hint)
    is_off = context.settings.sandbox is Sandbox.OFF
    return _Finding("ok", f"sandbox: {text}" + (", but it is off by the setting" if is_off else ""))


def _web(context: CliContext) -> _Finding:
    """Whether agents can search the web, and read its pages."""
    if importlib.util.find_spec("turbohtml") is None:
        return _Finding("note", "web: pages in HTML cannot be read", install_line("pagents[web]"))
    try:
        engine = search_engine(context.environment, context.settings)
    except ConfigError as error:
        chosen = bool(context.settings.search)
        level = "problem" if chosen else "note"
        return _Finding(level, f"web: agents can fetch, not search: {error.message}", error.hint)
    where = urlsplit(engine.url).netloc
    return _Finding("ok", f"web: agents search with {engine.name} at {where} ({engine.origin})")


def _mcp(context: CliContext) -> Iterator[_Finding]:
    """The MCP servers, as far as can be seen without starting them."""
    servers = HomeServers(context.environment, context.settings)
    if (file := context.environment.untrusted_servers) is not None:
        yield _Finding("note", f"{file} is not trusted and has no effect", "pagents trust")
    for problem in servers.project.problems.values():
        yield _problem(problem)
    if not servers.names:
        return
    usable: list[str] = []
    for name, server in servers.servers.known.items():
        try:
            servers.servers.check(server)
        except ConfigError as error:
            yield _problem(error)
        else:
            usable.append(name)
    if usable:
        listed = ", ".join(usable[:_MOST_NAMES]) + (", …" if len(usable) > _MOST_NAMES else "")
        yield _Finding("ok", f"MCP servers, not started: {listed}", "pagents mcp check")


async def _secrets(context: CliContext) -> list[_Finding]:
    """The secrets that the settings name; commands are not run, and the keyring is not asked."""
    found: list[str] = []
    findings: list[_Finding] = []
    for named in references(context.environment, context.settings):
        if not named.is_needed:
            continue
        state = await look_up(named, context.environment, asks=False)
        what = f"{named.name} from {named.reference.brief}, for {named.user}"
        if state.error is not None:
            findings.append(_problem(state.error))
        elif state.weakness:
            hint = "choose a longer one, or pass it by pass_env if it is not a secret"
            findings.append(_Finding("note", f"{what}, is not hidden: {state.weakness}", hint))
        else:
            found.append(named.name if state.is_asked else f"{named.name} (not asked)")
    if found:
        listed = ", ".join(found[:_MOST_NAMES]) + (", …" if len(found) > _MOST_NAMES else "")
        findings.append(_Finding("ok", f"secrets: {listed}", "pagents secrets list --check"))
    return findings


def _model(context: CliContext) -> _Finding:
    """The model of agents that name none."""
    if chosen := context.settings.model:
        try:
            make_registry(context.environment, context.settings).get(chosen)
        except PagentsError as error:
            return _Finding("problem", f"{error.code} {error.message}", error.hint)
        return _Finding("ok", f"agents that name no model run on {chosen}")
    providers = read_providers(context.settings.providers).values()
    if named := [p.name for p in providers if p.find_key(context.environment.read_key)]:
        return _Finding("ok", f"keys are set for {', '.join(named)}")
    return _Finding(
        "note",
        "no provider's key is set: agents run on the embedded model",
        "export ANTHROPIC_API_KEY=... or OPENAI_API_KEY=... for better answers",
    )


def _network(context: CliContext) -> Iterator[_Finding]:
    """The proxy and the trusted authorities that the environment names, if it names any."""
    network = Network(context.environment.variables)
    try:
        proxy = network.proxy_for(_ANY_SERVER)
        network.check(_ANY_SERVER, proxy)
    except ConfigError as error:
        yield _Finding("problem", f"{error.code} {error.message}", error.hint)
        return
    if proxy is not None:
        yield _Finding("ok", f"calls go through the proxy {proxy.address} ({proxy.source})")
    if named := named_authorities(context.environment.variables):
        yield _Finding("ok", f"trusted authorities are those in {', '.join(named)}")


async def _find_servers(context: CliContext) -> list[_Finding]:
    servers = await find_local_servers(context.environment, context.settings)
    return [_serves(server) for server in servers]


def _serves(server: LocalServer) -> _Finding:
    provider, names = server.provider, server.models
    if server.wants_key:
        return _Finding(
            "note",
            f"{provider.name} at {open_url(provider.base_url)} wants a key",
            f'set key = "env:NAME" in [providers.{provider.name}]',
        )
    where = f"{provider.name} answers at {open_url(provider.base_url)}"
    if not names:
        return _Finding("note", f"{where} and has no model yet")
    shown = ", ".join(names[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    model = shlex.quote(f"{provider.name}/{names[0]}")
    return _Finding(
        "ok",
        f"{where} with {shown}{more}",
        f'pagents spawn main "Say hello." --wait --model {model}',
    )
