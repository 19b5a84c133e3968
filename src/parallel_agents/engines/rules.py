"""Rules: what decides, for an engine, which runs a process can execute, and how many at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from parallel_agents.core.engine import Scope
from parallel_agents.core.row import Row


class Rules(Protocol):
    """The rules for runs in this process."""

    def scopes_of(self, row: Row) -> Mapping[Scope, int | None]:
        """The scopes in which the run takes a slot, each with its limit or None."""
        ...

    def lacks(self, row: Row) -> str:
        """What this process lacks for the run; empty if nothing."""
        ...

    def lacks_to_take_over(self, row: Row) -> str:
        """The same for a run that nobody has asked this process for. Only such runs are adopted."""
        ...
