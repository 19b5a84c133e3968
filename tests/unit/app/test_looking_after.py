"""A run that hangs is found by the process that executes it, told once, and ended or steered on request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.answer_rules import AnswerRule
from parallel_agents.core.call_decisions import Answered
from parallel_agents.core.event import Noticed, Steered
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.on_stuck import OnStuck
from parallel_agents.core.policy import Policy
from parallel_agents.core.question import QuestionKind
from parallel_agents.core.run import RunStatus
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.settings import Settings
from parallel_agents.testing import RepliesWith, Rig, ScriptedModel, open_rig
from parallel_agents.tools.function import tool

STUCK, HANGS = 100.0, 700.0
LIMITS = Limits(timeout_seconds=3000.0, call_timeout_seconds=2000.0)
CALL = ModelReply(
    message=Message(Role.ASSISTANT, (ToolCall("1", "hang", {}),)), model="m", finish=Finish.TOOLS
)


@asynccontextmanager
async def hanging(
    on_stuck: OnStuck = OnStuck.ASK, *answers: AnswerRule
) -> AsyncGenerator[tuple[Rig, SessionHandle]]:
    """A run that has been silent for longer than it may."""

    @tool
    async def hang() -> str:
        """Hang for a while."""
        await asyncio.sleep(HANGS)
        return "at last"

    agent = Agent(name="a", description="A", instructions="A.", tools=("hang",))
    settings = Settings(on_stuck=on_stuck, stuck_seconds=STUCK, answers=answers)
    model = ScriptedModel([CALL, "done"])
    async with open_rig(model, agents=[agent], tools=[hang], settings=settings) as rig:
        handle = await rig.sessions.spawn(Task("a", "work", limits=LIMITS))
        await asyncio.sleep(STUCK - 10)
        assert await rig.sessions.questions() == []
        await asyncio.sleep(50)
        yield rig, handle


async def notices(rig: Rig) -> list[str]:
    return [e.body.text for e in await rig.store.events() if isinstance(e.body, Noticed)]


async def test_a_stuck_run_is_a_notice_of_its_history() -> None:
    async with hanging(OnStuck.NOTICE) as (rig, handle):
        assert await rig.sessions.questions() == []
        (notice,) = await notices(rig)
        (silent,), _ = await rig.store.silent_runs(
            StuckRules(unknown_seconds=STUCK), rig.store.now()
        )
        result = await handle.wait()

    assert " is stuck: silent for " in notice
    assert silent.was_told
    assert result.status is RunStatus.DONE


async def test_a_silence_is_told_again_only_when_it_has_become_twice_as_long() -> None:
    async with hanging(OnStuck.NOTICE) as (rig, handle):
        await handle.wait()

        assert len(await notices(rig)) == 3  # after 100, 200 and 400 of 700 seconds


async def test_a_stuck_run_is_a_question_and_goes_on_if_it_may_wait() -> None:
    async with hanging() as (rig, handle):
        (question,) = await rig.sessions.questions()
        await asyncio.sleep(100)
        assert [each.id for each in await rig.sessions.questions()] == [question.id]

        await rig.sessions.answer(question, "wait")
        result = await handle.wait()

    assert question.question.question is QuestionKind.STUCK
    assert result.status is RunStatus.DONE


@pytest.mark.parametrize("text", ["kill", "Kill", "KILL", " kill\n"])
async def test_a_stuck_run_is_ended_by_the_answer(text: str) -> None:
    async with hanging() as (rig, handle):
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, text)
        result = await handle.wait()

    assert result.status is RunStatus.KILLED


async def test_any_other_answer_is_a_message_to_the_run() -> None:
    async with hanging() as (rig, handle):
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, "use the cache")
        await handle.wait()
        sent = [e.body.text for e in await rig.store.events() if isinstance(e.body, Steered)]

    assert sent == ["use the cache"]


@pytest.mark.parametrize(("text", "allow"), [("", True), (" ", True), ("kill", False)])
async def test_an_answer_that_says_nothing_is_refused(text: str, allow: bool) -> None:
    async with hanging() as (rig, _):
        (question,) = await rig.sessions.questions()
        with pytest.raises(InvalidInput, match="stuck run"):
            await rig.sessions.answer(question, text, allow=allow)


async def test_a_run_that_goes_on_takes_its_question_back() -> None:
    async with hanging() as (rig, handle):
        await handle.wait()
        answers = [e.body.by for e in await rig.store.events() if isinstance(e.body, Answered)]

        assert await rig.sessions.questions() == []

    assert answers == []  # it ended before anybody looked again


@pytest.mark.parametrize(
    ("answer", "status"), [("wait", RunStatus.DONE), ("kill", RunStatus.KILLED)]
)
async def test_a_rule_answers_before_a_person_is_asked(answer: str, status: RunStatus) -> None:
    rule = AnswerRule(kind=QuestionKind.STUCK, answer=answer)
    async with hanging(OnStuck.ASK, rule) as (rig, handle):
        assert await rig.sessions.questions() == []
        result = await handle.wait()
        answers = [e.body.by for e in await rig.store.events() if isinstance(e.body, Answered)]

    assert result.status is status
    assert set(answers) == {"rule 1 of answers (stuck)"}


async def test_the_agent_says_for_its_sessions_and_those_below_what_happens_to_stuck_runs() -> None:
    model = RepliesWith(lambda _: "done", latency_seconds=HANGS)
    child = Agent(name="child", description="A", instructions="A.")
    lead = replace(child, name="lead", on_stuck=OnStuck.ASK, policy=Policy(spawns=("child",)))
    quiet = replace(child, name="quiet", on_stuck=OnStuck.NOTICE)
    settings = Settings(on_stuck=OnStuck.NOTICE, stuck_seconds=STUCK)
    async with open_rig(model, agents=[lead, child, quiet], settings=settings) as rig:
        top = await rig.sessions.spawn(Task("lead", "work", limits=LIMITS))
        await rig.sessions.spawn(Task("child", "work", limits=LIMITS), parent=top)
        await rig.sessions.spawn(Task("child", "work", limits=LIMITS, label="alone"))
        await rig.sessions.spawn(Task("quiet", "work", limits=LIMITS))
        await asyncio.sleep(STUCK + 40)
        asked = [each.session.split(":")[1] for each in await rig.sessions.questions()]
        told = [text.split()[0] for text in await notices(rig)]

    assert sorted(asked) == ["child"]  # the lead waits for it
    assert sorted(told) == ["alone", "quiet"]


async def test_what_may_be_stuck_comes_before_what_waits_for_longer() -> None:
    model = RepliesWith(lambda _: "done", latency_seconds=HANGS)
    child = Agent(name="child", description="A", instructions="A.")
    lead = replace(child, name="lead", policy=Policy(spawns=("child",)))
    async with open_rig(model, agents=[lead, child]) as rig:
        top = await rig.sessions.spawn(Task("lead", "work", limits=LIMITS))
        await asyncio.sleep(10)
        await rig.sessions.spawn(Task("child", "work", limits=LIMITS), parent=top)
        await asyncio.sleep(STUCK)
        silent, _ = await rig.store.silent_runs(StuckRules(), rig.store.now())
        some, _ = await rig.store.silent_runs(StuckRules(), rig.store.now(), [silent[1].run])

    assert some == silent[1:]
    assert [(each.label, each.has_children) for each in silent] == [
        ("child", False),
        ("lead", True),
    ]


async def test_a_run_that_waits_for_a_person_is_not_stuck() -> None:
    asks = ModelReply(
        message=Message(Role.ASSISTANT, (ToolCall("1", "ask_human", {"question": "Tea?"}),)),
        model="m",
        finish=Finish.TOOLS,
    )
    agent = Agent(name="a", description="A", instructions="A.", tools=("ask_human",))
    settings = Settings(on_stuck=OnStuck.ASK, stuck_seconds=STUCK)
    async with open_rig(ScriptedModel([asks, "done"]), agents=[agent], settings=settings) as rig:
        await rig.sessions.spawn(Task("a", "work", limits=LIMITS))
        await asyncio.sleep(5 * STUCK)
        kinds = [each.question.question for each in await rig.sessions.questions()]

    assert kinds == [QuestionKind.REQUEST]
