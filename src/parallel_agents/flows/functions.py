"""Functions: those of a process, by name, which the flows in the store are executed with."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from parallel_agents.errors import InvalidInput
from parallel_agents.flows.function import FlowFunction


class Functions:
    """The functions that a process has: built in, given at its start, or by a flow that calls another."""

    def __init__(self, given: Iterable[FlowFunction[Any]] = ()) -> None:
        self._known: dict[str, FlowFunction[Any]] = {}
        self._built_in: dict[str, Callable[[], FlowFunction[Any]]] = {}
        for function in given:
            self.add(function)

    def __contains__(self, name: str) -> bool:
        return name in self._known or name in self._built_in

    def add_built_in(self, functions: Mapping[str, Callable[[], FlowFunction[Any]]]) -> None:
        """Make functions known that every process has, by name; each is made when it is first called.

        Raises:
            InvalidInput: a program passed in a function of such a name.
        """
        if taken := sorted(functions.keys() & self._known.keys()):
            raise InvalidInput(
                f"a flow cannot be named {taken[0]}",
                why="the runtime has a flow of that name",
                hint="rename the function",
            )
        self._built_in.update(functions)

    def add(self, function: FlowFunction[Any]) -> None:
        """Make a function known.

        Raises:
            InvalidInput: another one has its name.
        """
        known = self._known.get(function.name) or self._made(function.name) or function
        if known.call is not function.call:
            raise InvalidInput(
                f"two flows are named {function.name}",
                why="a stored flow names its function, so a name must stand for one",
                hint="rename one of the functions",
            )
        self._known[function.name] = function

    def get(self, name: str) -> FlowFunction[Any]:
        """The function of that name.

        Raises:
            InvalidInput: this process has none.
        """
        found = self._known.get(name) or self._made(name)
        if found is None:
            raise InvalidInput(f"this process has no flow {name!r}", hint=f"pass flows=[{name}]")
        return found

    def _made(self, name: str) -> FlowFunction[Any] | None:
        if name not in self._built_in:
            return None
        return self._known.setdefault(name, self._built_in[name]())
