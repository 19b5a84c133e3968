"""Creating flows: the built-in flows that make agents, wired to the folders, agents and judges of a process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from parallel_agents.app.references import TOOLS
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.creating.creator import CREATE, REFINE, REGISTER, Creator
from parallel_agents.creating.keeping import Keeping
from parallel_agents.creating.many import CREATE_MANY, ManyCreator
from parallel_agents.flows.function import FlowFunction, OnChange
from parallel_agents.flows.functions import Functions
from parallel_agents.quality.judge_registry import JudgeRegistry
from parallel_agents.settings import Environment

CREATING_NAMES = frozenset({CREATE, REFINE, REGISTER, CREATE_MANY})


def make_keeping(
    environment: Environment, catalog: Catalog, judges: JudgeRegistry, own_tools: Iterable[str]
) -> Keeping:
    """Where agents that are made begin and end up, in these folders; they may get the program's tools, too."""
    tools = (*TOOLS, *own_tools)
    return Keeping(environment.home, environment.project, catalog, judges, tools=tools)


def add_creating(functions: Functions, keeping: Keeping, catalog: Catalog) -> None:
    """Make the flows known that make agents.

    Raises:
        InvalidInput: a program passed in a function of such a name.
    """
    creator = Creator(keeping, catalog)
    made: dict[str, Callable[..., Awaitable[Any]]] = {
        CREATE: creator.create_agent,
        REFINE: creator.refine_agent,
        REGISTER: creator.register_agent,
        CREATE_MANY: ManyCreator(creator).create_agents,
    }
    for name, function in made.items():
        # What the agents that make agents are asked may change with the package.
        flow = partial(FlowFunction[Any], function, on_change=OnChange.KEEP_GOING)
        functions.build_in(name, flow)
