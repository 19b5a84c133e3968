"""Clients: each reaches its own sessions first, then those of other clients, and none of the person's."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.schema import JsonObject
from parallel_agents.session_tools.context import Requester
from parallel_agents.session_tools.faces import SCRIPTS
from tests.unit.session_tools.world import open_world

FIRST, SECOND, PERSON = (Requester(client=name) for name in ("mcp-1", "mcp-2", ""))


async def test_a_label_that_is_used_again_means_the_clients_own_session() -> None:
    async with open_world() as world:
        keys = [(await world.done(by, label="report"))["childSessionKey"] for by in (FIRST, SECOND)]
        read = [
            await world.call("sessions_history", {"sessionKey": "report"}, by)
            for by in (FIRST, SECOND)
        ]
        waited = await world.call("agents_wait", {"ids": ["report"]}, SECOND)

    assert [each["sessionKey"] for each in read] == keys
    assert waited["completed"][0]["sessionKey"] == keys[1]


async def test_a_client_reaches_what_an_earlier_one_spawned() -> None:
    async with open_world() as world:
        spawned = await world.done(FIRST, label="report")
        by_label = await world.call("sessions_history", {"sessionKey": "report"}, SECOND)
        by_run = await world.call("agents_wait", {"ids": [spawned["runId"]]}, SECOND)
        listed = await world.call("sessions_list", {}, SECOND)

    assert by_label["sessionKey"] == spawned["childSessionKey"]
    assert by_run["completed"][0]["runId"] == spawned["runId"]
    assert listed["count"] == 1


async def test_a_client_does_not_reach_the_work_of_the_person() -> None:
    async with open_world() as world:
        spawned = await world.done(PERSON, label="report")
        read = await world.call("sessions_history", {"sessionKey": "report"}, FIRST)
        by_run = await world.call("agents_wait", {"ids": [spawned["runId"]]}, FIRST)
        listed = await world.call("sessions_list", {}, FIRST)

    assert read["status"] == "forbidden"
    assert "--all-sessions" in read["error"]
    assert by_run["errors"][0]["error"] == "not_owner"
    assert listed["count"] == 0


async def test_killing_all_ends_what_the_client_spawned_alone() -> None:
    async with open_world() as world:
        live = {
            by.client: (await world.call("sessions_spawn", {"task": "x", "label": "job"}, by))
            for by in (FIRST, SECOND, PERSON)
        }
        killed = await world.call("subagents", {"action": "kill", "target": "all"}, SECOND)
        rows = await world.rig.sessions.list()

    assert killed["killed"] == 1
    ended = {row.session.key for row in rows if row.run.status.value == "killed"}
    assert ended == {live["mcp-2"]["childSessionKey"]}


async def test_all_is_not_ended_for_a_caller_that_others_may_be_too() -> None:
    shared = Requester(client="scripts", is_shared=True, face=SCRIPTS)
    async with open_world() as world:
        spawned = await world.spawn(shared, label="job")
        every = await world.call("subagents", {"action": "kill", "target": "all"}, shared)
        one = await world.call("subagents", {"action": "kill", "target": "job"}, shared)
        (result,) = await world.rig.service.results([spawned["runId"]])

    assert every["status"] == "forbidden"
    assert "PARALLEL_AGENTS_CLIENT" in every["error"]
    assert one["text"] == "killed job."
    assert result.error is not None
    assert result.error.message == "killed by user by scripts"


async def test_a_call_of_a_client_waits_no_longer_than_it_may_and_says_how_to_ask_again() -> None:
    waiting = Requester(client="mcp-1", longest_wait=1.0)
    async with open_world() as world:
        spawned = await world.call("sessions_spawn", {"task": "x", "label": "slow"}, waiting)
        asked = {"ids": ["slow"], "timeoutSeconds": 600}
        begun = asyncio.get_running_loop().time()
        waited = await world.call("agents_wait", asked, waiting)
        took = asyncio.get_running_loop().time() - begun

    assert took == 1.0
    assert waited["pending"][0]["runId"] == spawned["runId"]
    assert "wait again" in waited["note"]


@pytest.mark.parametrize(
    ("labels", "target", "meant"),
    [
        (("10", "1", "cwd"), "1", 1),
        (("10", "1", "cwd"), 1, 1),
        (("10", "cwd", "1"), "2", 1),
        (("job", "job", "other"), "job", 1),
        (("all", "x"), "all", 0),
        (("last", "x"), "last", 0),
        (("y", "x"), "last", 1),
    ],
)
async def test_a_whole_label_is_meant_before_a_number_or_a_word_and_of_several_the_newest(
    labels: tuple[str, ...], target: str | int, meant: int
) -> None:
    async with open_world() as world:
        keys: list[str] = []
        for label in labels:
            keys.append((await world.spawn(FIRST, label=label))["childSessionKey"])
            await asyncio.sleep(1)  # so that they have an order
        killed = await world.call("subagents", {"action": "kill", "target": target}, FIRST)
        ended = {row.session.key for row in await world.rig.sessions.list() if row.session.killed}

    assert killed["sessionKey"] == keys[meant]
    assert ended == {keys[meant]}


@pytest.mark.parametrize("name", ["childSessionKey", "runId", "label"])
@pytest.mark.parametrize("action", ["kill", "steer", "cancel", "wait"])
async def test_what_an_earlier_conversation_spawned_is_reached_by_its_whole_name(
    name: str, action: str
) -> None:
    async with open_world() as world:
        spawned = await world.spawn(FIRST, label="report")
        asked = {"action": action, "target": spawned[name], "message": "More.", "timeoutSeconds": 0}
        asked |= {"taskIds": [spawned[name]]} if action == "wait" else {"taskId": spawned[name]}
        reached = await world.call("subagents", asked, SECOND)
        listed = await world.call("subagents", {}, SECOND)

    assert reached["status"] in ("ok", "accepted", "cancelled")
    assert reached.get("unavailable", []) == []
    assert listed["total"] == 0


@pytest.mark.parametrize("action", ["kill", "steer"])
async def test_neither_the_work_of_the_person_nor_the_start_of_a_name_is_enough(
    action: str,
) -> None:
    async with open_world() as world:
        mine = await world.spawn(PERSON, label="report")
        theirs = await world.spawn(SECOND, label="draft")
        asked = {"action": action, "message": "More."}
        of_person, by_start = [
            await world.call("subagents", {**asked, "target": target}, FIRST)
            for target in (mine["runId"], theirs["runId"][:8])
        ]

    assert of_person["status"] == "forbidden"
    assert "--all-sessions" in of_person["error"]
    assert by_start["error"] == f"Unknown subagent target: {theirs['runId'][:8]}"


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("sessions_spawn", {"task": "x", "label": "job"}),
        ("sessions_send", {"sessionKey": "first", "message": "More.", "timeoutSeconds": 0}),
        ("sessions_send", {"sessionKey": "first", "message": "More.", "mode": "steer"}),
        ("sessions_send", {"sessionKey": "first", "message": "More.", "mode": "notify"}),
        ("subagents", {"action": "steer", "target": "first", "message": "More."}),
    ],
)
async def test_a_call_that_comes_again_under_its_key_takes_effect_once(
    tool: str, arguments: JsonObject
) -> None:
    async with open_world() as world:
        first = await world.spawn(FIRST, label="first")

        async def call(key: str) -> int:
            """How many events and sessions there are after a call of this key."""
            done = await world.call(tool, arguments, replace(FIRST, call=key))
            assert done["status"] in ("accepted", "queued")
            rows = await world.rig.sessions.list()
            keys = [SessionKey(first["childSessionKey"])]
            return len(rows) + sum([len(await world.rig.sessions.history(key)) for key in keys])

        before, after, again, other = (
            await call("a"),
            await call("b"),
            await call("b"),
            await call("c"),
        )

    assert before < after == again < other
