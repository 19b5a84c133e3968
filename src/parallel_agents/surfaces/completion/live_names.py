"""Live names: the agents, teams, sessions, models and profiles that there are, for a shell that asks."""

from __future__ import annotations

import os
import re
import sqlite3
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

from parallel_agents.stores.recent_names import (
    RecentName,
    recent_labels_in,
    recent_letters,
    recent_names,
    recent_tags,
)

# As `settings` and `trust` have them, which take longer to load than a person waits at a key.
PROJECT_FOLDER = ".parallel-agents"
STORE_NAME = "store.db"
CONFIG_NAME = "config.toml"
_CATALOG = Path(__file__).parents[2] / "catalog"
# As `surfaces.cli.docs` has them.
_DOCS = (_CATALOG.parent / "docs", _CATALOG.parents[2] / "docs")
_MOST_FILES = 1_000
_MOST_BYTES = 1 << 20
_MOST_PARENTS = 30
# Nothing that a shell or a terminal would take for more than a name.
_NAME = re.compile(r"[A-Za-z0-9@][A-Za-z0-9._/@-]{0,99}")


class LiveNames:
    """The names of a home and of the project around the current folder.

    Args:
        home: the folder of the home; empty for the default.
    """

    def __init__(self, home: str) -> None:
        self._home = Path(home).expanduser() if home else Path.home() / PROJECT_FOLDER

    def of(self, kind: str, typed: str = "") -> list[str]:
        """The names of that kind; none if what they are in cannot be read, or for a kind without names.

        Sessions within a team are too many to be named before the team is `typed`.
        """
        find = {
            "agents": lambda: self._stems("agents", ".md"),
            "teams": lambda: self._stems("teams", ".yaml"),
            "sessions": lambda: self._sessions(typed),
            "letters": self._letters,
            "runs": self._runs,
            "tags": lambda: iter(recent_tags(self._home / STORE_NAME)),
            "pages": _pages,
            "models": self._models,
            "profiles": lambda: iter(self._table("settings")),
        }.get(kind)
        if find is None:
            return []
        try:
            return [name for name in find() if _NAME.fullmatch(name)]
        except (OSError, ValueError, sqlite3.Error):
            return []

    def _stems(self, folder: str, suffix: str) -> Iterator[str]:
        for place in (self._home, *_projects(), _CATALOG):
            try:
                with os.scandir(place / folder) as files:
                    for _, file in zip(range(_MOST_FILES), files, strict=False):
                        if file.name.endswith(suffix):
                            yield file.name.removesuffix(suffix)
            except OSError:
                continue

    def _sessions(self, typed: str) -> Iterator[str]:
        yield "@last"
        for recent in recent_names(self._home / STORE_NAME):
            yield from _called(recent)
        team, within, _ = typed.partition("/")
        if team and within:
            for label in recent_labels_in(self._home / STORE_NAME, team):
                yield f"{team}/{label}"

    def _letters(self) -> Iterator[str]:
        """The sessions that failed after all their attempts, and their teams."""
        for recent in recent_letters(self._home / STORE_NAME):
            yield from _called(recent)

    def _runs(self) -> Iterator[str]:
        """The ids of runs, under which they continue."""
        for recent in recent_names(self._home / STORE_NAME):
            is_group = not recent.key.startswith("agent:")
            yield recent.key.rsplit(":", 1)[-1] if is_group else recent.id

    def _models(self) -> Iterator[str]:
        config = self._config()
        yield from (str(name) for name in _tables(config, "tiers").values())
        yield from (f"ladder/{name}" for name in _tables(config, "ladders"))
        yield from (f"{name}/" for name in _tables(config, "providers"))

    def _table(self, name: str) -> Mapping[str, Any]:
        return _tables(self._config(), name)

    def _config(self) -> Mapping[str, Any]:
        try:
            with (self._home / CONFIG_NAME).open("rb") as opened:
                return tomllib.loads(opened.read(_MOST_BYTES).decode())
        except FileNotFoundError:
            return {}


def _called(recent: RecentName) -> Iterator[str]:
    """What a person may type for a session."""
    if recent.key.startswith("agent:"):
        yield recent.label
        yield recent.key.rsplit(":", 1)[-1][:8]
        yield recent.id
    else:
        yield recent.key.rsplit(":", 1)[-1]


def _tables(config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = config.get(name)
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _pages() -> Iterator[str]:
    for folder in _DOCS:
        with suppress(OSError), os.scandir(folder) as files:
            yield from sorted(
                file.name.removesuffix(".md") for file in files if file.name.endswith(".md")
            )
            return


def _projects() -> Iterator[Path]:
    """The nearest folder of a project, of which names are only shown."""
    start = Path.cwd()
    for folder in (start, *start.parents)[:_MOST_PARENTS]:
        if (folder / PROJECT_FOLDER).is_dir():
            yield folder / PROJECT_FOLDER
            return
