"""`pagents doctor`: what works on this machine, and what to do about the rest."""

from __future__ import annotations

import asyncio
import importlib.util
import platform
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp
import typer

from parallel_agents._version import __version__
from parallel_agents.app.models import MODELS_FOLDER, make_registry
from parallel_agents.app.opening import STORE_NAME, open_client
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.store import Filter
from parallel_agents.errors import ConfigError, InvalidFile, PagentsError
from parallel_agents.models.local.known import describe, known_models
from parallel_agents.models.providers import Provider, read_providers
from parallel_agents.settings import Settings, read_environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_context
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.invocation import as_called

_ANSWER_SECONDS = 0.5
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


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
    asked for their models, which are only suggested.
    """
    findings = asyncio.run(_examine(home))
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
    wrong: list[_Finding] = []
    try:
        context = find_context(home)
        read_providers(context.settings.providers)
    except ConfigError as error:
        # The other findings do not depend on the broken setting.
        context = CliContext(read_environment(home), Settings())
        why = f" ({error.why})" if error.why else ""
        wrong = [_Finding("problem", f"{error.code} {error.message}{why}", error.hint)]
    return [finding async for finding in _findings(context)] + wrong


async def _findings(context: CliContext) -> AsyncIterator[_Finding]:
    python = f"python {platform.python_version()}, sqlite {sqlite3.sqlite_version}"
    yield _Finding("ok", f"pagents {__version__}, {python}, {sys.platform}")
    yield await _store(context)
    yield _embedded(context)
    yield _model(context)
    for server in await _find_servers(read_providers(context.settings.providers)):
        yield _Finding(
            "note",
            f"{server.provider} answers at {server.base_url} with {server.models}",
            f"use it with --model {server.provider}/{server.example}",
        )
    catalog = Catalog(context.environment.folders)
    for entry in (*catalog.agents(), *catalog.teams()):
        if isinstance(entry.content, InvalidFile):
            yield _Finding("problem", entry.content.message, entry.content.hint)


async def _store(context: CliContext) -> _Finding:
    file = context.environment.home / STORE_NAME
    try:
        async with open_client(context.environment, context.settings) as client:
            count = len(await client.sessions.list(Filter(roots_only=True)))
            await client.journal.owners()
    except PagentsError as error:
        return _Finding("problem", f"{error.code} {error.message}", error.hint)
    size = file.stat().st_size / 1e6
    return _Finding("ok", f"store {file} ({size:.1f} MB, {count} teams and sessions)")


def _embedded(context: CliContext) -> _Finding:
    model = describe(known_models()[0].model_name, context.environment.home / MODELS_FOLDER)
    if importlib.util.find_spec("xllamacpp") is None:
        return _Finding(
            "note", "the embedded model's runtime is missing", "pip install 'pagents[local]'"
        )
    if model.path is None:
        return _Finding("note", f"{model.name} is not fetched", "pagents models pull")
    return _Finding("ok", f"{model.name} at {model.path}")


def _model(context: CliContext) -> _Finding:
    """The model of agents that name none."""
    if chosen := context.settings.model:
        try:
            make_registry(context.environment, context.settings).get(chosen)
        except PagentsError as error:
            return _Finding("problem", f"{error.code} {error.message}", error.hint)
        return _Finding("ok", f"agents that name no model run on {chosen}")
    providers = read_providers(context.settings.providers).values()
    with_key = [p for p in providers if p.key_variable]
    if named := [p.name for p in with_key if context.environment.read_key(p.key_variable)]:
        return _Finding("ok", f"keys are set for {', '.join(named)}")
    return _Finding(
        "note",
        "no provider's key is set: agents run on the embedded model",
        "export ANTHROPIC_API_KEY=... or OPENAI_API_KEY=... for better answers",
    )


class _LocalServer(NamedTuple):
    provider: str
    base_url: str
    models: str
    example: str


async def _find_servers(providers: Mapping[str, Provider]) -> list[_LocalServer]:
    """The keyless providers on loopback that answer `GET /models` within half a second."""
    local = [
        p
        for p in providers.values()
        if not p.key_variable and urlsplit(p.base_url).hostname in _LOOPBACK
    ]
    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        found = await asyncio.gather(*(_ask(session, provider) for provider in local))
    return [server for server in found if server is not None]


async def _ask(session: aiohttp.ClientSession, provider: Provider) -> _LocalServer | None:
    try:
        async with session.get(f"{provider.base_url}/models") as answer:
            names = [str(model["id"]) for model in (await answer.json())["data"]]
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError):
        return None  # no server, or a different kind of server
    if not names:
        return None
    return _LocalServer(provider.name, provider.base_url, ", ".join(names[:3]), names[0])
