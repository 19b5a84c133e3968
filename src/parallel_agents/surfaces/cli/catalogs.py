"""Catalogs: the agents and teams that a command finds in files."""

from __future__ import annotations

from pathlib import Path

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.surfaces.cli.context import find_offers


def find_catalog(home: Path | None = None) -> Catalog:
    """The agents and teams of the project, of the user, and the built-in ones.

    Raises:
        ConfigError, Untrusted: as for `find_offers`.
    """
    environment = find_offers(home).environment
    return Catalog(environment.folders, environment.accept)
