"""A team's tasks have keys."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import InvalidInput


def test_a_team_s_tasks_have_the_keys_that_they_name_or_their_places() -> None:
    agent = Agent(name="a", description="", instructions="")
    team = TeamTask(tasks=(Task("a", "x"), Task(agent, "y", key="named"), Task("a", "z")))

    assert team.keys == ("task-1", "named", "task-3")
    assert {task.agent_name for task in team.tasks} == {"a"}
    with pytest.raises(InvalidInput, match="max_parallel"):
        TeamTask(tasks=(), max_parallel=0)


def test_a_team_without_a_name_is_called_after_its_tasks() -> None:
    tasks = (Task("writer", "x"), Task("critic", "y"), Task("writer", "z", label="third"))

    assert TeamTask(tasks=tasks, name="content").label == "content"
    assert TeamTask(tasks=tasks).label == "run: writer, critic, third"
    assert TeamTask(tasks=tasks[:1] * 3).label == "run: 3x writer"
    assert TeamTask(tasks=()).label == "run"


def test_the_label_of_a_team_of_many_tasks_stays_short() -> None:
    tasks = tuple(Task("writer", "x", label=f"part-{n}") for n in range(1000))

    label = TeamTask(tasks=tasks).label

    assert len(label) == 60
    assert label.startswith("run: part-0, part-1, ")
    assert label.endswith("…")


def test_a_text_for_a_budget_is_refused_with_what_to_write() -> None:
    with pytest.raises(InvalidInput) as caught:
        Task("writer", "Go.", budget="2")  # pyright: ignore[reportArgumentType] - what a user may do

    assert caught.value.hint == "write Budget(usd=2) or Budget(tokens=100_000)"


def test_tasks_in_a_set_are_told_to_be_in_a_list() -> None:
    with pytest.raises(TypeError, match="put tasks into a list"):
        {Task("writer", "a")}  # pyright: ignore[reportUnusedExpression] - it is wrong
