"""Agents that spawn agents: a run is done when its children are, and has heard of each once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import orjson
import pytest

from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.gate import RegexGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Capabilities, Finish, ModelReply, ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.session import Mode
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.errors import AuthFailed
from parallel_agents.session_tools.toolbox import NAMES
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes.", instructions="Write.")
LEAD = Agent(name="lead", description="Leads.", instructions="Lead.", policy=Policy(spawns=("*",)))
ONE = Settings(max_parallel=1)
DEFAULTS = Settings()
SLOW = "slow/model"


def calls(*given: tuple[str, dict[str, Json]], ids: str = "call") -> ModelReply:
    """A reply that calls tools side by side."""
    parts = tuple(ToolCall(f"{ids}-{n}", name, args) for n, (name, args) in enumerate(given))
    message = Message(Role.ASSISTANT, parts)
    return ModelReply(message=message, model="scripted/model", finish=Finish.TOOLS)


def spawn(task: str, **more: Json) -> tuple[str, dict[str, Json]]:
    return "sessions_spawn", {"task": task, "agentId": "writer", "label": task, **more}


class Script:
    """The lead's replies in order; a writer answers by its task."""

    def __init__(self, *replies: Answer) -> None:
        self._replies = list(replies)
        self.model = RepliesWith(self._answer, latency_seconds=10)
        self.slow = RepliesWith(self._answer, SLOW, latency_seconds=50)

    def _answer(self, request: ModelRequest) -> Answer:
        if request.system.startswith("Lead."):
            return self._replies.pop(0)
        text = request.messages[-1].text
        return AuthFailed("no key") if "fail" in text else f"{text} is done"

    @property
    def asked(self) -> list[ModelRequest]:
        """What the lead was asked."""
        return [r for r in self.model.requests if r.system.startswith("Lead.")]


@asynccontextmanager
async def open_lead(
    script: Script, *, lead: Agent = LEAD, settings: Settings = DEFAULTS
) -> AsyncGenerator[tuple[Rig, SessionHandle]]:
    models = (script.model, script.slow)
    async with open_rig(*models, agents=[WRITER, lead], settings=settings) as rig:
        yield rig, await rig.sessions.spawn(Task("lead", "Go."))


async def result(rig: Rig, handle: SessionHandle) -> tuple[Result, float]:
    given = await handle.wait()
    return given, asyncio.get_running_loop().time()


def told(request: ModelRequest) -> list[dict[str, Any]]:
    """What the tools gave, of the request's last message."""
    return [orjson.loads(part.content) for part in request.messages[-1].parts]  # type: ignore[union-attr]


async def test_a_parent_that_yields_goes_on_with_all_results_when_the_last_child_has_ended() -> (
    None
):
    both = calls(spawn("one"), spawn("two", model=SLOW))
    script = Script(both, calls(("sessions_yield", {})), "Both.")

    async with open_lead(script) as (rig, handle):
        given, at = await result(rig, handle)

    (answer,) = told(script.asked[2])
    assert given.output == "Both."
    assert at == 70
    assert answer["status"] == "yielded"
    assert answer["reason"] == "settled"
    assert answer["pending"] == []
    assert sorted(c["result"] for c in answer["completed"]) == ["one is done", "two is done"]


async def test_a_parent_that_waits_holds_no_place() -> None:
    script = Script(calls(spawn("one"), spawn("two")), calls(("sessions_yield", {})), "Both.")

    async with open_lead(script, settings=ONE) as (rig, handle):
        given, at = await result(rig, handle)

    assert given.status is RunStatus.DONE
    assert at == 50


async def test_an_answer_counts_only_when_the_children_were_heard_in_one_turn_for_all() -> None:
    script = Script(calls(spawn("one"), spawn("two"), spawn("three")), "Too early.", "All three.")

    async with open_lead(script) as (rig, handle):
        given, _ = await result(rig, handle)

    report = script.asked[2].messages[-1].text
    assert given.output == "All three."
    assert len(script.asked) == 3
    assert all(f"{name} is done" in report for name in ("one", "two", "three"))


async def test_who_was_heard_is_not_told_again() -> None:
    script = Script(
        calls(spawn("one")), calls(("agents_wait", {"ids": ["one"], "timeoutSeconds": 60})), "Done."
    )

    async with open_lead(script) as (rig, handle):
        given, _ = await result(rig, handle)

    assert given.output == "Done."
    assert len(script.asked) == 3


