"""Task wait: without names, `subagents` waits for what its caller spawned, and gives each result once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.schema import Json
from parallel_agents.session_tools.context import Requester
from tests.unit.session_tools.world import SCRIPT, World, open_world

CLIENT, OTHER = Requester(client="mcp-1"), Requester(client="mcp-2")
WAIT = {"action": "wait", "timeoutSeconds": 60}


async def statuses(world: World, by: Requester) -> list[str]:
    listed = await world.call("subagents", {}, by)
    return [task["deliveryStatus"] for task in listed["tasks"]]


@pytest.mark.parametrize("by", [CLIENT, SCRIPT], ids=["client", "person"])
async def test_what_ended_before_the_call_is_given_once(by: Requester) -> None:
    async with open_world() as world:
        spawned = await world.spawn(by, label="report")
        await world.rig.engine.wait_idle()
        before = await statuses(world, by)
        given = await world.call("subagents", WAIT, by)
        after = await statuses(world, by)
        again = await world.call("subagents", WAIT, by)

    assert (before, after) == (["pending"], ["delivered"])
    assert given["completed"] == [spawned["runId"]]
    assert given["tasks"][0]["result"] == "re: Write."
    assert (again["tasks"], again["completed"]) == ([], [])
    assert "Nothing to wait for" in again["note"]


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("agents_wait", {"ids": ["report"]}),
        ("sessions_history", {"sessionKey": "report"}),
        ("subagents", {"action": "wait", "target": "report"}),
    ],
)
async def test_a_result_that_another_call_gave_is_not_given_again(
    tool: str, arguments: dict[str, Json]
) -> None:
    async with open_world() as world:
        await world.spawn(CLIENT, label="report")
        await world.rig.engine.wait_idle()
        looked = await world.call(tool, arguments, replace(CLIENT, is_looking=True))
        unread = await statuses(world, CLIENT)
        await world.call(tool, arguments, CLIENT)
        waited = await world.call("subagents", WAIT, CLIENT)

    assert "re: Write." in str(looked)
    assert unread == ["pending"]
    assert waited["completed"] == []


async def test_one_clients_reading_gives_nothing_to_another() -> None:
    async with open_world() as world:
        await world.done(CLIENT, label="report")
        await world.call("agents_wait", {"ids": ["report"]}, OTHER)
        history = await world.rig.sessions.history("report")

    told = [event.body.text for event in history if event.body.kind == "noticed"]
    assert told == ["its result was given to mcp-1", "its result was given to mcp-2"]


@pytest.mark.parametrize("target", ["report", "last", 1, "all"])
async def test_a_target_is_waited_for(target: str | int) -> None:
    async with open_world() as world:
        spawned = await world.spawn(CLIENT, label="report")
        waited = await world.call("subagents", {**WAIT, "target": target}, CLIENT)

    assert waited["completed"] == [spawned["runId"]]


async def test_a_new_conversation_is_told_where_the_runs_of_earlier_ones_are() -> None:
    async with open_world() as world:
        nothing = await world.call("subagents", {}, OTHER)
        await world.spawn(CLIENT, label="report")
        listed = await world.call("subagents", {}, OTHER)
        waited = await world.call("subagents", WAIT, OTHER)

    assert nothing["text"] == "no subagents"
    assert "sessions_list has 1 session of others" in listed["text"]
    assert "sessions_list has 1 session of others" in waited["note"]
