"""`pagents models`: the embedded models, the providers, and the embedded model's file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.app.models import MODELS_FOLDER
from parallel_agents.core.agent import Tier
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.local.fetch import default_sources, fetch
from parallel_agents.models.local.keeping.kept import look_at_all, unload_all
from parallel_agents.models.local.keeping.words import State
from parallel_agents.models.local.known import Description, describe, find_model, known_models
from parallel_agents.models.network import Network
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider
from parallel_agents.secrets.addresses import open_url
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.check_model import check_model
from parallel_agents.surfaces.cli.config_changes import set_value
from parallel_agents.surfaces.cli.context import (
    AsJson,
    CliContext,
    Home,
    find_context,
    find_offers,
    find_store,
)
from parallel_agents.surfaces.cli.download_bar import DownloadBar
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.invocation import as_called
from parallel_agents.surfaces.cli.next_step import next_step
from parallel_agents.surfaces.cli.remote_models import list_remote, unknown_provider
from parallel_agents.views import format

app = typer.Typer(no_args_is_help=True)

app.command("check")(check_model)

Which = Annotated[str, typer.Argument(help="An embedded model.", metavar="MODEL")]


@app.command("list")
def list_models(
    provider: Annotated[
        str | None, typer.Option("--provider", help="Only this provider.", metavar="NAME")
    ] = None,
    remote: Annotated[
        bool, typer.Option("--remote", help="Ask the provider what it offers now.")
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """List the embedded models and the providers, and which keys are set.

    With --remote, list the models that one provider offers now, with their context and price, and
    which of them the tiers name.
    """
    if remote:
        if provider is None:
            raise InvalidInput(
                "--remote asks one provider",
                hint="add --provider NAME; `pagents models list` shows the providers",
            )
        list_remote(find_context(home), provider, json=json)
        return
    context = find_offers(home)
    embedded = [describe(model.model_name, _folder(context)) for model in known_models()]
    providers = list(
        read_providers(context.settings.providers, context.environment.variables).values()
    )
    if provider is not None:
        embedded = [model for model in embedded if provider == LOCAL]
        providers = [p for p in providers if p.name == provider]
        if not embedded and not providers:
            raise unknown_provider(provider)
    loaded = run_cancellable(look_at_all(_folder(context))) if embedded else {}
    if json:
        items = [
            *(_embedded_json(e, loaded.get(e.name)) for e in embedded),
            *(_provider_json(p, context) for p in providers),
        ]
        render.envelope("models", time.time(), items)
        return
    for model in embedded:
        here = f"fetched: {model.path}" if model.path else _how_to_pull(model.name)
        render.line(
            f"{model.name}  {model.title}, {format.size(model.size_bytes)}, {model.licence}", "bold"
        )
        render.line(f"  good for  {model.good_for}")
        render.line(f"  not for   {model.not_for}")
        render.line(f"  {as_called(here)}")
        if (kept := loaded.get(model.name)) is not None:
            render.line(f"  {as_called(_how_kept(kept))}")
        render.line("")
    if not providers:
        return
    rows = [
        (p.name, _key_state(p, context), ", ".join(p.tiers.values()), open_url(p.base_url))
        for p in providers
    ]
    render.cards(("PROVIDER", "KEY", "SMALL, MEDIUM, LARGE", "WHERE"), rows)


@app.command()
def pull(name: Which = "local", home: Home = None) -> None:
    """Fetch an embedded model; a file that is there already is checked and kept."""
    context = find_store(home)
    sources = default_sources(Network(context.environment.variables))
    with DownloadBar() as bar:
        download = fetch(find_model(name), _folder(context), progress=bar, sources=sources)
        try:
            file = run_cancellable(download)
        except KeyboardInterrupt:
            render.note("The part that was fetched is kept; the same command continues from there.")
            raise
    render.line(str(file))


@app.command()
def path(name: Which = "local", home: Home = None) -> None:
    """Print the path of an embedded model's file; exit with 1 if it is not fetched."""
    found = describe(find_model(name).model_name, _folder(find_store(home))).path
    if found is None:
        render.note(_how_to_pull(name))
        raise typer.Exit(Exit.FAILED)
    render.line(str(found))


