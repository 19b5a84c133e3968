"""Agents that share values: none is lost, none is written twice, and every wait ends."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import ToolCall, ToolResult
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, RepliesWith, ScriptedModel, open_rig

TOOLS = (
    "state_get",
    "state_list",
    "state_set",
    "state_compare_and_set",
    "state_append",
    "state_delete",
    "state_wait_for",
)
AGENT = Agent(name="sharer", description="Shares", instructions="Share.", tools=TOOLS)


def told(request: ModelRequest) -> list[ToolResult]:
    return [part for part in request.messages[-1].parts if isinstance(part, ToolResult)]


def answers(request: ModelRequest) -> list[JsonObject]:
    return [orjson.loads(result.content) for result in told(request)]


async def made(*calls: tuple[str, JsonObject]) -> list[JsonObject]:
    """What an agent is told of calls that it makes one after the other."""
    script: list[Answer] = [
        ToolCall(str(number), name, arguments) for number, (name, arguments) in enumerate(calls)
    ]
    model = ScriptedModel([*script, "done"])
    async with open_rig(model, agents=[AGENT]) as rig:
        await (await rig.sessions.spawn(Task("sharer", "go"))).wait()
    return [answers(request)[0] for request in model.requests[1:]]


async def refused(name: str, arguments: JsonObject) -> str:
    model = ScriptedModel([ToolCall("1", name, arguments), "done"])
    async with open_rig(model, agents=[AGENT]) as rig:
        await (await rig.sessions.spawn(Task("sharer", "go"))).wait()
    (result,) = told(model.requests[-1])
    assert result.is_error
    return result.content


async def test_a_removed_value_is_none_and_its_versions_do_not_come_again() -> None:
    _, _, gone, none, again, old, free, wrong, right = await made(
        ("state_set", {"key": "plan", "value": "a"}),
        ("state_set", {"key": "plan", "value": "b"}),
        ("state_delete", {"key": "plan"}),
        ("state_get", {"key": "plan"}),
        ("state_delete", {"key": "plan"}),
        ("state_compare_and_set", {"key": "plan", "value": "c", "version": 2}),
        ("state_compare_and_set", {"key": "plan", "value": "d", "version": 0}),
        ("state_delete", {"key": "plan", "version": 2}),
        ("state_delete", {"key": "plan", "version": 3}),
    )

    assert gone == {"key": "plan", "deleted": True, "version": 2}
    assert none == {"key": "plan", "value": None, "version": 0}
    assert again == {**none, "deleted": False, "note": "it has no value"}
    assert (old["written"], old["version"]) == (False, 0)
    assert free == {"key": "plan", "written": True, "version": 3}
    assert (wrong["deleted"], wrong["value"], wrong["version"]) == (False, "d", 3)
    assert right == {"key": "plan", "deleted": True, "version": 3}


async def test_a_value_is_read_as_it_was_set() -> None:
    before, written, after, keys = await made(
        ("state_get", {"key": "plan"}),
        ("state_set", {"key": "plan", "value": {"steps": ["tea"]}}),
        ("state_get", {"key": "plan"}),
        ("state_list", {}),
    )

    assert before == {"key": "plan", "value": None, "version": 0}
    assert written == {"key": "plan", "written": True, "version": 1}
    assert (after["value"], after["version"]) == ({"steps": ["tea"]}, 1)
    assert keys == {"keys": {"plan": 1}}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("done", "done"),
        ("[1, 2]", [1, 2]),
        ('{"a": 1}', {"a": 1}),
        ("5", 5),
        (" -1.5 ", -1.5),
        ("1.10", "1.10"),
        ("12345678901234567890123", "12345678901234567890123"),
        ("NaN", "NaN"),
        (None, None),
        (5, 5),
        ("null", None),
        ('"5"', "5"),
        (True, True),
    ],
)
async def test_a_value_may_be_passed_as_the_text_of_its_json(given: Json, kept: Json) -> None:
    _, read = await made(("state_set", {"key": "a", "value": given}), ("state_get", {"key": "a"}))

    assert read["value"] == kept


async def test_who_was_slower_is_told_what_the_value_is_now() -> None:
    _, slower, again = await made(
        ("state_set", {"key": "n", "value": 7}),
        ("state_compare_and_set", {"key": "n", "value": 1, "version": 0}),
        ("state_compare_and_set", {"key": "n", "value": 8, "version": 1}),
    )

    assert (slower["written"], slower["value"], slower["version"]) == (False, 7, 1)
    assert again == {"key": "n", "written": True, "version": 2}


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("state_set", {"key": "a b", "value": 1}, "not a key"),
        ("state_get", {"key": "/"}, "not a key"),
        ("state_set", {"key": "a", "value": "x" * 70_000}, "artifact_put"),
        ("state_set", {"key": "a", "value": "[12345678901234567890123]"}, "64-bit"),
        ("state_wait_for", {"key": "a", "condition": "value ="}, "not a condition"),
        ("state_wait_for", {"key": "a", "condition": "valeu == 3"}, "reads 'valeu'"),
        ("state_wait_for", {"key": "a", "condition": "__import__('os')"}, "not a condition"),
        ("state_wait_for", {"key": "a", "timeout_seconds": 1e9}, "timeout_seconds"),
    ],
)
async def test_what_cannot_be_done_is_told_in_words_for_a_model(
    name: str, arguments: JsonObject, says: str
) -> None:
    text = await refused(name, arguments)

    assert says in text
    assert "InvalidInput" not in text


def next_increment(request: ModelRequest) -> Answer:
    """A model that adds 1 to a counter, however often others are faster."""
    if not told(request):
        return ToolCall("get", "state_get", {"key": "counter"})
    (last,) = answers(request)
    if last.get("written"):
        return "added"
    number, version = last["value"] or 0, last["version"]
    assert isinstance(number, int)
    arguments = {"key": "counter", "value": number + 1, "version": version}
    return ToolCall("add", "state_compare_and_set", arguments)


async def test_agents_that_count_lose_no_step() -> None:
    patient = replace(AGENT, limits=Limits(max_turns=100))
    settings = Settings(max_parallel=30)
    async with open_rig(RepliesWith(next_increment), agents=[patient], settings=settings) as rig:
        team = TeamTask(tasks=tuple(Task("sharer", f"Add, {n}") for n in range(30)))
        handle = await rig.sessions.spawn_team(team)
        result = await rig.sessions.team_result(handle)
        counter = await (await rig.sessions.state(handle)).get("counter")

    assert result.status is RunStatus.DONE
    assert counter is not None
    assert (counter.value, counter.version) == (30, 30)


async def test_items_of_many_agents_are_all_in_the_list() -> None:
    def answer(request: ModelRequest) -> Answer:
        item = request.messages[0].text
        return (
            "done" if told(request) else ToolCall("1", "state_append", {"key": "l", "item": item})
        )

    async with open_rig(RepliesWith(answer), agents=[AGENT]) as rig:
        tasks = tuple(Task("sharer", f"item {n}") for n in range(40))
        handle = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        await rig.sessions.team_result(handle)
        found = await (await rig.sessions.state(handle)).get("l")

    assert found is not None
    assert isinstance(found.value, list)
    assert sorted(map(str, found.value)) == sorted(f"item {n}" for n in range(40))


def waiting_for(key: str, **more: Json) -> ToolCall:
    return ToolCall("wait", "state_wait_for", {"key": key, **more})


async def finished(
    scripts: Mapping[str, Sequence[Answer]], *, max_parallel: int = 16
) -> dict[str, list[JsonObject]]:
    """A team of which each task follows its script; what each was told of its calls."""
    left = {name: list(script) for name, script in scripts.items()}
    heard: dict[str, list[JsonObject]] = {name: [] for name in scripts}

    def answer(request: ModelRequest) -> Answer:
        name = request.messages[0].text
        heard[name] += answers(request)
        return left[name].pop(0)

    settings = Settings(max_parallel=max_parallel)
    async with open_rig(RepliesWith(answer), agents=[AGENT], settings=settings) as rig:
        tasks = tuple(Task("sharer", name) for name in scripts)
        handle = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        result = await rig.sessions.team_result(handle)
    assert result.status is RunStatus.DONE
    return heard


async def test_who_waits_holds_no_slot_of_who_would_set_the_value() -> None:
    setting = ToolCall("set", "state_set", {"key": "go", "value": "now"})

    heard = await finished(
        {
            "a": [waiting_for("go"), "done"],
            "b": [waiting_for("go"), "done"],
            "c": [setting, "done"],
        },
        max_parallel=1,
    )

    assert [each["met"] for each in (*heard["a"], *heard["b"])] == [True, True]
    assert heard["a"][0]["value"] == "now"


async def test_two_who_wait_for_each_other_are_told_when_their_time_is_over() -> None:
    began = asyncio.get_running_loop().time()

    heard = await finished(
        {
            "a": [waiting_for("of-b", timeout_seconds=30), "done"],
            "b": [waiting_for("of-a", timeout_seconds=40), "done"],
        }
    )

    assert asyncio.get_running_loop().time() - began < 60
    assert [each["met"] for each in (*heard["a"], *heard["b"])] == [False, False]
    assert "not in 30 s" in str(heard["a"][0]["note"])


async def test_a_condition_is_waited_for_and_other_versions_pass() -> None:
    appends = [ToolCall(str(n), "state_append", {"key": "log", "item": n}) for n in range(3)]

    heard = await finished(
        {"a": [waiting_for("log", condition="len(value) == 3"), "done"], "b": [*appends, "done"]}
    )

    assert (heard["a"][0]["value"], heard["a"][0]["version"]) == ([0, 1, 2], 3)


async def test_a_version_that_is_known_is_not_waited_for() -> None:
    first = ToolCall("1", "state_set", {"key": "k", "value": "old"})
    second = ToolCall("2", "state_set", {"key": "k", "value": "new"})

    heard = await finished(
        {
            "a": [waiting_for("k", after=1), "done"],
            "b": [
                first,
                ToolCall("x", "state_wait_for", {"key": "never", "timeout_seconds": 5}),
                second,
                "done",
            ],
        }
    )

    assert heard["a"][0]["value"] == "new"


async def test_a_message_ends_the_wait() -> None:
    model = ScriptedModel([waiting_for("never", timeout_seconds=3000), "done"])
    async with open_rig(model, agents=[AGENT]) as rig:
        handle = await rig.sessions.spawn(Task("sharer", "go"))
        await asyncio.sleep(20)
        await handle.steer("It will not come.")
        await handle.wait()

    (answer,) = (orjson.loads(p.content) for p in told_in(model.requests[-1]))
    assert answer["met"] is False
    assert "message" in answer["note"]


def told_in(request: ModelRequest) -> list[ToolResult]:
    parts = [part for message in request.messages for part in message.parts]
    return [part for part in parts if isinstance(part, ToolResult)]


async def test_the_time_limit_of_the_run_ends_the_wait() -> None:
    model = ScriptedModel([waiting_for("never", timeout_seconds=3000)])
    async with open_rig(model, agents=[AGENT]) as rig:
        limits = Limits(timeout_seconds=100)
        result = await (await rig.sessions.spawn(Task("sharer", "go", limits=limits))).wait()

    assert result.status is RunStatus.TIMED_OUT


async def test_a_person_sets_what_an_agent_waits_for() -> None:
    model = ScriptedModel([waiting_for("approved"), "done"])
    async with open_rig(model, agents=[AGENT]) as rig:
        handle = await rig.sessions.spawn(Task("sharer", "go"))
        await asyncio.sleep(20)
        await (await rig.sessions.state(handle)).set("approved", value=True)
        result = await handle.wait()

    assert result.is_done
    assert answers(model.requests[-1])[0]["by"] == ""


async def test_a_program_waits_for_what_agents_set() -> None:
    model = ScriptedModel([ToolCall("1", "state_set", {"key": "done", "value": 1}), "done"])
    async with open_rig(model, agents=[AGENT]) as rig:
        handle = await rig.sessions.spawn(Task("sharer", "go"))
        state = await rig.sessions.state(handle)
        entry = await state.wait_for("done", timeout=60)
        with pytest.raises(
            TimeoutError, match=r"done got no version after 1 in 5 s; it is 1 \(version 1\)"
        ):
            await state.wait_for("done", after=1, timeout=5)
        assert (await state.wait_for("done", timeout=0)).version == 1
        with pytest.raises(TimeoutError, match=r"done did not meet value > 7 in 5 s; it is 1 "):
            await state.wait_for("done", condition="value > 7", timeout=5)

    assert entry.value == 1
    assert entry.by == handle.key
