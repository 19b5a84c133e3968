"""`sessions_spawn` words the runtime's refusals as OpenClaw does."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.policy import Policy
from parallel_agents.session_tools.context import Requester
from tests.unit.session_tools.contract import Fields
from tests.unit.session_tools.world import World, in_world


def under(policy: Policy, depth: int, children: int) -> Fields:
    """The answer to one more spawn by a session at a depth with so many live children."""
    lead = Agent(name="boss", description="Leads.", instructions="Lead.", policy=policy)

    async def play(world: World) -> Fields:
        by = Requester()
        for _ in range(depth + 1):
            spawned = await world.spawn(by, agentId=lead.name)
            by = Requester(session=SessionKey(spawned["childSessionKey"]))
        for _ in range(children):
            await world.spawn(by, agentId=lead.name)
        return await world.call("sessions_spawn", {"task": "x", "agentId": lead.name}, by)

    return in_world(play, agents=[lead])


@pytest.mark.parametrize(
    ("policy", "depth", "children", "error"),
    [
        (
            Policy(spawns=("boss",), max_depth=1),
            1,
            0,
            "sessions_spawn is not allowed at this depth (current depth: 1, max: 1)",
        ),
        (
            Policy(spawns=("boss",), max_children=2),
            0,
            2,
            "sessions_spawn has reached max active children for this session (2/2; max_children).",
        ),
        (
            Policy(spawns=("boss",), max_total=3),
            0,
            2,
            "sessions_spawn has reached max sessions for this session tree "
            "(3/3; max_tree_sessions).",
        ),
    ],
    ids=["depth", "children", "tree"],
)
def test_a_bound_is_refused_in_the_words_of_the_contract(
    policy: Policy, depth: int, children: int, error: str
) -> None:
    answer = under(policy, depth, children)

    assert answer["status"] == "forbidden"
    assert answer["error"] == error
    assert answer["hint"]


def test_a_fork_of_another_agent_is_refused_in_the_words_of_the_contract() -> None:
    async def play(world: World) -> Fields:
        lead = await world.requester()
        return await world.call("sessions_spawn", FORK, lead)

    answer = in_world(play)

    assert answer["status"] == "error"
    assert answer["error"] == (
        'context="fork" requested but the requester session transcript is not available'
    )


FORK = {"task": "x", "agentId": "writer", "context": "fork"}
