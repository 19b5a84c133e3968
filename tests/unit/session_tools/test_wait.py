"""`agents_wait` and `sessions_yield`: a case for each end of a wait, and the ids of earlier runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from parallel_agents.core.ids import RunId
from parallel_agents.core.store import Filter
from parallel_agents.session_tools.context import Requester
from tests.unit.session_tools.contract import Case, one_live, refused, rows
from tests.unit.session_tools.world import SCRIPT, World, open_world

Answers = list[Mapping[str, Any]]

WAIT = [
    Case(
        "a run and an unknown id",
        {"ids": ["$run", "ghost"], "timeoutSeconds": 60},
        {
            "completed": rows(
                1, ["runId", "sessionKey", "status", "result", "label", "usage"], status="done"
            ),
            "pending": [],
            "errors": [{"runId": "ghost", "error": "not_found"}],
            "success": False,
        },
        one_live,
    ),
    Case(
        "a wait that times out",
        {"ids": ["research"], "timeoutSeconds": 1},
        {"completed": [], "pending": rows(1, ["runId", "status"])},
        one_live,
    ),
    Case("no ids", {"ids": []}, refused("ids required")),
]


@pytest.mark.parametrize("case", WAIT, ids=str)
async def test_agents_wait(case: Case) -> None:
    await case.check("agents_wait")


YIELD = [
    Case("a script cannot yield", {"message": "x"}, refused("Yield not supported in this context")),
]


@pytest.mark.parametrize("case", YIELD, ids=str)
async def test_sessions_yield(case: Case) -> None:
    await case.check("sessions_yield")


async def twice(world: World) -> tuple[str, str]:
    """The run ids of a session whose first run has ended and whose second has not."""
    first = await world.done(mode="session", label="memory")
    more = {"sessionKey": "memory", "message": "More.", "timeoutSeconds": 0}
    second = await world.call("sessions_send", more)
    return first["runId"], second["runId"]


async def test_an_earlier_run_is_waited_for_by_its_id() -> None:
    async with open_world() as world:
        first, second = await twice(world)
        at_once = {"ids": [first], "timeoutSeconds": 0}
        early = await world.call("agents_wait", at_once)
        both = await world.call("agents_wait", {"ids": [second, first]})
        early, both = [early, both]

    assert [done["result"] for done in early["completed"]] == ["re: Write."]
    assert early["pending"] == []
    assert "errors" not in early
    assert [done["result"] for done in both["completed"]] == ["re: More.", "re: Write."]


async def test_a_live_run_is_waited_for_even_if_another_one_is_queued_behind_it() -> None:
    async with open_world() as world:
        first = await world.spawn(mode="session", label="memory")
        more = {"sessionKey": "memory", "message": "More.", "mode": "followup", "timeoutSeconds": 0}
        await world.call("sessions_send", more)
        (answer,) = [await world.call("agents_wait", {"ids": [first["runId"]]})]

    assert [done["result"] for done in answer["completed"]] == ["re: Write."]


async def test_a_session_does_not_see_a_run_of_another_tree() -> None:
    async with open_world() as world:
        first, _ = await twice(world)
        stranger = await world.requester()
        (answer,) = [await world.call("agents_wait", {"ids": [first]}, stranger)]

    assert answer["completed"] == []
    assert [error["error"] for error in answer["errors"]] == ["not_owner"]


@pytest.mark.parametrize("by_session", [False, True])
async def test_a_task_id_stays_valid_as_long_as_its_session(*, by_session: bool) -> None:
    async with open_world() as world:
        by = await world.requester() if by_session else SCRIPT
        first = await world.done(by, mode="session", label="memory", agentId="writer")
        more = {"sessionKey": "memory", "message": "More.", "timeoutSeconds": 0}
        await world.call("sessions_send", more, by)
        task = first["runId"]
        waited = await world.call(
            "subagents", {"action": "wait", "taskIds": [task], "timeoutSeconds": 0}, by
        )
        cancelled = await world.call("subagents", {"action": "cancel", "taskId": task}, by)
        rows = await world.rig.sessions.list(Filter(is_live=True))
        assert 2 in {row.run.number for row in rows}, "the live run was not meant"
        waited, cancelled = [waited, cancelled]

    assert [task["result"] for task in waited["tasks"]] == ["re: Write."]
    assert waited["unavailable"] == []
    assert cancelled["error"] == "Task is already terminal."


async def three_with_one_name(world: World) -> tuple[Requester, Mapping[str, Any]]:
    """A lead with a child `part`, beside a sibling `part` and one in another branch."""
    lead = await world.requester()
    assert lead.session is not None
    top = Requester(session=(await world.rig.service.find(lead.session)).session.key)
    inner = await world.spawn(top, agentId="lead", label="inner")
    other = await world.spawn(top, agentId="lead", label="other")
    by = Requester(session=inner["childSessionKey"], run=inner["runId"])
    elsewhere = Requester(session=other["childSessionKey"], run=other["runId"])
    await world.spawn(top, agentId="writer", label="part", task="Sibling's.")
    await world.spawn(elsewhere, agentId="writer", label="part", task="Cousin's.")
    return by, await world.spawn(by, agentId="writer", label="part", task="Own.")


async def test_a_name_means_the_own_child_before_those_of_others() -> None:
    async with open_world() as world:
        by, own = await three_with_one_name(world)
        waited = await world.call("agents_wait", {"ids": ["part"], "timeoutSeconds": 60}, by)

    assert [done["runId"] for done in waited["completed"]] == [own["runId"]]
    assert [done["result"] for done in waited["completed"]] == ["re: Own."]


async def test_a_name_means_a_sibling_before_the_rest_of_the_tree() -> None:
    async with open_world() as world:
        by, own = await three_with_one_name(world)
        lead = Requester(session=own["childSessionKey"], run=own["runId"])
        sibling = await world.spawn(by, agentId="writer", label="unique")
        waited = await world.call("agents_wait", {"ids": ["unique"], "timeoutSeconds": 60}, lead)

    assert [done["runId"] for done in waited["completed"]] == [sibling["runId"]]


async def test_a_name_that_is_equally_near_is_refused_with_the_keys() -> None:
    async with open_world() as world:
        lead = await world.requester()
        children = [
            await world.spawn(
                Requester(session=lead.session, run=RunId(run)), agentId="writer", label=label
            )
            for run, label in (("earlier", "writer"), ("later", "writer"))
        ]
        waited = await world.call("agents_wait", {"ids": ["writer"]}, lead)
        read = await world.call("sessions_history", {"sessionKey": "writer"}, lead)

    (error,) = waited["errors"]
    assert error["error"] == "ambiguous"
    for child in children:
        assert child["childSessionKey"] in error["message"]
        assert child["childSessionKey"] in read["error"]


async def test_a_label_means_the_run_that_the_caller_asked_for_last() -> None:
    async with open_world() as world:
        lead = await world.requester()
        await world.done(lead, agentId="writer", label="part", mode="session")
        more = {"sessionKey": "part", "message": "The lead's.", "timeoutSeconds": 0}
        await world.call("sessions_send", more, lead)
        key = (await world.rig.service.find("part")).session.key
        await world.rig.service.send(key, "A person's.")
        by_lead = await world.call("agents_wait", {"ids": ["part"], "timeoutSeconds": 90}, lead)
        by_person = await world.call("agents_wait", {"ids": ["part"], "timeoutSeconds": 90})

    assert "The lead's." in by_lead["completed"][0]["result"]
    assert by_person["completed"][0]["result"] == "re: A person's."
