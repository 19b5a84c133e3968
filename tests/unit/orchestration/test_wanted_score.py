"""The score that a goal asks for is read by code, and never lowered by what only looks like one."""

from __future__ import annotations

import pytest

from parallel_agents.orchestration.wanted_score import wanted_score


@pytest.mark.parametrize(
    ("goal", "score"),
    [
        ("Create 5 new agents for a shop and make sure that all score 8.5 or more", 8.5),
        ("Make an agent that scores at least 9.2", 9.2),
        ("Make two agents, rated 9,5 or better", 9.5),
        ("Three agents with 9.8/10 each", 9.8),
        ("An agent with a rating of at least 9 out of 10.", 9),
        ("Agents whose score is ≥ 7", 7),
        ("Agents that score 7, and one that scores 9.4 points", 9.4),
        ("An agent with a score of 10", 10),
    ],
)
def test_the_highest_score_that_a_goal_names_is_wanted(goal: str, score: float) -> None:
    assert wanted_score(goal) == score


@pytest.mark.parametrize(
    "goal",
    [
        "Create 9 agents",
        "Score the 9 essays in the material",
        "An agent that passes 9 out of 10 cases",
        "An agent that scores 95 % of all leads",
        "Write about the score. 9 people read it",
        "An agent that scores 99 or more",
        "",
    ],
)
def test_without_one_it_is_the_usual_score(goal: str) -> None:
    assert wanted_score(goal) == 8.5
