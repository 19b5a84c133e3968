"""Every wait ends: by a message, within the run's own time, or before it would never end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from itertools import product

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import SteerMode
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Role, ToolCall
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import AuthFailed
from parallel_agents.testing import Answer, RepliesWith, open_rig

MINUTE = Limits(timeout_seconds=60)
LEAD = Agent(
    name="lead",
    description="Leads.",
    instructions="Lead.",
    policy=Policy(spawns=("worker",)),
    limits=MINUTE,
)
WORKER = Agent(
    name="worker",
    description="Works.",
    instructions="Work.",
    tools=("sessions_yield", "agents_wait"),
    limits=MINUTE,
)


def turn_of(request: ModelRequest) -> int:
    return sum(message.role is Role.ASSISTANT for message in request.messages)


def told(request: ModelRequest) -> str:
    """All that the model has been told since its task."""
    return str(request.messages[1:])


def calls(tool: str, arguments: Mapping[str, Json]) -> ToolCall:
    return ToolCall(f"call-{tool}", tool, dict(arguments))


Script = Callable[[ModelRequest], Answer]


def team_of(lead: Script, worker: Script) -> RepliesWith:
    """A model that answers each agent by its script; a call takes a second."""
    return RepliesWith(
        lambda request: (lead if request.system.startswith("Lead.") else worker)(request),
        latency_seconds=1,
    )


def spawn_then(then: Answer) -> Script:
    def reply(request: ModelRequest) -> Answer:
        spawn = calls("sessions_spawn", {"agentId": "worker", "task": "x", "label": "kid"})
        return [spawn, then, "final"][min(turn_of(request), 2)]

    return reply


async def test_a_wait_for_a_message_that_never_comes_ends_with_the_run_s_own_time() -> None:
    wait = calls("sessions_yield", {"waitFor": "message"})
    model = team_of(spawn_then("final"), lambda r: "ok" if turn_of(r) else wait)

    async with open_rig(model, agents=[LEAD, WORKER]) as rig:
        lead = await rig.sessions.spawn(Task("lead", "go"))
        result = await lead.wait(timeout=600)
        statuses = {row.session.label: row.run.status for row in await rig.sessions.list()}

    assert result.status is RunStatus.DONE
    assert RunStatus.TIMED_OUT in statuses.values()


WAYS: dict[str, Answer] = {
    "sessions_yield": calls("sessions_yield", {}),
    "sessions_yield for a message": calls("sessions_yield", {"waitFor": "message"}),
    "agents_wait": calls("agents_wait", {"ids": ["kid"], "timeoutSeconds": 3000}),
    "subagents": calls("subagents", {"action": "wait", "timeoutSeconds": 3000}),
    "sessions_send": calls(
        "sessions_send", {"label": "kid", "message": "hurry", "timeoutSeconds": 3000}
    ),
    "its answer": "final",
}


@pytest.mark.parametrize("mode", [SteerMode.NEXT, SteerMode.NOW])
@pytest.mark.parametrize("way", WAYS)
async def test_a_lead_that_waits_hears_a_message_at_once(way: str, mode: SteerMode) -> None:
    heard_at: list[float] = []
    loop = asyncio.get_running_loop()
    script = spawn_then(WAYS[way])

    def lead(request: ModelRequest) -> Answer:
        if "STOP" in told(request):
            heard_at.append(loop.time())
        return script(request)

    model = team_of(lead, lambda _: calls("sessions_yield", {"waitFor": "message"}))
    async with open_rig(model, agents=[LEAD, WORKER]) as rig:
        session = await rig.sessions.spawn(Task("lead", "go"))
        await asyncio.sleep(10)
        await session.steer("STOP waiting", mode=mode)
        await session.wait(timeout=3000)

    assert heard_at[0] - 10 <= 1


RULES = ("all", "any", "first_done")


@pytest.mark.parametrize("rules", list(product(RULES, RULES)), ids="-".join)
async def test_two_that_wait_for_each_other_are_told_so(rules: tuple[str, str]) -> None:
    answers: list[str] = []

    def work(request: ModelRequest) -> Answer:
        other = "b" if request.messages[0].text == "a" else "a"
        if turn_of(request):
            answers.append(told(request))
            return "done"
        until = rules["ab".index(other)]
        return calls("agents_wait", {"ids": [other], "until": until, "timeoutSeconds": 50_000})

    tasks = tuple(Task("worker", name, label=name) for name in "ab")
    async with open_rig(team_of(work, work), agents=[WORKER]) as rig:
        handle = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        result = await rig.sessions.team_result(handle)

    assert result.is_done
    assert result.seconds < 60
    assert sum("wait for ever" in answer for answer in answers) == 1


@pytest.mark.parametrize("until", ["any", "first_done"])
async def test_who_waits_for_one_of_two_is_told_only_if_neither_can_end(until: str) -> None:
    waits = {"a": ["b", "c"], "b": ["a"], "c": ["a"]}
    told_so: set[str] = set()

    def work(request: ModelRequest) -> Answer:
        me = request.messages[0].text
        if turn_of(request):
            told_so.update({me} if "wait for ever" in told(request) else ())
            return "done"
        rule = until if me == "a" else "all"
        return calls("agents_wait", {"ids": waits[me], "until": rule, "timeoutSeconds": 50_000})

    tasks = tuple(Task("worker", name, label=name) for name in "abc")
    async with open_rig(team_of(work, work), agents=[WORKER]) as rig:
        handle = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        result = await rig.sessions.team_result(handle)

    assert result.seconds < 60
    assert len(told_so) == 1


async def test_who_waits_for_the_first_to_be_done_is_told_once_only_its_waiter_is_left() -> None:
    told_so: set[str] = set()

    def work(request: ModelRequest) -> Answer:
        me = request.messages[0].text
        if me == "failing":
            return calls("agents_wait", {"ids": []}) if not turn_of(request) else AuthFailed("no")
        if turn_of(request):
            told_so.update({me} if "wait for ever" in told(request) else ())
            return "done"
        ids: list[Json] = ["failing", "b"] if me == "a" else ["a"]
        rule = "first_done" if me == "a" else "all"
        return calls("agents_wait", {"ids": ids, "until": rule, "timeoutSeconds": 50_000})

    tasks = tuple(Task("worker", name, label=name) for name in ("failing", "a", "b"))
    async with open_rig(team_of(work, work), agents=[WORKER]) as rig:
        handle = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        result = await rig.sessions.team_result(handle)

    assert result.seconds < 60
    assert told_so == {"a"}


async def test_a_child_does_not_wait_for_its_parent() -> None:
    answers: list[str] = []

    def work(request: ModelRequest) -> Answer:
        if turn_of(request):
            answers.append(told(request))
            return "done"
        return calls("agents_wait", {"ids": ["boss"], "timeoutSeconds": 50_000})

    async with open_rig(team_of(spawn_then("final"), work), agents=[LEAD, WORKER]) as rig:
        handle = await rig.sessions.spawn(Task("lead", "go", label="boss"))
        result = await handle.wait(timeout=600)

    assert result.status is RunStatus.DONE
    assert "wait for ever" in answers[0]
