"""Which agents the code of a flow names."""

from __future__ import annotations

import pytest

import parallel_agents as pa
from parallel_agents.flows.named_agents import agents_named_in

PLAIN = pa.Agent("plain", instructions="Write.")
INSIDE = pa.Agent("inside", instructions="Write.")
HELPED = pa.Agent("helped", instructions="Write.")
LISTED = pa.Agent("listed", instructions="Write.")
UNNAMED = pa.Agent("unnamed", instructions="Write.")
TEAM = {"first": LISTED}


def helped(topic: str) -> pa.Task:
    return pa.Task(HELPED, topic)


async def of_one(flow: pa.Flow) -> None:
    await flow.task("one", pa.Task(PLAIN, "tea"))


async def of_many(flow: pa.Flow) -> None:
    await flow.parallel([pa.Task(INSIDE, f"{n}") for n in range(2)], key="many")


async def of_helper(flow: pa.Flow) -> None:
    await flow.task("one", helped("tea"))
    await of_helper.__call__(flow)  # names itself


async def of_group(flow: pa.Flow) -> None:
    await flow.task("one", pa.Task(TEAM["first"], "tea"))


@pytest.mark.parametrize(
    ("function", "name"),
    [(of_one, "plain"), (of_many, "inside"), (of_helper, "helped"), (of_group, "listed")],
)
def test_agents_are_found_in_all_code_of_a_flow(function: object, name: str) -> None:
    assert callable(function)
    assert [agent.name for agent in agents_named_in(function)] == [name]


def test_agents_around_a_function_are_found() -> None:
    local = pa.Agent("local", instructions="Write.")

    async def of_local(flow: pa.Flow) -> None:
        await flow.parallel([pa.Task(local, f"{n}") for n in range(2)], key="many")

    assert agents_named_in(of_local) == [local]
