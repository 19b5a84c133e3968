"""Program reads: rows and costs of whole trees, as lists of the command line have them."""

from __future__ import annotations

from parallel_agents.core.agent import Agent
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.usage import Spend
from parallel_agents.errors import ModelRefused
from parallel_agents.testing import RepliesWith, ScriptedModel, open_rig

WRITER = Agent("writer", instructions="Write.")


async def test_a_row_costs_what_all_runs_of_its_session_and_everything_below_it_do() -> None:
    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER]) as rig:
        team = await rig.sessions.spawn_team(
            TeamTask(tasks=(Task("writer", "one"), Task("writer", "two", label="b"))), key="t"
        )
        await team.wait()
        alone = await rig.sessions.spawn(Task("writer", "three"))
        await alone.wait()
        await alone.send("four")
        await alone.wait()
        rows = {row.session.key: row for row in await rig.sessions.list(Filter(roots_only=True))}
        of_team = await rig.sessions.costs(team)
        every = await rig.sessions.costs()

    found = [rows[key].total_spend for key in (team.key, alone.key)]
    assert [None if spend is None else spend.calls for spend in found] == [2, 2]
    assert rows[team.key].run.spend.calls == 0
    assert rows[alone.key].run.spend.calls == 1
    assert sum((each.spend for each in of_team), Spend()) == rows[team.key].total_spend
    assert sum(each.spend.calls for each in every) == 4


async def test_costs_have_one_row_for_each_agent_model_day_and_tags() -> None:
    model = ScriptedModel(["done", ModelRefused("no"), "done"])
    async with open_rig(model, agents=[WRITER]) as rig:
        for tags in ((), (), ("a",)):
            await (await rig.sessions.spawn(Task("writer", "x", tags=tags))).wait()
        every = await rig.sessions.costs()

    assert sorted((cost.tags, cost.ended, cost.accepted) for cost in every) == [
        ((), 2, 1),
        (("a",), 1, 1),
    ]
