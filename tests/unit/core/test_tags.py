"""Tags: what may be one, and who has them."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.filter import Filter
from parallel_agents.core.tags import MOST_TAGS, check_tags
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import InvalidInput
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith, open_rig

WRITER = Agent(name="writer", description="", instructions="Write.")


def test_each_tag_counts_once_in_order() -> None:
    assert check_tags(["nightly", "customer/acme", "nightly"]) == ("nightly", "customer/acme")


@pytest.mark.parametrize("tag", ["", "a b", "a,b", "a:b", "-a", "x" * 65, "a\n", "a\x1b[1m"])
def test_what_could_not_be_written_in_a_filter_is_no_tag(tag: str) -> None:
    with pytest.raises(InvalidInput):
        check_tags([tag])


def test_work_has_only_so_many_tags() -> None:
    with pytest.raises(InvalidInput, match="tags"):
        check_tags(f"t{number}" for number in range(MOST_TAGS + 1))


async def test_a_session_has_the_tags_of_the_settings_and_of_its_task_and_so_has_its_child() -> (
    None
):
    settings = Settings(tags=("nightly",))
    async with open_rig(RepliesWith(lambda _: "Yes."), agents=[WRITER], settings=settings) as rig:
        parent = await rig.sessions.spawn(Task("writer", "Go.", tags=("acme",)))
        child = await rig.sessions.spawn(Task("writer", "Go."), parent=parent)
        other = await rig.sessions.spawn(Task("writer", "Go."))
        for each in (parent, child, other):
            await each.wait()

        tagged = {row.session.key for row in await rig.store.rows(Filter(tags=("acme",)))}
        costs = await rig.store.costs(tag="acme")

        assert tagged == {parent.key, child.key}
        assert await rig.store.count_rows(Filter(tags=("nightly", "acme"))) == 3
        assert await rig.store.count_rows(Filter(tags=("night",))) == 0
        assert sum(cost.ended for cost in costs) == 2
        assert {cost.tags for cost in costs} == {("nightly", "acme")}


async def test_the_tasks_of_a_team_have_its_tags_and_their_own() -> None:
    async with open_rig(RepliesWith(lambda _: "Yes."), agents=[WRITER]) as rig:
        tasks = (Task("writer", "Go.", tags=("own",)), Task("writer", "Go."))
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks), tags=["acme"])
        await rig.sessions.team_result(team)

        costs = await rig.store.costs(tag="acme")

    assert {cost.tags for cost in costs if cost.agent == "writer"} == {("acme", "own"), ("acme",)}