async def test_a_quiet_child_is_not_waited_for() -> None:
    script = Script(calls(spawn("one", expectsCompletionMessage=False)), "At once.")

    async with open_lead(script) as (rig, handle):
        given, at = await result(rig, handle)

    assert given.output == "At once."
    assert at == 20


async def test_a_child_that_fails_is_heard_like_any_other() -> None:
    script = Script(
        calls(spawn("fail"), spawn("one")), calls(("sessions_yield", {})), "One of two."
    )

    async with open_lead(script) as (rig, handle):
        given, _ = await result(rig, handle)

    (answer,) = told(script.asked[2])
    by_label = {c["label"]: c for c in answer["completed"]}
    assert given.status is RunStatus.DONE
    assert by_label["fail"]["status"] == "failed"
    assert "PA-E203" in by_label["fail"]["error"]
    assert by_label["one"]["status"] == "done"


async def test_a_message_ends_a_yield_before_the_children_have() -> None:
    slow = calls(spawn("one", model=SLOW))
    script = Script(slow, calls(("sessions_yield", {})), "Stopped.", "And one.")

    async with open_lead(script) as (_, handle):
        await asyncio.sleep(22)
        await handle.steer("Stop.")
        await handle.wait()
        seconds = asyncio.get_running_loop().time()

    assert seconds == 70
    assert script.asked[2].messages[-1].text == "Stop."
    assert '"reason":"message"' in str(script.asked[2].messages[-2])


async def test_the_time_of_a_parent_stands_still_while_it_waits() -> None:
    script = Script(calls(spawn("one", model=SLOW)), calls(("sessions_yield", {})), "Done.")
    hasty = replace(LEAD, limits=Limits(timeout_seconds=31, call_timeout_seconds=11))

    async with open_lead(script, lead=hasty) as (rig, handle):
        given, at = await result(rig, handle)

    assert given.status is RunStatus.DONE
    assert given.output == "Done."
    assert at == 70


async def test_a_parent_that_runs_out_of_turns_takes_its_children_with_it() -> None:
    script = Script(calls(spawn("one"), spawn("two", mode="session"), spawn("three", collect=True)))
    short = replace(LEAD, limits=Limits(max_turns=1))

    async with open_lead(script, lead=short) as (rig, handle):
        await handle.wait()
        rows = await rig.sessions.list(Filter(parent=handle.key))
        found = {row.session.label: row.run.status for row in rows}

    assert found["one"] is RunStatus.KILLED
    assert not found["two"].is_over
    assert not found["three"].is_over


async def test_a_kill_ends_the_whole_tree() -> None:
    script = Script(calls(spawn("one", model=SLOW)), calls(("sessions_yield", {})))

    async with open_lead(script) as (rig, handle):
        await asyncio.sleep(22)
        await handle.kill()
        statuses = {row.run.status for row in await rig.sessions.list(Filter(tree=handle.key))}

    assert statuses == {RunStatus.KILLED}


@pytest.mark.parametrize(
    ("lead", "offered"),
    [
        (LEAD, NAMES),
        (replace(LEAD, policy=Policy()), ()),
        (replace(LEAD, policy=Policy(spawns=("*",), max_depth=0)), ()),
        (replace(LEAD, policy=Policy(), tools=("sessions_list",)), ("sessions_list",)),
    ],
)
async def test_the_tools_are_offered_to_who_may_spawn_or_names_them(
    lead: Agent, offered: Sequence[str]
) -> None:
    script = Script("Done.")

    async with open_lead(script, lead=lead) as (rig, handle):
        await result(rig, handle)

    assert tuple(spec.name for spec in script.asked[0].tools) == tuple(offered)


async def test_a_model_that_cannot_delegate_is_not_offered_the_tools() -> None:
    weak = RepliesWith(
        lambda _: "Done.", capabilities=Capabilities(lacks=frozenset({Need.DELEGATION}))
    )

    async with open_rig(weak, agents=[LEAD]) as rig:
        await (await rig.sessions.spawn(Task("lead", "Go."))).wait()

    assert weak.requests[0].tools == ()


async def test_a_child_is_told_what_it_is_and_a_root_is_not() -> None:
    script = Script(calls(spawn("one")), "Done.", "Done.")

    async with open_lead(script) as (rig, handle):
        await result(rig, handle)

    child = next(r for r in script.model.requests if r.system.startswith("Write."))
    assert script.asked[0].system == "Lead."
    assert "You are a subagent, one, at depth 1." in child.system
    assert len(child.system) - len("Write.") < 300 * 4
    assert child.tools == ()


