"""A profile is for those that it is given to: a child never gains rights, and nobody has one by accident."""

from __future__ import annotations

import pytest

import parallel_agents as pa
from parallel_agents.core.profile import read_profile
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import Task
from parallel_agents.errors import ConfigError, ProfileRefused
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith, open_rig

DEPLOY: JsonObject = {"env": {"TOKEN": "env:TOKEN", "OTHER": "cmd:pass show x"}, "pass_env": ["A"]}
SETTINGS = Settings(
    profiles={
        "deploy": DEPLOY,
        "less": {"env": {"TOKEN": "env:TOKEN"}},
        "other": {"env": {"TOKEN": "env:OTHER_TOKEN"}},
        "more": {"env": {"TOKEN": "env:TOKEN"}, "pass_env": ["B"]},
    }
)


def agent(name: str, profile: str = "") -> pa.Agent:
    return pa.Agent(name=name, description="Works.", instructions="Work.", profile=profile)


async def spawn_below(above: str, below: str) -> None:
    model = RepliesWith(lambda _: "done")
    async with open_rig(
        model, agents=[agent("parent", above), agent("child", below)], settings=SETTINGS
    ) as rig:
        parent = await rig.sessions.spawn(Task("parent", "go"))
        await rig.sessions.spawn(Task("child", "go"), parent=parent)


@pytest.mark.parametrize(
    ("above", "below"),
    [("", ""), ("deploy", ""), ("deploy", "deploy"), ("deploy", "less"), ("more", "less")],
)
async def test_a_child_may_have_less_than_its_parent(above: str, below: str) -> None:
    await spawn_below(above, below)


@pytest.mark.parametrize(
    ("above", "below"),
    [("", "less"), ("less", "deploy"), ("deploy", "other"), ("deploy", "more"), ("other", "less")],
)
async def test_a_child_may_not_have_what_its_parent_has_not(above: str, below: str) -> None:
    with pytest.raises(ProfileRefused, match=f"child may not have the profile {below}"):
        await spawn_below(above, below)


async def test_a_profile_that_is_not_there_is_refused_before_anything_runs() -> None:
    with pytest.raises(ConfigError, match="there is no profile 'deplyo'") as error:
        await spawn_below("deplyo", "")

    assert error.value.hint == "did you mean 'deploy'?"


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"environment": {}}, "no field 'environment'"),
        ({"env": ["A"]}, "env must be a table"),
        ({"env": {"A B": "x"}}, "is not the name of a variable"),
        ({"env": {"A": 1}}, "env.A must be text"),
        ({"env": {"A": "a\0b"}}, "env.A must be text"),
        ({"env": {"A": "file:relative"}}, "begins with / or ~/"),
        ({"env": {"A": "ghp_9fK2mQ7xVb3Rt6Yu8Io"}}, "env.A has a key itself"),
        ({"pass_env": "A"}, "pass_env must be a list"),
        ({"pass_env": ["A=B"]}, "is not the name of a variable"),
    ],
)
def test_a_wrong_profile_is_refused_without_its_values(table: JsonObject, words: str) -> None:
    with pytest.raises(ValueError, match=words) as error:
        read_profile("deploy", table)

    assert "9fK2mQ7x" not in str(error.value)
