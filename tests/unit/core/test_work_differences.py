"""What differs from what a key was used for is told part by part, with both values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.event import Queued
from parallel_agents.core.plan import Plan, Step, on_model
from parallel_agents.core.task import OnFailure, Task, TeamTask
from parallel_agents.core.work_differences import (
    MOST_TOLD,
    Work,
    other_value,
    other_values,
    work_differences,
)
from parallel_agents.flows.plan_task import plan_task

NAMES = {"text": "text", "key": "key column"}
STEPS = tuple(Step(id=id, agent="reader", text="Read.") for id in "abcde")
INPUTS = {"type": "object", "properties": {"list": {"type": "string"}}}
PLAN = Plan(name="grants", steps=STEPS, input_schema=INPUTS)
TASK = Work(Queued(text="Write.", input={"topic": "tea"}), "writer")
TEAM = TeamTask(
    tasks=(Task("writer", "Write.", label="one"), Task("writer", "Write.", label="two"))
)


def of_plan(plan: Plan, **inputs: str) -> Work:
    return Work(Queued(text="", flow=plan_task(plan, inputs)))


def of_team(*tasks: Task) -> Work:
    return Work(Queued(text="", team=replace(TEAM, tasks=tasks)))


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        pytest.param(TASK, TASK, [], id="the same"),
        pytest.param(
            TASK,
            Work(replace(TASK.queued, text="Draw.", input={"topic": "tea", "size": 2}), "artist"),
            [
                "its agent was 'writer', and is 'artist' here",
                "its text was 'Write.', and is 'Draw.' here",
                "its input size was not given, and is 2 here",
            ],
            id="a task",
        ),
        pytest.param(
            of_plan(replace(PLAN, cache_seconds=864_000.0), list="x"),
            of_plan(PLAN, list="y"),
            [
                "its cache was 864000, and is not given here",
                "its input list was 'x', and is 'y' here",
            ],
            id="the cache and an input of a plan",
        ),
        pytest.param(
            of_plan(on_model(PLAN, "sim/drip")),
            of_plan(replace(PLAN, on_failure=OnFailure.CANCEL_SIBLINGS)),
            [
                "its model was 'sim/drip', and is not given here",
                "its on failure was not given, and is 'cancel_siblings' here",
            ],
            id="the model of a whole plan is told once",
        ),
        pytest.param(
            of_plan(PLAN),
            of_plan(replace(PLAN, steps=tuple(replace(each, text="Look.") for each in STEPS))),
            ["the text of a, b, c and 2 more was 'Read.', and is 'Look.' here"],
            id="what steps have alike is told once",
        ),
        pytest.param(
            of_plan(Plan(name="outer", steps=(Step(id="in", plan=PLAN),))),
            of_plan(
                Plan(name="outer", steps=(Step(id="in", plan=replace(PLAN, steps=STEPS[1:])),))
            ),
            ["the task in.a is not among those here"],
            id="a plan in a plan",
        ),
        pytest.param(
            of_team(*TEAM.tasks),
            of_team(TEAM.tasks[0], Task("writer", "Draw.", label="three")),
            ["the task two is not among those here", "the task three is not among those before"],
            id="the tasks of a team",
        ),
    ],
)
def test_what_differs_is_named_with_both_values(was: Work, now: Work, told: list[str]) -> None:
    assert work_differences(was, now) == told


def test_of_many_differences_the_first_are_told() -> None:
    many = replace(TASK.queued, input={f"n{number}": number for number in range(20)})

    told = work_differences(TASK, Work(many, "writer"))

    assert len(told) == MOST_TOLD + 1
    assert told[-1] == "and 16 more differences"


def test_a_field_that_is_another_one_is_told_with_both_values() -> None:
    assert other_values({"text": "a", "key": ""}, {"text": "b", "key": "id"}, NAMES) == [
        "its text was 'a', and is 'b' here",
        "its key column was not given, and is 'id' here",
    ]


def test_what_is_the_same_or_not_looked_at_is_not_told() -> None:
    assert other_values({"text": "a", "out": 1}, {"text": "a", "out": 2}, NAMES) == []


def test_long_values_are_shown_where_they_differ() -> None:
    told = other_value("its text", "a" * 10_000 + "b" * 10_000, "a" * 10_000 + "c" * 10_000)

    assert "ab" in told
    assert "ac" in told
    assert len(told) < 250