async def test_a_policy_only_shrinks_down_the_tree() -> None:
    narrow = replace(LEAD, policy=Policy(spawns=("lead", "writer"), max_depth=1))
    script = Script(
        calls(("sessions_spawn", {"task": "Deeper.", "label": "deeper"})), "Early.", "Low.", "Top."
    )

    async with open_lead(script, lead=narrow) as (rig, handle):
        await handle.wait()
        (child,) = await rig.sessions.list(Filter(parent=handle.key))
        policy = child.session.agent.policy

    assert policy.max_depth == 1
    deeper = next(r for r in script.asked if "at depth 1" in r.system)
    assert deeper.tools == ()


@pytest.mark.parametrize(
    ("settings", "refused"),
    [
        (Settings(max_children=2), "max active children for this session (2/2"),
        (Settings(max_tree_sessions=3), "max sessions for this session tree (3/3"),
    ],
)
async def test_a_tree_has_no_more_sessions_than_its_bounds(
    settings: Settings, refused: str
) -> None:
    script = Script(calls(spawn("one"), spawn("two"), spawn("three")), "Early.", "Done.")

    async with open_lead(script, settings=settings) as (rig, handle):
        await handle.wait()
        number = len(await rig.sessions.list(Filter(parent=handle.key)))

    assert number == 2
    answers = [str(part) for part in script.asked[1].messages[-1].parts]
    assert sum(refused in answer and "forbidden" in answer for answer in answers) == 1


async def test_who_may_not_be_spawned_is_refused_with_who_may() -> None:
    script = Script(calls(spawn("one")), "Done.")
    picky = replace(LEAD, policy=Policy(spawns=("lead",)))

    async with open_lead(script, lead=picky) as (rig, handle):
        await result(rig, handle)

    (answer,) = told(script.asked[1])
    assert answer["status"] == "forbidden"
    assert answer["error"] == "agentId is not allowed for sessions_spawn (allowed: lead)"
    assert answer["role"] == "writer"


async def test_a_fork_begins_with_what_its_parent_said() -> None:
    script = Script(
        calls(("sessions_spawn", {"task": "Go on.", "context": "fork"})),
        "Forked.",
        "Early.",
        "Done.",
    )

    async with open_lead(script) as (rig, handle):
        await result(rig, handle)

    forked = next(r for r in script.asked if r.messages[-1].text == "Go on.")
    assert [message.text for message in forked.messages] == ["Go.", "Go on."]


async def test_a_parent_is_handed_no_more_than_it_can_bear_and_can_read_the_rest() -> None:
    script = Script(
        calls(spawn("x" * 100)),
        calls(("sessions_yield", {})),
        calls(("sessions_history", {"sessionKey": "x" * 100, "limit": 1, "textOffset": 40})),
        "Done.",
    )

    async with open_lead(script, settings=Settings(hand_back_tokens=10)) as (rig, handle):
        await result(rig, handle)

    (answer,) = told(script.asked[2])
    (rest,) = told(script.asked[3])
    (child,) = answer["completed"]
    assert child["result"] == "x" * 40
    assert child["truncated"] is True
    assert "sessions_history" in child["more"]
    assert rest["messages"][0]["text"] == "x" * 40
    assert rest["messages"][0]["nextTextOffset"] == 80


async def test_a_persistent_session_takes_messages_and_no_reply_starts_another() -> None:
    script = Script(
        calls(spawn("one", mode="session")),
        calls(("sessions_yield", {})),
        calls(("sessions_send", {"sessionKey": "one", "message": "And two?"})),
        "Done.",
    )

    async with open_lead(script) as (rig, handle):
        await handle.wait()
        await rig.engine.wait_idle()
        (child,) = await rig.sessions.list(Filter(parent=handle.key))
        number = child.run.number
        mode = child.session.options.mode

    assert number == 2
    assert mode is Mode.SESSION
    (answer,) = told(script.asked[3])
    assert answer["status"] == "ok"
    assert answer["reply"].endswith("And two? is done")
    assert len(script.model.requests) == 6


