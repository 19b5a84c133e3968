"""Functions are known by name; those that are built in are made when they are first called."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agents.app.built_in_flows import BuiltInFlows
from parallel_agents.errors import InvalidInput
from parallel_agents.flows.flow import Flow
from parallel_agents.flows.function import FlowFunction
from parallel_agents.flows.functions import Functions
from parallel_agents.settings import Settings


async def launch(flow: Flow) -> str:
    return flow.name


async def plan(flow: Flow) -> str:
    return flow.name


def test_a_built_in_function_is_made_once_when_it_is_first_called() -> None:
    made: list[FlowFunction[Any]] = []

    def make() -> FlowFunction[Any]:
        made.append(FlowFunction(launch))
        return made[-1]

    functions = Functions()
    functions.build_in("launch", make)

    assert "launch" in functions
    assert made == []
    assert functions.get("launch") is functions.get("launch")
    assert len(made) == 1


def functions_of_a_process() -> Functions:
    functions = Functions()
    BuiltInFlows.of(Settings()).add_to(functions)
    return functions


def test_every_process_has_the_flow_that_does_plans() -> None:
    assert "plan" in functions_of_a_process()
    assert functions_of_a_process().get("plan").name == "plan"


def test_a_program_cannot_pass_a_flow_with_the_name_of_a_built_in_one() -> None:
    with pytest.raises(InvalidInput, match="a flow cannot be named plan"):
        BuiltInFlows.of(Settings()).add_to(Functions([FlowFunction(plan)]))
    with pytest.raises(InvalidInput, match="a flow cannot be named plan"):
        functions_of_a_process().add(FlowFunction(plan))


def test_an_unknown_function_is_refused() -> None:
    with pytest.raises(InvalidInput, match="this process has no flow 'gone'"):
        Functions().get("gone")
