"""Functions: those of a process, by name, which the flows in the store are executed with."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from parallel_agents.core.children import FlowSessions
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.run import Outcome
from parallel_agents.core.runner import Activation
from parallel_agents.errors import InvalidInput
from parallel_agents.flows.function import FlowFunction


class BuiltIn(Protocol):
    """A flow that every process has, and that finds its children itself, as it may have very many."""

    @property
    def name(self) -> str: ...

    async def execute(
        self, activation: Activation, sessions: FlowSessions, task: FlowTask
    ) -> Outcome:
        """Do what is left of the flow; a PagentsError is its failure."""
        ...


class Functions:
    """The functions that a process has, given at its start or by a flow that calls another."""

    def __init__(self, given: Iterable[FlowFunction[Any]] = ()) -> None:
        self._known: dict[str, FlowFunction[Any]] = {}
        self._built_in: dict[str, BuiltIn] = {}
        for function in given:
            self.add(function)

    def __contains__(self, name: str) -> bool:
        return name in self._known or name in self._built_in

    def build_in(self, flow: BuiltIn) -> None:
        """Make a built-in flow known."""
        self._built_in[flow.name] = flow

    def built_in(self, name: str) -> BuiltIn | None:
        """The built-in flow of that name; None if it is not one."""
        return self._built_in.get(name)

    def add(self, function: FlowFunction[Any]) -> None:
        """Make a function known.

        Raises:
            InvalidInput: another one has its name.
        """
        known = self._known.setdefault(function.name, function)
        # A method is another object each time.
        if known.call != function.call or function.name in self._built_in:
            raise InvalidInput(
                f"two flows are named {function.name}",
                why="a stored flow names its function, so a name must stand for one",
                hint="rename one of the functions; one that is defined in another belongs on the top of its "
                "module, with what it needs as its input",
            )
        self._known[function.name] = function

    def get(self, name: str) -> FlowFunction[Any]:
        """The function of that name.

        Raises:
            InvalidInput: this process has none.
        """
        if name not in self._known:
            raise InvalidInput(f"this process has no flow {name!r}", hint=f"pass flows=[{name}]")
        return self._known[name]
