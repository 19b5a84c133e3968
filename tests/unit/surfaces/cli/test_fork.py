"""What `fork NAME` proposes is not refused: a copy of a folder is named where the fork needs one."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.filter import Filter
from parallel_agents.core.message import Role, ToolCall
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.task import Task
from parallel_agents.core.workspace import Workspace
from parallel_agents.surfaces.cli.fork import fork_hints
from parallel_agents.testing import Answer, RepliesWith, open_rig

CLERK = Agent(name="clerk", description="Doubles", instructions="Double.", tools=("double",))


def double(number: int) -> int:
    """Double a number."""
    return 2 * number


def calls_twice(request: ModelRequest) -> Answer:
    if request.messages[-1].role is Role.USER:
        return (ToolCall("c", "double", {"number": 1}), ToolCall("d", "double", {"number": 2}))
    return "done"


@pytest.mark.parametrize(
    ("workspace", "folder"),
    [
        (None, []),
        (Workspace.own("/my project"), ["--workspace", "/my project"]),
        (Workspace.own(), ["--workspace", "DIR"]),
    ],
)
async def test_what_is_proposed_names_a_folder_if_replies_may_have_changed_the_copy(
    workspace: Workspace | None, folder: list[str]
) -> None:
    async with open_rig(RepliesWith(calls_twice), agents=[CLERK], tools=[double]) as rig:
        handle = await rig.sessions.spawn(Task("clerk", "Go.", label="mine"))
        await handle.wait()
        (row,) = await rig.sessions.list(Filter(session=handle.key))
        events = await rig.sessions.history(handle.key)
    options = replace(row.session.options, workspace=workspace)

    hints = list(
        fork_hints(replace(row.session, options=options), "mine", events, is_distant=False)
    )

    commands = [shlex.split(hint.partition(": ")[2]) for hint in hints]
    assert commands == [
        ["pagents", "fork", "mine", "TEXT", "--at", "2", *folder],
        ["pagents", "fork", "mine", "--at", "2", "-m", "MODEL", *folder],
        ["pagents", "fork", "mine", "--at", "1", "--call", "1", "--result", "TEXT", *folder],
    ]


async def test_to_a_gateway_only_forks_are_proposed_that_need_no_folder() -> None:
    async with open_rig(RepliesWith(calls_twice), agents=[CLERK], tools=[double]) as rig:
        handle = await rig.sessions.spawn(Task("clerk", "Go.", label="mine"))
        await handle.wait()
        (row,) = await rig.sessions.list(Filter(session=handle.key))
        events = await rig.sessions.history(handle.key)
    options = replace(row.session.options, workspace=Workspace.own("/p"))
    session = replace(row.session, options=options)

    told = list(fork_hints(session, "mine", events, is_distant=True))

    assert [hint.partition(": ")[2].strip() for hint in told] == [
        'pagents fork mine "TEXT" --at 0',
        "pagents fork mine --at 1 -m MODEL",
    ]
