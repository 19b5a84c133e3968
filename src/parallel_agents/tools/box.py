"""Box: the tools that every process has; each is loaded when the first agent names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from typing_extensions import override

from parallel_agents.core.tool import Tool
from parallel_agents.tools.web.means import NO_MEANS, WebMeans

_MODULES: Mapping[str, str] = MappingProxyType(
    {
        "read_file": "files.reading",
        "list_files": "files.reading",
        "write_file": "files.writing",
        "edit_file": "files.writing",
        "glob": "files.searching",
        "grep": "files.searching",
        "ask_human": "people",
        "shell": "commands.shell",
        "python": "commands.shell",
        "state_get": "state",
        "state_list": "state",
        "state_set": "state",
        "state_compare_and_set": "state",
        "state_append": "state",
        "state_delete": "state",
        "state_wait_for": "state",
        "artifact_put": "artifacts",
        "artifact_list": "artifacts",
        "artifact_get": "artifacts",
        "artifact_save": "artifacts",
    }
)
# Of these, the module makes the tool by what the process gives it.
_MADE: Mapping[str, str] = MappingProxyType(
    {"fetch": "web.fetching", "web_search": "web.searching"}
)
COMMAND_TOOLS = frozenset({"shell", "python"})
BOX_NAMES = frozenset((*_MODULES, *_MADE))


class Box(Mapping[str, Tool]):
    """The tools of the box together with others, by name.

    Args:
        others: the tools beside them, which override those of the same name.
        web: what the tools that reach the web are given.
    """

    def __init__(self, others: Mapping[str, Tool], web: WebMeans = NO_MEANS) -> None:
        self._others = others
        self._web = web
        self._made: dict[str, Tool] = {}

    @override
    def __getitem__(self, name: str) -> Tool:
        if name in self._others:
            return self._others[name]
        if name not in _MADE:
            module = import_module(f"parallel_agents.tools.{_MODULES[name]}")
            return cast("Tool", getattr(module, name))
        if name not in self._made:
            module = import_module(f"parallel_agents.tools.{_MADE[name]}")
            self._made[name] = cast("Tool", module.make(self._web))
        return self._made[name]

    @override
    def __iter__(self) -> Iterator[str]:
        yield from {**dict.fromkeys(BOX_NAMES), **self._others}

    @override
    def __len__(self) -> int:
        return len(BOX_NAMES | self._others.keys())
