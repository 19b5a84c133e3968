"""What works here works at a distance too: each difference stands in a table, with its reason."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest
import typer

from parallel_agents.api.connected_sessions import ConnectedSessions
from parallel_agents.app.open_sessions import OpenSessions
from parallel_agents.app.resolving_workspaces import ResolvingWorkspaces
from parallel_agents.errors import NotAtDistance
from parallel_agents.gateway_client.shared import RemoteArtifacts, RemoteState
from parallel_agents.gateway_client.workspaces import RemoteWorkspaces
from parallel_agents.sessions.sharing import TreeArtifacts
from parallel_agents.sessions.tree_state import TreeState
from parallel_agents.surfaces.cli.commands import COMMANDS
from parallel_agents.surfaces.cli.url_option import DISTANT, OF_THIS_MACHINE, WHY

PAIRS = (
    (OpenSessions, ConnectedSessions),
    (TreeState, RemoteState),
    (TreeArtifacts, RemoteArtifacts),
    (ResolvingWorkspaces, RemoteWorkspaces),
)
# What is refused at a gateway, and why.
REFUSED = {
    "store": "the care of a store belongs to whoever has its files",
    "spawn_flow": "the function of a flow is code of the program",
    "batch": "the agent that answers several items in one call is made by the program",
}
# What only one of two has, and why.
ONLY_ONE = {
    "map": "`amap` opens a store of its own",
    "map_rows": "`amap_rows` opens a store of its own",
    "on_behalf": "a gateway says itself who asks",
}
CLI = "parallel_agents.surfaces.cli"


def public(kind: type[object]) -> dict[str, object]:
    """The public members of a class and of those that it is made of."""
    members = (item for each in reversed(kind.__mro__[:-1]) for item in vars(each).items())
    return {name: member for name, member in members if not name.startswith("_")}


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].__name__)
def test_what_a_program_can_do_with_a_store_it_can_do_at_a_gateway(
    pair: tuple[type[object], type[object]],
) -> None:
    here, there = map(public, pair)

    assert here.keys() ^ there.keys() <= ONLY_ONE.keys()
    for name in here.keys() & there.keys():
        assert parameters(here[name]) == parameters(there[name]), name


def parameters(member: object) -> list[tuple[str, object]]:
    """The parameters of a method, with their defaults; none of a property."""
    if not callable(member):
        return []
    found = inspect.signature(member).parameters.values()
    return [(each.name, each.default) for each in found]


async def test_what_is_refused_at_a_gateway_is_refused_before_it_is_asked() -> None:
    connected = object.__new__(ConnectedSessions)  # without a gateway that could be asked
    calls: dict[str, Callable[[], Any]] = {
        "store": lambda: connected.store,
        "spawn_flow": lambda: connected.spawn_flow(_flow),
        "batch": lambda: connected.batch("main", ["a"]),
    }

    assert calls.keys() == REFUSED.keys()
    for name, call in calls.items():
        with pytest.raises(NotAtDistance) as refused:
            await call()
        assert refused.value.hint, name


async def _flow() -> None: ...


def functions() -> Iterator[str]:
    """The modules of all functions that are commands."""
    for command in COMMANDS.values():
        name, _, function = command.where.partition(":")
        module = import_module(f"{CLI}.{name}")
        if function:
            yield getattr(module, function).__module__
        else:
            yield from (each.__module__ for each in _callbacks(module.app))


def _callbacks(group: typer.Typer) -> Iterator[Callable[..., Any]]:
    yield from (each.callback for each in group.registered_commands if each.callback is not None)
    for below in group.registered_groups:
        if below.typer_instance is not None:
            yield from _callbacks(below.typer_instance)


def test_each_command_asks_a_gateway_or_says_why_it_does_not() -> None:
    modules = {each.rpartition(".")[2] for each in functions()}

    assert modules - DISTANT - OF_THIS_MACHINE - WHY.keys() == set()
    assert set() == DISTANT & OF_THIS_MACHINE
