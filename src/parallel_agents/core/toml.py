"""TOML: the tables of a text from outside; https://toml.io/en/v1.0.0."""

from __future__ import annotations

import tomllib

from parallel_agents.core.schema import Json


def tables_of(text: str) -> dict[str, Json]:
    """The tables of a text.

    Raises:
        ValueError: it is not TOML, or its values are nested too deep to be read.
    """
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("its values are nested too deep") from None