async def test_after_a_crash_in_a_yield_the_parent_goes_on_and_spawns_nobody_twice() -> None:
    both = calls(spawn("one", model=SLOW), spawn("two", model=SLOW))
    script = Script(both, calls(("sessions_yield", {})), "Both.")
    models = (script.model, script.slow)

    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(*models, agents=[WRITER, LEAD], store=store) as rig:
        handle = await rig.sessions.spawn(Task("lead", "Go.", key="job"))
        await asyncio.sleep(22)
        rig.engine.cancel_all()
    async with open_rig(*models, agents=[WRITER, LEAD], store=store) as rig:
        handle = await rig.sessions.spawn(Task("lead", "Go.", key="job"))
        for row in await rig.sessions.list(Filter(tree=handle.key, is_live=True)):
            rig.engine.submit(row)
        given = await handle.wait()
        children = await rig.sessions.list(Filter(parent=handle.key))
    await store.aclose()
    children = len(children)

    assert given.output == "Both."
    assert children == 2
    assert len(script.asked) == 3


async def test_a_yield_tells_each_end_once_over_all_runs_of_a_session() -> None:
    script = Script(
        calls(spawn("one")),
        calls(("sessions_yield", {})),
        calls(spawn("two"), ids="second"),
        calls(("sessions_yield", {})),
        calls(("sessions_yield", {})),
        "First.",
        calls(spawn("three")),
        calls(("sessions_yield", {})),
        "Second.",
    )

    async with open_lead(script) as (_, handle):
        await handle.wait()
        await handle.send("Go on.")
        await handle.wait()

    answers = [told(script.asked[number])[0] for number in (2, 4, 5, 8)]
    assert [[c["label"] for c in answer["completed"]] for answer in answers] == [
        ["one"],
        ["two"],
        [],
        ["three"],
    ]
    assert "sessions_history" in answers[2]["note"]


async def test_two_calls_of_a_turn_do_not_tell_the_same_end() -> None:
    both = calls(("agents_wait", {"ids": ["one"], "timeoutSeconds": 60}), ("sessions_yield", {}))
    script = Script(calls(spawn("one")), both, "Done.")

    async with open_lead(script) as (_, handle):
        await handle.wait()

    answers = told(script.asked[2])
    assert sum(len(answer["completed"]) for answer in answers) == 1


async def test_an_attempt_is_told_what_the_one_before_it_was_told() -> None:
    script = Script(calls(spawn("one")), calls(("sessions_yield", {})), "no", "yes, with one")
    gated = replace(LEAD, gates=(RegexGate(pattern="yes"),), limits=Limits(attempts=2))

    async with open_lead(script, lead=gated) as (rig, handle):
        given, _ = await result(rig, handle)

    assert given.output == "yes, with one"
    assert "one is done" in " ".join(m.text for m in script.asked[3].messages)


async def test_a_parent_is_told_the_result_and_not_a_reply_to_somebody_else() -> None:
    slow = calls(spawn("two"), spawn("one", mode="session"))
    script = Script(slow, calls(("sessions_yield", {})), "Done.")

    async with open_lead(script) as (rig, handle):
        await asyncio.sleep(12)
        two = (await rig.service.find("two")).session.key
        await rig.service.send("one", "a sibling's question", sender=two)
        given, _ = await result(rig, handle)
        await rig.engine.wait_idle()

    (answer,) = told(script.asked[2])
    assert given.output == "Done."
    assert sorted(c["result"] for c in answer["completed"]) == ["one is done", "two is done"]
    assert len(script.asked) == 3


async def test_a_parent_is_told_of_what_it_asked_a_child_for_by_a_message() -> None:
    script = Script(
        calls(spawn("one", mode="session")),
        calls(("sessions_yield", {})),
        calls(("sessions_send", {"label": "one", "message": "more", "timeoutSeconds": 0})),
        calls(("sessions_yield", {})),
        "Done.",
    )

    async with open_lead(script) as (_, handle):
        await handle.wait()

    (answer,) = told(script.asked[4])
    assert [c["result"][-12:] for c in answer["completed"]] == ["more is done"]


async def test_a_label_that_a_lead_gives_twice_is_told_apart() -> None:
    twice = calls(spawn("one"), spawn("two", label="one"))
    wait = calls(("agents_wait", {"ids": ["one", "one-2"], "timeoutSeconds": 60}))
    script = Script(twice, wait, "Done.")

    async with open_lead(script) as (_, handle):
        await handle.wait()

    labels = sorted(answer["label"] for answer in told(script.asked[1]))
    (waited,) = told(script.asked[2])
    assert labels == ["one", "one-2"]
    assert sorted(c["result"] for c in waited["completed"]) == ["one is done", "two is done"]
