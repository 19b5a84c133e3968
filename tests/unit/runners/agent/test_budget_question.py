"""A run whose budget is used up waits for a person, bills nothing meanwhile, and continues where it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from parallel_agents.app.open_sessions import OpenSessions
from parallel_agents.core.agent import Agent
from parallel_agents.core.answer_rules import AnswerRule
from parallel_agents.core.budget import Budget, OnLimit
from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, ToolCall
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.question import NOBODY, Answer, QuestionKind
from parallel_agents.core.run import RunStatus
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.usage import Usage
from parallel_agents.errors import AlreadyAnswered, InvalidInput
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.sessions.service import Service
from parallel_agents.settings import Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import ScriptedModel, open_rig
from parallel_agents.tools.function import tool

LONG = 1000.0  # longer than the time limit of the runs
ASKS = Budget(tokens=5000, on_limit=OnLimit.ASK)
LIMITS = Limits(max_output_tokens=100, timeout_seconds=600.0)


def reply(tokens: int, *calls: ToolCall) -> ModelReply:
    return ModelReply(
        message=Message(Role.ASSISTANT, calls),
        model="m",
        finish=Finish.TOOLS,
        usage=Usage(input_tokens=tokens),
    )


# The second call fits into all of it, and not into the 95 % that leave a last call its share.
ROOM_FOR_ONE = Budget(tokens=3770, on_limit=OnLimit.ASK)
SPENDS_MOST = reply(4000, ToolCall("1", "look", {}))


@dataclass
class Rig:
    """A run that spends most of its budget in its first call."""

    sessions: OpenSessions
    service: Service
    model: ScriptedModel
    store: MemoryStore

    async def begin(self, key: str = "a", budget: Budget = ASKS) -> SessionHandle:
        task = Task("worker", "work", key=key, limits=LIMITS, budget=budget)
        handle = await self.sessions.spawn(task)
        await asyncio.sleep(1)
        return handle


@asynccontextmanager
async def working(
    *script: ModelReply | str,
    rules: tuple[AnswerRule, ...] = (),
    store: MemoryStore | None = None,
) -> AsyncGenerator[Rig]:
    @tool
    def look() -> str:
        """Look."""
        return "seen " * 300

    agent = Agent(name="worker", description="Works", instructions="Work.", tools=("look",))
    model = ScriptedModel(script or [SPENDS_MOST, "done"])
    store = store or MemoryStore(asyncio.get_running_loop().time)
    settings = Settings(question_seconds=2 * LONG, answers=rules)
    async with open_rig(model, agents=[agent], tools=[look], settings=settings, store=store) as rig:
        yield Rig(rig.sessions, rig.service, model, store)


async def test_a_used_up_budget_is_a_question_and_nothing_is_billed_meanwhile() -> None:
    async with working() as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()
        await asyncio.sleep(LONG)

        assert question.question.question is QuestionKind.BUDGET
        assert "of 5,000 tokens" in question.question.text
        assert len(rig.model.requests) == 1

        await rig.sessions.answer(question, "+10000 tokens")
        result = await handle.wait()

    assert result.status is RunStatus.DONE
    assert result.output == "done"
    assert len(rig.model.requests) == 2


@pytest.mark.parametrize(
    ("answer", "calls"), [("stop", 1), ("STOP", 1), ("finish", 2)], ids=["stop", "STOP", "finish"]
)
async def test_a_budget_that_is_not_raised_ends_the_run_with_what_it_has(
    answer: str, calls: int
) -> None:
    async with working(reply(1000, ToolCall("1", "look", {})), "the end") as rig:
        budget = ROOM_FOR_ONE
        handle = await rig.begin(budget=budget)
        (question,) = await rig.sessions.questions()

        await rig.sessions.answer(question, answer)
        result = await handle.wait()

    assert result.status is RunStatus.OVER_BUDGET
    assert len(rig.model.requests) == calls


async def test_a_budget_that_nobody_raises_in_time_lets_the_run_finish() -> None:
    async with working(reply(1000, ToolCall("1", "look", {})), "the end") as rig:
        handle = await rig.begin(budget=ROOM_FOR_ONE)
        await asyncio.sleep(2.1 * LONG)
        result = await handle.wait()

    assert result.status is RunStatus.OVER_BUDGET
    assert result.text == "the end"


async def test_a_raise_that_is_too_small_is_asked_about_again() -> None:
    async with working() as rig:
        handle = await rig.begin()
        (first,) = await rig.sessions.questions()
        await rig.sessions.answer(first, "+1 tokens")
        await asyncio.sleep(1)
        (second,) = await rig.sessions.questions()

        assert second.id != first.id

        await rig.sessions.answer(second, "10000")
        result = await handle.wait()

    assert result.status is RunStatus.DONE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not an answer"),
        ("yes", "not an answer"),
        ("-5 tokens", "not an answer"),
        ("$5 tokens", "not an answer"),
        ("+2 usd", "does not raise this budget"),
        ("0 tokens", "cannot be raised"),
        ("1.5 tokens", "cannot be raised"),
        ("9999999999999 tokens", "cannot be raised"),
    ],
)
async def test_an_answer_that_raises_nothing_is_refused_and_the_question_stays(
    text: str, why: str
) -> None:
    async with working() as rig:
        await rig.begin()
        (question,) = await rig.sessions.questions()

        with pytest.raises(InvalidInput, match=why):
            await rig.sessions.answer(question, text)

        assert [each.id for each in await rig.sessions.questions()] == [question.id]


async def test_one_answer_lets_all_runs_of_the_same_budget_go_on() -> None:
    tasks = tuple(Task("worker", f"work {n}", key=str(n), limits=LIMITS) for n in range(3))
    budget = Budget(tokens=13_000, on_limit=OnLimit.ASK)
    script = [SPENDS_MOST, SPENDS_MOST, SPENDS_MOST, "done", "done", "done"]
    async with working(*script) as rig:
        handle = await rig.sessions.spawn_team(TeamTask(tasks=tasks, budget=budget))
        await asyncio.sleep(30)
        (question,) = await rig.sessions.questions()

        await rig.sessions.answer(question, "+100000 tokens")
        await handle.wait()
        team = await rig.sessions.team_result(handle)

    assert [result.status for result in team.results] == [RunStatus.DONE] * 3


async def test_a_larger_budget_does_not_reach_a_question_whose_time_is_over() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with working(store=store) as rig:
        await rig.begin()
        (question,) = await rig.sessions.questions()
    await asyncio.sleep(2 * LONG)
    number = int(question.id.removeprefix("q-"))

    with pytest.raises(AlreadyAnswered, match="is over"):
        await store.answer(number, Answer(allow=True, text="+10000 tokens"), by="me")
    (state,) = await store.accounts()
    assert state.account.budget.tokens == 5000
    async with working(store=store) as rig:
        await rig.begin(budget=Budget(tokens=20_000, on_limit=OnLimit.ASK))
    answers = [e.body for e in await store.events() if isinstance(e.body, Answered)]
    await store.aclose()

    assert {each.by for each in answers} <= {NOBODY}


async def test_of_two_answers_at_once_one_counts_and_the_other_is_told() -> None:
    async with working() as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()
        told = await asyncio.gather(
            rig.sessions.answer(question, "+10000 tokens"),
            rig.sessions.answer(question, "stop"),
            return_exceptions=True,
        )
        result = await handle.wait()
        accounts = await rig.store.accounts()

    assert [type(each) for each in told] == [type(question), AlreadyAnswered]
    assert result.status is RunStatus.DONE
    assert [state.account.budget.tokens for state in accounts] == [15_000]


async def test_a_question_and_its_answer_outlive_the_process() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with working(store=store) as rig:
        await rig.begin()
        (question,) = await rig.sessions.questions()
    async with working("done", store=store) as rig:
        assert [each.id for each in await rig.sessions.questions()] == [question.id]
        await rig.sessions.answer(question, "+10000 tokens")
        handle = await rig.begin()
        result = await handle.wait()
        events = await store.events()

    assert result.status is RunStatus.DONE
    assert sum(isinstance(event.body, Asked) for event in events) == 1


async def test_who_asks_for_the_same_work_with_a_larger_budget_need_not_answer() -> None:
    async with working() as rig:
        handle = await rig.begin()
        await rig.begin(budget=Budget(tokens=20_000, on_limit=OnLimit.ASK))
        result = await handle.wait()

    assert result.status is RunStatus.DONE


async def test_a_rule_raises_a_budget_as_often_as_it_says_and_then_a_person_is_asked() -> None:
    rule = AnswerRule(kind=QuestionKind.BUDGET, answer="+10 tokens", times=2)
    async with working(rules=(rule,)) as rig:
        await rig.begin()
        (question,) = await rig.sessions.questions()
        accounts = await rig.store.accounts()
        answers = [e.body for e in await rig.store.events() if isinstance(e.body, Answered)]

    assert question.about == "budget-3"
    assert [each.by for each in answers] == ["rule 1 of answers (budget)"] * 2
    assert [state.account.budget.tokens for state in accounts] == [5020]


async def test_a_rule_that_makes_no_room_is_used_once() -> None:
    rule = AnswerRule(kind=QuestionKind.BUDGET, answer="+1 usd", times=1000)
    async with working(rules=(rule,)) as rig:
        await rig.begin()
        (question,) = await rig.sessions.questions()
        asked = [e for e in await rig.store.events() if isinstance(e.body, Asked)]
        accounts = await rig.store.accounts()

    assert question.about == "budget-2"
    assert len(asked) == 2
    assert [state.account.budget.tokens for state in accounts] == [5000]


async def test_after_a_rule_that_makes_no_room_the_next_one_is_used() -> None:
    rules = (
        AnswerRule(kind=QuestionKind.BUDGET, answer="+1 usd", times=1000),
        AnswerRule(kind=QuestionKind.BUDGET, answer="+10000 tokens", times=1000),
    )
    async with working(rules=rules) as rig:
        handle = await rig.begin()
        result = await handle.wait()

    assert result.status is RunStatus.DONE


async def test_a_budget_stops_without_a_question_unless_it_asks() -> None:
    async with working() as rig:
        handle = await rig.begin(budget=Budget(tokens=5000))
        result = await handle.wait()

        assert await rig.sessions.questions() == []

    assert result.status is RunStatus.OVER_BUDGET
