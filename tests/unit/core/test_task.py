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
