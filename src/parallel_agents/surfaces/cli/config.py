"""`pagents config` and `get`: each setting, with its value, its source and its description."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import orjson
import typer

from parallel_agents.configuring.toml_text import key_steps, value_at
from parallel_agents.core.reference import parse_reference
from parallel_agents.core.schema import Json
from parallel_agents.errors import ConfigError, InvalidInput, Untrusted
from parallel_agents.setting_sources import Loaded, load_usable, profile_names
from parallel_agents.settings import (
    PROFILE_VARIABLE,
    Environment,
    Settings,
    find_project_around,
)
from parallel_agents.surfaces.cli import config_changes, render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_home, load_what_works
from parallel_agents.surfaces.cli.exits import Exit

app = typer.Typer(invoke_without_command=True)
for command in (config_changes.set_value, config_changes.unset, config_changes.edit):
    app.command(command.__name__.removesuffix("_value"))(command)

# Keys also appear in URLs: as user and password before the host, and in the query.
_URL_SECRETS = re.compile(r"(?<=://)\S*(?=@)|(?<=\?)[^#\s]+")


@app.command()
def get(name: config_changes.Which, json: AsJson = False, home: Home = None) -> None:
    """Print the value of a setting; exit with 1 if it is not set."""
    environment = find_home(home)
    loaded = load_what_works(environment)
    steps = key_steps(name)
    config_changes.check_known(steps)
    value = value_at({steps[0]: without_secrets(getattr(loaded.settings, steps[0]))}, steps)
    if json:
        item = {"name": name, "value": value, "source": loaded.sources[steps[0]]}
        render.envelope("setting", time.time(), [item])
    elif value is None:
        render.note(f"{name} is not set")
    else:
        render.line(_shown(value))
    if value is None:
        raise typer.Exit(Exit.FAILED)


class _Setting(NamedTuple):
    name: str
    value: Json
    source: str
    sentence: str


@app.callback()
def config(context: typer.Context, json: AsJson = False, home: Home = None) -> None:
    """Show each setting, with its source; or set some."""
    called = context.invoked_subcommand
    if called is None:
        show_settings(json=json, home=home)
    elif json or home is not None:
        given = "--json" if home is None else "--home"
        raise InvalidInput(
            f"{given} comes before {called}, which would not see it",
            hint=f"write pagents config {called} ... {given}",
        )


def show_settings(*, json: bool = False, home: Path | None = None) -> None:
    """Show each setting, with its source: the default, a config.toml or the environment."""
    environment = find_home(home)
    load_what_works(environment)  # it tells what is wrong; a wrong provider is shown all the same
    settings = _settings(load_usable(environment))
    chosen, profiles = environment.variables.get(PROFILE_VARIABLE), _profiles(environment)
    if json:
        items = [setting._asdict() for setting in settings]
        render.envelope(
            "config",
            time.time(),
            items,
            home=str(environment.home),
            profile=chosen or None,
            profiles=profiles,
        )
        return
    rows = [(s.name, _shown(s.value), s.sentence, s.source) for s in settings]
    render.cards(("SETTING", "VALUE", "WHAT IT IS", "SOURCE"), rows)
    render.note(f"home: {environment.home}")
    if profiles:
        render.note(f"profiles: {', '.join(profiles)}; in use: {chosen or 'none'}")
    if environment.project is not None:
        render.note(f"project: {environment.project}")
    elif _is_untrusted(environment):
        render.note("The project here is not trusted and has no effect: pagents trust")


def _profiles(environment: Environment) -> list[str]:
    try:
        return [*profile_names(environment)]
    except ConfigError:  # it was told already
        return []


def _is_untrusted(environment: Environment) -> bool:
    try:
        return find_project_around(environment) is not None
    except Untrusted:
        return True


def _settings(loaded: Loaded) -> list[_Setting]:
    return [
        _Setting(
            name=field.name,
            value=without_secrets(getattr(loaded.settings, field.name)),
            source=loaded.sources[field.name],
            sentence=field.metadata["sentence"],
        )
        for field in fields(Settings)
    ]


def _shown(value: Json) -> str:
    if value is None or value == {}:
        return "-"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def without_secrets(setting: Json | Path) -> Json:
    """A setting as JSON, with keys, headers and secrets in URLs masked."""
    if isinstance(setting, Path):
        return str(setting)
    if isinstance(setting, str):
        return _URL_SECRETS.sub("***", setting) if "://" in setting else setting
    if isinstance(setting, list | tuple):
        return [without_secrets(item) for item in setting]
    if not isinstance(setting, Mapping):
        return setting
    return {
        str(name): without_secrets(value) if _may_be_shown(str(name), value) else "***"
        for name, value in setting.items()
    }


def _may_be_shown(name: str, value: Json) -> bool:
    """Whether a field holds no secret: a key must be a name, headers and variables may hold one."""
    if name == "key":
        return value == "" or (isinstance(value, str) and _is_reference(value))
    return name not in {"headers", "env"}


def _is_reference(text: str) -> bool:
    try:
        parse_reference(text)
    except ValueError:
        return False
    return True
