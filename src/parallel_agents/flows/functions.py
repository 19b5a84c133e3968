"""Functions: those of a process, by name, which the flows in the store are executed with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
    """The functions that a process has: built in, given at its start, or by a flow that calls another."""

    def __init__(self, given: Iterable[FlowFunction[Any]] = ()) -> None:
        self._known: dict[str, FlowFunction[Any]] = {}
        self._built_in: dict[str, BuiltIn | Callable[[], FlowFunction[Any]]] = {}
        self._made: dict[str, FlowFunction[Any]] = {}
        for function in given:
            self.add(function)

    def __contains__(self, name: str) -> bool:
        return name in self._known or name in self._built_in

    def build_in(self, name: str, flow: BuiltIn | Callable[[], FlowFunction[Any]]) -> None:
        """Make a flow known that every process has; a function is made when it is first called.

        Raises:
            InvalidInput: a program passed in a function of that name.
        """
        if name in self._known:
            raise _reserved(name)
        self._built_in[name] = flow

    def built_in(self, name: str) -> BuiltIn | None:
        """The built-in flow of that name; None if there is none, or if it is a function."""
        found = self._built_in.get(name)
        return None if found is None or callable(found) else found

    def add(self, function: FlowFunction[Any]) -> None:
        """Make a function known.

        Raises:
            InvalidInput: another one has its name.
        """
        if function.name in self._built_in:
            raise _reserved(function.name)
        known = self._known.setdefault(function.name, function)
        if known.call != function.call:  # a method is another object each time
            raise InvalidInput(
                f"two flows are named {function.name}",
                why="a stored flow names its function, so a name must stand for one",
                hint="rename one of the functions; one that is defined in another belongs on the top of its "
                "module, with what it needs as its input",
            )
        self._known[function.name] = function

    def origin_of(self, name: str) -> str:
        """Where the function of that name is defined; empty for a built-in one, and without one."""
        return self._known[name].origin if name in self._known else ""

    def get(self, name: str) -> FlowFunction[Any]:
        """The function of that name.

        Raises:
            InvalidInput: this process has none.
        """
        if name in self._known:
            return self._known[name]
        make = self._built_in.get(name)
        if not callable(make):
            raise InvalidInput(f"this process has no flow {name!r}", hint=f"pass flows=[{name}]")
        if name not in self._made:
            self._made[name] = make()
        return self._made[name]


def _reserved(name: str) -> InvalidInput:
    return InvalidInput(
        f"a flow cannot be named {name}",
        why="the runtime has a flow of that name",
        hint="rename the function",
    )
