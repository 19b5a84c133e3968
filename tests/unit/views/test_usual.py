"""How long a run usually takes is known from at least three that were done before."""

from __future__ import annotations

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.testing import RepliesWith, open_rig
from parallel_agents.views.usual import usual, usual_of

WRITER = Agent(name="writer", description="", instructions="Write.")


def test_the_median_and_the_range_of_most() -> None:
    found = usual([float(n) for n in range(1, 21)])

    assert found is not None
    assert (found.seconds, found.low, found.high, found.runs) == (10.5, 3.0, 18.0, 20)
    assert usual([1.0, 2.0]) is None


async def test_a_team_is_compared_with_earlier_teams_of_its_name() -> None:
    model = RepliesWith(lambda _: "done", latency_seconds=60)
    async with open_rig(model, agents=[WRITER]) as rig:
        keys: list[SessionKey] = []
        for name in ("launch", "launch", "other", "launch", "launch"):
            handle = await rig.sessions.spawn_team(
                TeamTask(tasks=(Task("writer", "Go."),), name=name)
            )
            await rig.sessions.team_result(handle)
            keys.append(handle.key)
        third = await usual_of(rig.service, await rig.service.find(keys[3]))
        last = await usual_of(rig.service, await rig.service.find(keys[4]))
        rows = await rig.service.list()
        member = next(row for row in rows if row.session.parent is not None)

        assert third is None
        assert last is not None
        assert (last.runs, round(last.seconds)) == (3, 60)
        assert await usual_of(rig.service, member) is None
