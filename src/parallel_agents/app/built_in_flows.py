"""Built-in flows: those that every process can execute, besides the functions that a program passes in."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

from parallel_agents.flows.functions import Functions
from parallel_agents.maps.request import MAP
from parallel_agents.maps.runner import MapRunner
from parallel_agents.settings import Settings

BUILT_IN_NAMES = frozenset({MAP})


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltInFlows:
    """The built-in flows of a process; each field is one.

    Attributes:
        maps: one agent over many rows.
    """

    maps: MapRunner

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(maps=MapRunner(settings.max_parallel))

    def add_to(self, functions: Functions) -> None:
        """Make them known."""
        for each in fields(self):
            functions.build_in(getattr(self, each.name))
