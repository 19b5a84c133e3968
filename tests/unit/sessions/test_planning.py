"""The planner turns tasks into plans once, and refuses a spawn with facts, in the words of a Python caller."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget, OnLimit
from parallel_agents.core.limits import Limits
from parallel_agents.core.on_stuck import OnStuck
from parallel_agents.core.policy import Policy
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import ForkRefused, InvalidInput, PagentsError, SpawnRefused
from parallel_agents.errors.caller import SpawnBound, SpawnLimit
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith, open_rig

LEAD = Agent(
    name="lead",
    description="Leads.",
    instructions="Lead.",
    policy=Policy(spawns=("lead",), max_depth=2, max_children=1, max_total=3),
)


async def refusal(
    *spawns: tuple[str, str | None], last: Task, under: str | None = None
) -> PagentsError:
    """The error of spawning `last` after these sessions, each a label and its parent."""
    model = RepliesWith(lambda _: "Done.", latency_seconds=10)

    async with open_rig(model, agents=[LEAD]) as rig:
        for label, parent in spawns:
            await rig.sessions.spawn(Task("lead", "Go.", label=label), parent=parent)
        with pytest.raises(PagentsError) as caught:
            await rig.sessions.spawn(last, parent=under)
        assert len(await rig.sessions.list()) == len(spawns), "a refused spawn leaves no trace"
        return caught.value


async def test_a_session_at_the_greatest_depth_may_not_spawn() -> None:
    error = await refusal(
        ("top", None), ("middle", "top"), ("low", "middle"), last=Task("lead", "Go."), under="low"
    )

    assert isinstance(error, SpawnRefused)
    assert error.limit == SpawnLimit(SpawnBound.DEPTH, current=2, maximum=2)
    assert error.message.endswith("is at depth 2 and may not spawn")
    assert error.why == "the maximum depth is 2"
    assert "sessions_spawn" not in str(error)


async def test_a_session_has_no_more_live_children_than_its_policy_allows() -> None:
    error = await refusal(("top", None), ("child", "top"), last=Task("lead", "Go."), under="top")

    assert isinstance(error, SpawnRefused)
    assert error.limit == SpawnLimit(SpawnBound.CHILDREN, current=1, maximum=1)
    assert error.message.endswith("already has 1 live children")
    assert error.why == "the maximum is 1"
    assert "sessions_spawn" not in str(error)


async def test_a_fork_needs_a_parent() -> None:
    error = await refusal(last=Task("lead", "Go.", is_fork=True))

    assert isinstance(error, ForkRefused)
    assert error.message == "there is no session for lead to fork"
    assert "context=" not in error.why + error.hint


async def test_an_agent_forks_no_session_of_another_agent() -> None:
    writer = Agent(name="writer", description="Writes.", instructions="Write.")
    error = await refusal(("top", None), last=Task(writer, "Go.", is_fork=True), under="top")

    assert isinstance(error, ForkRefused)
    assert error.message == "writer cannot fork a session of lead"


def model_named(name: str) -> RepliesWith:
    return RepliesWith(lambda _: "Done.", f"scripted/{name}")


@pytest.mark.parametrize("is_team", [False, True])
async def test_the_ladder_of_an_agent_overrides_its_model_alone_and_in_a_team(
    is_team: bool,
) -> None:
    agent = Agent(
        name="climber",
        description="Climbs.",
        instructions="Climb.",
        model="scripted/top",
        ladder=("scripted/low", "scripted/top"),
    )

    async def body() -> SessionPlan:
        async with open_rig(model_named("low"), model_named("top"), agents=[agent]) as rig:
            task = Task("climber", "Go.")
            if is_team:
                return (await rig.service.plan_team(TeamTask(tasks=(task,))))[1]
            return await rig.service.plan_task(task)

    plan = await body()

    assert plan.model == "scripted/low"
    assert plan.queued.ladder == ("scripted/low", "scripted/top")


async def test_what_was_planned_is_what_is_checked_and_started() -> None:
    team = TeamTask(tasks=(Task("lead", "Go."), Task("lead", "Go on.")))

    async with open_rig(model_named("low"), agents=[LEAD]) as rig:
        plans = await rig.service.plan_team(team)
        await rig.service.check(plans)
        assert await rig.sessions.list() == [], "a check keeps nothing"
        started = await rig.service.start(plans)
        await rig.service.wait([started.run_id])
        rows = await rig.sessions.list()
        planned = [plan.session.key for plan in plans]
        started = [row.session.key for row in rows]

    assert sorted(started) == sorted(planned)


async def test_a_team_is_kept_as_it_was_asked_for() -> None:
    team = TeamTask(tasks=(Task("lead", "Go."),), name="pair")

    async with open_rig(model_named("low"), agents=[LEAD]) as rig:
        root, child = await rig.service.plan_team(team, key="monday")

    assert root.queued.team == team
    assert child.session.agent.name == "lead"
    assert child.model == "scripted/low"


@pytest.mark.parametrize(
    ("asked", "inherited"), [("scripted/high", "scripted/high"), (None, "scripted/low")]
)
async def test_a_child_runs_on_its_parents_model_only_if_that_was_asked_for(
    asked: str | None, inherited: str
) -> None:
    climber = replace(LEAD, name="climber", ladder=("scripted/middle", "scripted/high"))
    models = [model_named(name) for name in ("low", "middle", "high")]

    async with open_rig(*models, agents=[LEAD, climber]) as rig:
        parent = await rig.sessions.spawn(Task("climber", "Go.", model=asked))
        plan_task = await rig.service.plan_task(Task("lead", "Go."), parent=parent.key)

    assert plan_task.model == inherited


@pytest.mark.parametrize("value", [2**70, {1}, "\ud800"], ids=["integer", "set", "surrogate"])
async def test_a_team_whose_input_stopped_being_json_is_refused(value: Any) -> None:
    task = Task(Agent(name="writer", description="", instructions=""), "a", input={"x": [1]})
    items: Any = task.input["x"]
    items.append(value)  # after the task was checked

    async with open_rig(RepliesWith(lambda _: "Done.")) as rig:
        with pytest.raises(InvalidInput):
            await rig.sessions.spawn_team(TeamTask(tasks=(task,)))


async def test_a_child_does_at_a_limit_and_when_it_is_stuck_what_its_parents_agent_says() -> None:
    lead = replace(LEAD, on_limit=OnLimit.ASK, on_stuck=OnStuck.ASK)
    silent, says = replace(LEAD, name="silent"), replace(LEAD, name="says", on_limit=OnLimit.STOP)
    lead = replace(lead, policy=Policy(spawns=("silent", "says"), max_children=3))
    model = RepliesWith(lambda _: "Done.", latency_seconds=10)

    async with open_rig(model, agents=[lead, silent, says]) as rig:
        await rig.sessions.spawn(Task("lead", "Go.", label="top"))
        plans: dict[tuple[str, int | None], SessionPlan] = {}
        top = await rig.service.find("top")
        for name, budget in (
            ("silent", Budget(tokens=9)),
            ("says", Budget(tokens=9)),
            ("silent", Budget(tokens=8, on_limit=OnLimit.FINISH)),
        ):
            plan = await rig.service.plan_task(
                Task(name, "Go.", budget=budget), parent=top.session.key
            )
            plans[name, budget.tokens] = plan

    assert plans["silent", 9].budget.on_limit is OnLimit.ASK
    assert plans["says", 9].budget.on_limit is OnLimit.STOP
    assert plans["silent", 8].budget.on_limit is OnLimit.FINISH
    assert plans["says", 9].session.options.on_stuck is OnStuck.ASK


async def test_the_limits_of_a_session_are_settled_when_it_is_made_and_only_shrink_below_it() -> (
    None
):
    lead = replace(LEAD, limits=Limits(memory_megabytes=500, max_processes=40))
    settings = Settings(output_megabytes=7, memory_megabytes=2000)
    model = RepliesWith(lambda _: "Done.", latency_seconds=10)

    async with open_rig(model, agents=[lead], settings=settings) as rig:
        await rig.sessions.spawn(
            Task("lead", "Go.", label="top", limits=Limits(memory_megabytes=100))
        )
        more = Limits(memory_megabytes=900, max_processes=10, output_megabytes=900)
        await rig.sessions.spawn(Task("lead", "Go.", label="child", limits=more), parent="top")
        limits = {
            row.session.label: row.session.options.limits for row in await rig.sessions.list()
        }

    assert limits["top"] == Limits(memory_megabytes=100, max_processes=40, output_megabytes=7)
    assert limits["child"] == Limits(memory_megabytes=100, max_processes=10, output_megabytes=7)