@app.command()
def use(
    name: Annotated[
        str, typer.Argument(help="provider/model, or local.", metavar="MODEL", show_default=False)
    ],
    tier: Annotated[
        Tier | None, typer.Option("--tier", help="Only for agents of this tier.")
    ] = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Use a model for agents that name none: set it in your config.toml."""
    context = find_offers(home)
    setting = "model" if tier is None else f"tiers.{tier.value}"
    set_value(setting, [name], json=json, home=home)
    provider = _with_no_key(name, context)
    if provider is not None:
        render.note(f"! {provider.key_variable} is not set")
    if tier is not None and context.settings.model is not None:
        render.note(f"! the setting model is {context.settings.model}, and comes before the tiers")
    elif provider is None and not json:
        render.note(next_step(context.environment, context.settings, name))


def _with_no_key(model: str, context: CliContext) -> Provider | None:
    """The provider of a model, if its key comes from a variable that is not set."""
    providers = read_providers(context.settings.providers, context.environment.variables)
    provider = providers.get(model.partition("/")[0])
    if provider is None or not provider.key_variable:
        return None
    return None if provider.find_key(context.environment.read_key) else provider


@app.command()
def unload(json: AsJson = False, home: Home = None) -> None:
    """End the background processes that keep embedded models loaded, once no call is in flight."""
    context = find_store(home)
    left = run_cancellable(unload_all(_folder(context)))
    if json:
        items = [{"name": name, "calls": calls} for name, calls in left.items()]
        render.envelope("unloaded", time.time(), items)
        return
    for name, calls in left.items():
        when = f"unloaded after {_calls(calls)} in flight" if calls else "unloaded"
        render.line(f"{name}: {when}")
    if not left:
        render.note("No embedded model is loaded.")


def _how_to_pull(name: str) -> str:
    return f"not fetched: pagents models pull {name}"


def _folder(context: CliContext) -> Path:
    return context.environment.home / MODELS_FOLDER


def _key_state(provider: Provider, context: CliContext) -> str:
    if not provider.key_variable:
        return f"key from {provider.key_place}" if provider.key else "no key needed"
    is_set = bool(provider.find_key(context.environment.read_key))
    return f"{provider.key_variable} {'is set' if is_set else 'not set'}"


def _how_kept(state: State) -> str:
    return f"{told_of_keeper(state)}: pagents models unload"


def _calls(count: int) -> str:
    return "1 call" if count == 1 else f"{count} calls"


def told_of_keeper(state: State) -> str:
    """That a model is loaded, and for how long."""
    left = format.seconds(state.seconds_left)
    until = f"{_calls(state.calls)} in flight" if state.calls else f"for {left} more"
    return f"loaded by process {state.pid}, {until}"


def _embedded_json(model: Description, state: State | None) -> dict[str, object]:
    return {
        "name": model.name,
        "provider": "local",
        "size_bytes": model.size_bytes,
        "licence": model.licence,
        "good_for": model.good_for,
        "not_for": model.not_for,
        "path": str(model.path) if model.path else None,
        "loaded_pid": state.pid if state else None,
        "loaded_seconds_left": state.seconds_left if state else None,
    }


def _provider_json(provider: Provider, context: CliContext) -> dict[str, object]:
    return {
        "provider": provider.name,
        "base_url": open_url(provider.base_url),
        "wire": provider.wire.value,
        "key_variable": provider.key_variable or None,
        "key_place": provider.key_place or None,
        "key_is_set": bool(provider.find_key(context.environment.read_key)),
        "tiers": {tier.value: model for tier, model in provider.tiers.items()},
    }
