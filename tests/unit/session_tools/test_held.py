"""Held: a client's wait returns once only a person's answer could end it, and says what they are asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Finish, ModelReply, ModelRequest
from parallel_agents.core.permission import Permissions
from parallel_agents.core.question import Answer
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.session_tools.context import Requester
from parallel_agents.testing import RepliesWith, Rig, open_rig
from parallel_agents.tools.function import tool

CLIENT = Requester(client="mcp-1")
NEEDS = {"approval": 1}
ASKS = "asks you: say tea"


@tool(access="write", subject="word")
def say(word: str) -> None:
    """Say a word."""


ASKER = Agent(
    name="asker",
    description="A",
    instructions="A.",
    tools=("say",),
    permissions=Permissions(ask=("say",)),
)
WORKER = Agent(name="worker", description="W", instructions="W.")


def reply(request: ModelRequest) -> str | ModelReply:
    if not request.tools or request.messages[-1].role is Role.TOOL:
        return "done"
    call = Message(Role.ASSISTANT, (ToolCall("1", "say", {"word": "tea"}),))
    return ModelReply(message=call, model="m", finish=Finish.TOOLS)


@asynccontextmanager
async def opened() -> AsyncGenerator[Rig]:
    """Each call of the model takes ten seconds."""
    model = RepliesWith(reply, latency_seconds=10)
    async with open_rig(model, agents=[ASKER, WORKER], tools=[say]) as rig:
        yield rig


async def call(
    rig: Rig, name: str, arguments: Mapping[str, Json], by: Requester = CLIENT
) -> Mapping[str, Any]:
    return await rig.session_tools.call(name, arguments, by)


async def spawn(rig: Rig, agent: str) -> str:
    asked = {"task": "x", "agentId": agent, "label": f"the {agent}"}
    spawned = await call(rig, "sessions_spawn", asked)
    assert spawned["status"] == "accepted"
    return str(spawned["runId"])


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("tool_name", "arguments", "rows"),
    [
        ("agents_wait", {"ids": ["the asker"], "timeoutSeconds": 600}, "pending"),
        ("subagents", {"action": "wait", "timeoutSeconds": 600}, "tasks"),
    ],
)
async def test_a_wait_ends_when_the_run_asks_and_not_at_its_time(
    tool_name: str, arguments: dict[str, Json], rows: str
) -> None:
    async with opened() as rig:
        run = await spawn(rig, "asker")
        begun = now()
        waited = await call(rig, tool_name, arguments)
        took = now() - begun
        again = await call(rig, tool_name, arguments)
        (question,) = await rig.sessions.questions()
        await rig.service.answer(question.id, Answer(allow=True))
        ended = await call(rig, tool_name, arguments)

    assert 10 <= took < 60
    for each in (waited, again):
        (row,) = each[rows]
        assert (row["needs"], row["asks"]) == (NEEDS, ASKS)
        assert "`pagents answer" in each["note"]
    assert run in str(ended["completed"])


async def test_a_wait_goes_on_while_another_run_of_it_can_still_end() -> None:
    async with opened() as rig:
        await spawn(rig, "asker")
        await asyncio.sleep(11)
        await spawn(rig, "worker")
        begun = now()
        asked = {"ids": ["the asker", "the worker"], "timeoutSeconds": 600}
        waited = await call(rig, "agents_wait", asked)
        took = now() - begun

    assert took == pytest.approx(10, abs=1)
    assert [each["label"] for each in waited["completed"]] == ["the worker"]
    assert [each["asks"] for each in waited["pending"]] == [ASKS]


async def test_a_team_is_held_by_the_task_that_asks_once_the_others_have_ended() -> None:
    async with opened() as rig:
        team = TeamTask(name="pair", tasks=(Task("asker", "a"), Task("worker", "b")))
        await rig.service.spawn_team(team, key="pair")
        person = Requester()
        asked = {"ids": ["pair"], "timeoutSeconds": 600}
        waited = await call(rig, "agents_wait", asked, person)

    (row,) = waited["pending"]
    assert row["needs"] == NEEDS


@pytest.mark.parametrize(
    ("tool_name", "arguments"),
    [("session_status", {"sessionKey": "the asker"}), ("sessions_list", {}), ("subagents", {})],
)
async def test_every_tool_says_what_a_person_is_asked(
    tool_name: str, arguments: dict[str, Json]
) -> None:
    async with opened() as rig:
        await spawn(rig, "asker")
        await asyncio.sleep(11)
        answer = await call(rig, tool_name, arguments)

    assert ASKS in str(answer)
    assert str(NEEDS) in str(answer)
