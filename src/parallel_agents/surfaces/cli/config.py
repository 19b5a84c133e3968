"""`pagents config`: each setting, with its value, its source and a sentence."""

from __future__ import annotations

import time
from dataclasses import fields
from pathlib import Path

import orjson

from parallel_agents.settings import Settings, load, read_environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.place import AsJson, Home


def config(json: AsJson = False, home: Home = None) -> None:
    """Show each setting with its source: default, a config.toml, the environment, or a flag."""
    environment = read_environment(home)
    loaded = load(environment)
    items = [
        {
            "name": f.name,
            "value": orjson.loads(orjson.dumps(getattr(loaded.settings, f.name), default=_plain)),
            "source": loaded.sources[f.name],
            "sentence": f.metadata["sentence"],
        }
        for f in fields(Settings)
    ]
    if json:
        render.envelope("config", time.time(), items, home=str(environment.home))
        return
    rows = [(i["name"], _shown(i["value"]), i["source"], i["sentence"]) for i in items]
    render.table(("SETTING", "VALUE", "SOURCE", "WHAT IT IS"), rows)
    render.note(f"home: {environment.home}")
    if environment.project is not None:
        render.note(f"project: {environment.project}")


def _shown(value: object) -> str:
    if value is None or value == {}:
        return "-"
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _plain(value: object) -> str:
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} is no setting's type")
