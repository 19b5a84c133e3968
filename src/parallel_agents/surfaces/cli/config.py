"""`pagents config`: each setting, with its value, its source and its description."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import NamedTuple

import orjson

from parallel_agents.core.reference import parse_reference
from parallel_agents.core.schema import Json
from parallel_agents.errors import Untrusted
from parallel_agents.setting_sources import Loaded, load_usable
from parallel_agents.settings import (
    Environment,
    Settings,
    find_project_around,
)
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_home, load_what_works

# Keys also appear in URLs: as user and password before the host, and in the query.
_URL_SECRETS = re.compile(r"(?<=://)\S*(?=@)|(?<=\?)[^#\s]+")


class _Setting(NamedTuple):
    name: str
    value: Json
    source: str
    sentence: str


def config(json: AsJson = False, home: Home = None) -> None:
    """Show each setting, with its source: the default, a config.toml or the environment."""
    environment = find_home(home)
    load_what_works(environment)  # it tells what is wrong; a wrong provider is shown all the same
    settings = _settings(load_usable(environment))
    if json:
        items = [setting._asdict() for setting in settings]
        render.envelope("config", time.time(), items, home=str(environment.home))
        return
    rows = [(s.name, _shown(s.value), s.sentence, s.source) for s in settings]
    render.cards(("SETTING", "VALUE", "WHAT IT IS", "SOURCE"), rows)
    render.note(f"home: {environment.home}")
    if environment.project is not None:
        render.note(f"project: {environment.project}")
    elif _is_untrusted(environment):
        render.note("The project here is not trusted and has no effect: pagents trust")


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
