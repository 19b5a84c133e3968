"""Presets: the tables of the known providers, as they are shipped."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from parallel_agents.core.json_value import JsonObject


@cache
def presets() -> Mapping[str, JsonObject]:
    """The table of each provider, by its name."""
    text = files("parallel_agents.models").joinpath("presets.toml").read_text("utf-8")
    return tomllib.loads(text)
