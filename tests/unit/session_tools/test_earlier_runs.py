"""A run that was told of is had by its id, also when its session has gone on since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from parallel_agents.core.store import Filter
from tests.unit.session_tools.world import NOBODY, World, in_world

Answers = list[Mapping[str, Any]]


async def twice(world: World) -> tuple[str, str]:
    """A session of two runs, of which the first is over: their ids."""
    first = await world.done(mode="session", label="memory")
    more = {"sessionKey": "memory", "message": "More.", "timeoutSeconds": 0}
    second = await world.call("sessions_send", more)
    return first["runId"], second["runId"]


def test_an_earlier_run_is_waited_for_by_its_id() -> None:
    async def play(world: World) -> Answers:
        first, second = await twice(world)
        at_once = {"ids": [first], "timeoutSeconds": 0}
        early = await world.call("agents_wait", at_once)
        both = await world.call("agents_wait", {"ids": [second, first]})
        return [early, both]

    early, both = in_world(play)

    assert [done["result"] for done in early["completed"]] == ["re: Write."]
    assert early["pending"] == []
    assert "errors" not in early
    assert [done["result"] for done in both["completed"]] == ["re: More.", "re: Write."]


def test_a_run_that_has_not_ended_is_waited_for_though_another_waits_behind_it() -> None:
    async def play(world: World) -> Answers:
        first = await world.spawn(mode="session", label="memory")
        more = {"sessionKey": "memory", "message": "More.", "mode": "followup", "timeoutSeconds": 0}
        await world.call("sessions_send", more)
        return [await world.call("agents_wait", {"ids": [first["runId"]]})]

    (told,) = in_world(play)

    assert [done["result"] for done in told["completed"]] == ["re: Write."]


def test_a_session_is_told_no_run_of_another_tree() -> None:
    async def play(world: World) -> Answers:
        first, _ = await twice(world)
        stranger = await world.requester()
        return [await world.call("agents_wait", {"ids": [first]}, stranger)]

    (told,) = in_world(play)

    assert told["completed"] == []
    assert [error["error"] for error in told["errors"]] == ["not_owner"]


@pytest.mark.parametrize("by_session", [False, True])
def test_a_task_id_is_good_for_as_long_as_its_session(*, by_session: bool) -> None:
    async def play(world: World) -> Answers:
        by = await world.requester() if by_session else NOBODY
        first = await world.done(by, mode="session", label="memory", agentId="writer")
        more = {"sessionKey": "memory", "message": "More.", "timeoutSeconds": 0}
        await world.call("sessions_send", more, by)
        task = first["runId"]
        waited = await world.call(
            "subagents", {"action": "wait", "taskIds": [task], "timeoutSeconds": 0}, by
        )
        cancelled = await world.call("subagents", {"action": "cancel", "taskId": task}, by)
        rows = await world.rig.sessions.list(Filter(is_live=True))
        assert 2 in {row.run.number for row in rows}, "the run that goes on was not meant"
        return [waited, cancelled]

    waited, cancelled = in_world(play)

    assert [done["result"] for done in waited["completed"]] == ["re: Write."]
    assert waited["unavailable"] == []
    assert cancelled["error"] == "Task is already terminal."
