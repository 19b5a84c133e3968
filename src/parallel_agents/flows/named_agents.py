"""Named agents: those that the code of a flow names, as far as they are variables of its module or around it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any, cast

from parallel_agents.core.agent import Agent, AnyAgent


def agents_named_in(function: Callable[..., Any]) -> list[AnyAgent]:
    """The agents in a function, in the functions inside it, and in those of its module that it names."""
    found: dict[int, AnyAgent] = {}
    seen = set[FunctionType]()
    waiting: list[object] = [inspect.unwrap(function)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Agent):
            found[id(cast("object", value))] = value
        elif isinstance(value, FunctionType) and value not in seen:
            seen.add(value)
            waiting += (
                each
                for each in _variables(value)
                if not isinstance(each, FunctionType) or each.__module__ == value.__module__
            )
        elif isinstance(value, Mapping | list | tuple):
            waiting += _agents_among(cast("Any", value))
    return [*found.values()]


def _agents_among(group: Mapping[Any, Any] | Sequence[Any]) -> list[AnyAgent]:
    values: Iterable[Any] = group.values() if isinstance(group, Mapping) else group
    return [value for value in values if isinstance(value, Agent)]


def _variables(function: FunctionType) -> Iterator[object]:
    """The values of a function's variables that are not its own."""
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    for name in names & function.__globals__.keys():
        yield function.__globals__[name]
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # nothing is assigned yet
            continue


def _codes(code: CodeType) -> Iterator[CodeType]:
    """A function's code, and that of the functions, lambdas and comprehensions in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)
