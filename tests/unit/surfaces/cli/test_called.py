"""A person is told the name that they gave a session, if it still means that session."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.task import Task
from parallel_agents.surfaces.cli.called import called
from parallel_agents.testing import Answer, RepliesWith, open_rig
from parallel_agents.views import format

WRITER = Agent("writer", instructions="Write.")


def answers(_: ModelRequest) -> Answer:
    return "Done."


@pytest.mark.parametrize(
    ("key", "label", "typed"),
    [
        ("monday", "draft", "monday"),
        ("monday", None, "monday"),
        (None, "draft", "draft"),
        ("aff2745d80724624", "draft", "draft"),
        (None, "first draft", "'first draft'"),
        (None, "taken", ""),
        (None, "-x", ""),
        (None, None, ""),
    ],
)
async def test_an_id_comes_before_a_label_and_a_label_before_the_short_id(
    key: str | None, label: str | None, typed: str
) -> None:
    async with open_rig(RepliesWith(answers)) as rig:
        handle = await rig.sessions.spawn(Task(WRITER, "Go.", key=key, label=label))
        row = await rig.service.find(handle.key)

        assert await called(rig.service, row, {"taken"}) == (typed or format.name(row))


async def test_a_label_that_two_sessions_have_names_neither() -> None:
    async with open_rig(RepliesWith(answers)) as rig:
        handles = [await rig.sessions.spawn(Task(WRITER, "Go.", label="draft")) for _ in range(2)]
        row = await rig.service.find(handles[0].key)

        assert await called(rig.service, row) == format.name(row)
