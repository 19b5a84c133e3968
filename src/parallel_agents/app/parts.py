"""Parts: what a program passes in, in addition to the settings."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from parallel_agents.app.models import ModelFactory
from parallel_agents.containment.functions import is_generator, why_not_called_with
from parallel_agents.core.agent import Agent
from parallel_agents.core.artifact import Contents
from parallel_agents.core.event_store import OnEvents
from parallel_agents.core.notification import Notify
from parallel_agents.core.owner import Role
from parallel_agents.core.tool import Tool
from parallel_agents.errors import InvalidInput
from parallel_agents.flows.functions import Functions
from parallel_agents.models.local.fetch import Progress
from parallel_agents.models.wires.structured import FINAL_ANSWER
from parallel_agents.session_tools.toolbox import NAMES
from parallel_agents.tools.function import FunctionTool

T = TypeVar("T")

_RESERVED = frozenset((*NAMES, FINAL_ANSWER))


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a program passes in, in addition to the settings.

    Attributes:
        agents: definitions that override those of the catalog.
        tools: the tools that agents may name, by name.
        models: model factories by provider, which override the configured providers.
        gates: the functions that agents may name as gates, by name.
        flows: the functions of the flows that this process can execute, besides those that are built in.
        on_fetch: called with the progress of the embedded model's download.
        on_embedded: called when an agent gets the embedded model because nobody chose one.
        role: a script, or a worker that executes what others leave.
        tell_unasked: the target for notifications of work that this process executes and that has
            no other target.
        on_events: called with each batch of new events of the store; None for nobody.
        contents: where artifacts are kept; None for the folder of the home.
        client: the client that this process spawns for; empty for the person.
        say_left: tells what a process that stays only for its own work leaves to workers; None takes over
            whatever can be executed here.
    """

    agents: Mapping[str, Agent] = field(default_factory=dict[str, Agent])
    tools: Mapping[str, Tool] = field(default_factory=dict[str, Tool])
    models: Mapping[str, ModelFactory] = field(default_factory=dict[str, ModelFactory])
    gates: Mapping[str, Callable[..., object]] = field(
        default_factory=dict[str, Callable[..., object]]
    )
    flows: Functions = field(default_factory=Functions)
    on_fetch: Callable[[Progress], None] = lambda _: None
    on_embedded: Callable[[], None] = lambda: None
    role: Role = Role.SCRIPT
    tell_unasked: Notify | None = None
    on_events: OnEvents | None = None
    contents: Contents | None = None
    client: str = ""
    say_left: Callable[[str], None] | None = None


def agents_by_name(agents: Iterable[Agent]) -> dict[str, Agent]:
    """The agents that a program passes in.

    Raises:
        InvalidInput: two agents have one name.
    """
    return by_name("agents", ((agent.name, agent) for agent in agents))


def tools_by_name(tools: Iterable[Tool | Callable[..., object]]) -> dict[str, Tool]:
    """The tools that a program passes in; a function becomes a tool.

    Raises:
        InvalidInput: a function cannot be a tool, or two tools have one name.
    """
    passed = {id(tool): tool for tool in tools}.values()  # the same one twice is one
    offered = [tool if isinstance(tool, Tool) else FunctionTool(tool) for tool in passed]
    found = by_name("tools", ((tool.spec.name, tool) for tool in offered))
    if reserved := sorted(found.keys() & _RESERVED):
        raise InvalidInput(
            f"a tool cannot be named {reserved[0]}",
            why="the runtime has a tool of that name",
            hint="rename the tool",
        )
    return found


def gates_by_name(functions: Iterable[Callable[..., object]]) -> dict[str, Callable[..., object]]:
    """The gate functions that a program passes in.

    Raises:
        InvalidInput: one cannot be called with an answer and return a verdict, or two have one name.
    """
    found = by_name("gates", ((_name(function), function) for function in functions))
    for name, function in found.items():
        check_gate_function(name, function)
    return found


def check_gate_function(name: str, function: Callable[..., object]) -> None:
    """Refuse what no answer could be checked by.

    Raises:
        InvalidInput: it is a class or a generator, or it does not take one argument.
    """
    if inspect.isclass(function):
        why = "it is a class, and what a class returns is not a verdict"
    elif is_generator(function):
        why = "it is a generator, and a gate returns one verdict"
    elif not (why := why_not_called_with(function, "an answer")):
        return
    raise InvalidInput(
        f"the function {name} cannot be a gate",
        why=why,
        hint="write a function that takes the answer and returns True, or a critique as text; "
        "one for a score returns a number from 0 to 10",
    )


def _name(function: Callable[..., object]) -> str:
    return getattr(function, "__name__", type(function).__name__)


def by_name(what: str, named: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Things by their names.

    Raises:
        InvalidInput: two different things have the same name, so nobody could say which is meant.
    """
    found: dict[str, T] = {}
    for name, thing in named:
        if found.setdefault(name, thing) != thing:
            raise InvalidInput(
                f"two {what} are named {name}",
                why="agents name them, so a name must stand for one",
                hint="rename one of them",
            )
    return found
