"""Bodies: what a gateway takes of a team is sent, and what it does not take is refused before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.budget import Budget
from parallel_agents.core.gate import CommandGate
from parallel_agents.core.task import OnFailure, Task, TeamTask
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import NotAtDistance
from parallel_agents.gateway_client.bodies import NamedTeam, named_team_body, task_body, team_body

TASK = Task("writer", "Go", key="a")


def test_a_team_of_tasks_has_what_its_tasks_have() -> None:
    team = TeamTask(tasks=(TASK,), name="pair", budget=Budget(usd=1.0), min_done=1)

    body = team_body(team, "k", ("night",))

    assert body["tasks"] == [task_body(TASK)]
    assert (body["name"], body["budget_usd"], body["min_done"], body["key"]) == (
        "pair",
        1.0,
        1,
        "k",
    )


def test_a_named_team_leaves_out_what_is_not_given() -> None:
    body = named_team_body(NamedTeam(team="content", on_failure=OnFailure.STOP_NEW))

    assert body == {"team": "content", "input": {}, "tags": [], "on_failure": "stop_new"}


@pytest.mark.parametrize(
    "task",
    [
        replace(TASK, workspace=Workspace.own(".")),
        replace(TASK, gates=(CommandGate(command=("true",)),)),
    ],
    ids=["folder", "command"],
)
def test_a_team_with_a_task_that_a_gateway_does_not_take_is_refused_as_a_whole(task: Task) -> None:
    with pytest.raises(NotAtDistance):
        team_body(TeamTask(tasks=(TASK, task)), None, ())
