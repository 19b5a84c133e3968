"""Box: the tools that every process has; each is loaded when the first agent names it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from types import MappingProxyType
from typing import cast

from typing_extensions import override

from parallel_agents.core.tool import Tool

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
        "state_wait_for": "state",
        "artifact_put": "artifacts",
        "artifact_list": "artifacts",
        "artifact_get": "artifacts",
        "artifact_save": "artifacts",
    }
)
COMMAND_TOOLS = frozenset({"shell", "python"})
BOX_NAMES = frozenset(_MODULES)


class Box(Mapping[str, Tool]):
    """The tools of the box together with others, by name.

    Args:
        others: the tools beside them, which override those of the same name.
    """

    def __init__(self, others: Mapping[str, Tool]) -> None:
        self._others = others

    @override
    def __getitem__(self, name: str) -> Tool:
        if name in self._others:
            return self._others[name]
        module = import_module(f"parallel_agents.tools.{_MODULES[name]}")
        return cast("Tool", getattr(module, name))

    @override
    def __iter__(self) -> Iterator[str]:
        yield from {**_MODULES, **self._others}

    @override
    def __len__(self) -> int:
        return len(_MODULES.keys() | self._others.keys())
