"""A call that permissions leave to a person waits for one, and is then made or told as denied."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from parallel_agents.app.open_sessions import OpenSessions
from parallel_agents.core.agent import Agent
from parallel_agents.core.call_decisions import Answered, Ruled
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.permission import Permissions
from parallel_agents.core.question import NOBODY, Answer, expired
from parallel_agents.core.run import RunStatus
from parallel_agents.core.task import Task
from parallel_agents.errors import AlreadyAnswered, InvalidInput, NotFound, RunIsOver
from parallel_agents.sessions.handle import SessionHandle
from parallel_agents.sessions.service import Service
from parallel_agents.settings import Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import ScriptedModel, open_rig
from parallel_agents.tools.function import tool

HOURS = 3600.0
ASKS = Permissions(ask=("say",))


def call(word: str, number: int = 1) -> ToolCall:
    return ToolCall(str(number), "say", {"word": word})


def replies(*calls: ToolCall) -> ModelReply:
    return ModelReply(message=Message(Role.ASSISTANT, calls), model="m", finish=Finish.TOOLS)


@dataclass
class Rig:
    """A run of an agent that says words aloud; `said` are those that it said."""

    sessions: OpenSessions
    service: Service
    model: ScriptedModel
    said: list[str] = field(default_factory=list[str])

    async def begin(self, limits: Limits = Limits()) -> SessionHandle:
        """The run, once it asks or has ended."""
        handle = await self.sessions.spawn(Task("speaker", "speak", limits=limits))
        await asyncio.sleep(1)
        return handle

    def told(self) -> Sequence[str]:
        """What the model was told of its last calls."""
        parts = self.model.requests[-1].messages[-1].parts
        return [part.content for part in parts if isinstance(part, ToolResult)]


@asynccontextmanager
async def speaker(
    *script: ModelReply | str,
    permissions: Permissions = ASKS,
    store: MemoryStore | None = None,
    question_seconds: float = 12 * HOURS,
) -> AsyncGenerator[Rig]:
    said: list[str] = []

    @tool(access="write", subject="word")
    def say(word: str) -> str:
        """Say a word."""
        said.append(word)
        return f"said {word}"

    agent = Agent(
        name="speaker",
        description="Speaks",
        instructions="Speak.",
        tools=("say", "ask_human"),
        permissions=permissions,
    )
    model = ScriptedModel([*script, "done"])
    settings = Settings(question_seconds=question_seconds)
    async with open_rig(model, agents=[agent], tools=[say], settings=settings, store=store) as rig:
        yield Rig(rig.sessions, rig.service, model, said)


async def test_a_call_is_made_once_a_person_allows_it() -> None:
    async with speaker(replies(call("tea"))) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()
        assert rig.said == []

        await rig.sessions.answer(question)
        result = await handle.wait()

    assert question.question.is_approval
    assert question.question.text == "tea"
    assert question.question.arguments == {"word": "tea"}
    assert result.status is RunStatus.DONE
    assert rig.said == ["tea"]


async def test_the_model_is_told_that_a_person_denied_a_call_and_why() -> None:
    async with speaker(replies(call("tea"))) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()

        await rig.sessions.answer(question.id, "not now", allow=False)
        result = await handle.wait()

    assert rig.told() == ["A person was asked, and did not allow the call: not now."]
    assert rig.said == []
    assert result.status is RunStatus.DONE


async def test_a_person_may_change_the_arguments_and_the_model_is_told() -> None:
    async with speaker(replies(call("tea"))) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()

        await rig.sessions.answer(question, arguments={"word": "rain"})
        await handle.wait()

    assert rig.said == ["rain"]
    assert rig.told()[0].endswith(
        'changed the arguments of the call to {"word":"rain"}]\nsaid rain'
    )


async def test_changed_arguments_that_the_tool_does_not_take_are_refused() -> None:
    async with speaker(replies(call("tea"))) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()

        with pytest.raises(InvalidInput, match="not arguments of say"):
            await rig.sessions.answer(question, arguments={"word": 7})
        await rig.sessions.answer(question, arguments={"word": "rain"})
        await handle.wait()

    assert rig.said == ["rain"]


@pytest.mark.parametrize(
    ("word", "why"), [("rain", "by the rule say(rain)"), ("wind", "do not allow say(wind)")]
)
async def test_arguments_that_are_denied_are_refused_and_the_question_stays(
    word: str, why: str
) -> None:
    permissions = Permissions(ask=("say(t*)",), deny=("say(rain)",))
    async with speaker(replies(call("tea")), permissions=permissions) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()

        with pytest.raises(InvalidInput, match="nothing was answered") as refused:
            await rig.sessions.answer(question, arguments={"word": word})
        assert why in refused.value.why
        assert await rig.sessions.questions() == [question]

        await rig.sessions.answer(question, arguments={"word": "time"})
        await handle.wait()

    assert rig.said == ["time"]


async def test_arguments_that_got_into_the_store_are_not_changed_to_what_is_denied() -> None:
    permissions = Permissions(ask=("say",), deny=("say(rain)",))
    store = MemoryStore(asyncio.get_running_loop().time)
    async with speaker(replies(call("tea")), permissions=permissions, store=store) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()
        number = int(question.id.removeprefix("q-"))

        await store.answer(number, Answer(allow=True, arguments={"word": "rain"}), by="me")
        await handle.wait()
    await store.aclose()

    assert rig.said == []
    assert rig.told() == ["The permissions of this session deny the call, by the rule say(rain)."]


async def test_an_answer_for_the_run_holds_for_what_the_same_rule_asks() -> None:
    permissions = Permissions(ask=("say(t*)", "say(r*)"))
    calls = (replies(call("tea")), replies(call("time")), replies(call("rain")))
    async with speaker(*calls, permissions=permissions) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, for_run=True)
        await asyncio.sleep(1)

        (other,) = await rig.sessions.questions()
        assert rig.said == ["tea", "time"]
        await rig.sessions.answer(other, allow=False)
        await handle.wait()

    assert other.question.text == "rain"


async def test_the_calls_of_a_reply_are_asked_about_at_once() -> None:
    async with speaker(replies(call("tea"), call("rain", 2), call("snow", 3))) as rig:
        handle = await rig.begin()
        questions = await rig.sessions.questions()

        for question in reversed(questions):
            await rig.sessions.answer(question, allow=question.question.text != "rain")
        await handle.wait()

    assert [question.question.text for question in questions] == ["tea", "rain", "snow"]
    assert sorted(rig.said) == ["snow", "tea"]


async def test_waiting_for_a_person_is_not_the_runs_time() -> None:
    async with speaker(replies(call("tea"))) as rig:
        handle = await rig.begin(Limits(timeout_seconds=60))
        await asyncio.sleep(HOURS / 2)
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question)

        result = await handle.wait()

    assert result.status is RunStatus.DONE
    assert rig.said == ["tea"]


async def test_what_nobody_answers_in_time_is_denied() -> None:
    async with speaker(replies(call("tea")), question_seconds=HOURS / 2) as rig:
        handle = await rig.begin()

        result = await handle.wait()

        assert await rig.sessions.questions() == []
    assert rig.told() == [
        "A person was asked, and did not allow the call: nobody answered in time."
    ]
    assert result.status is RunStatus.DONE
    assert result.notices == (f"the last call of say failed: {rig.told()[0]}",)


async def test_the_first_answer_counts() -> None:
    async with speaker(replies(call("tea"))) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()

        answers = await asyncio.gather(
            *(rig.sessions.answer(question, allow=n % 2 == 0) for n in range(10)),
            return_exceptions=True,
        )
        await handle.wait()

    assert sum(isinstance(answer, AlreadyAnswered) for answer in answers) == 9
    assert rig.said == ["tea"]


async def test_a_run_that_another_process_takes_over_waits_for_the_same_answer() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with speaker(replies(call("tea")), store=store) as rig:
        await rig.begin()
        (question,) = await rig.sessions.questions()
    async with speaker(store=store) as rig:
        await rig.service.resume("@last")
        await asyncio.sleep(5)
        assert await rig.sessions.questions() == [question]

        await rig.sessions.answer(question)
        await asyncio.sleep(5)
    await store.aclose()

    assert rig.said == ["tea"]


async def test_an_answer_that_came_while_nobody_worked_on_the_run_is_found() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with speaker(replies(call("tea")), store=store) as rig:
        await rig.begin()
        (question,) = await rig.sessions.questions()
    await store.answer(int(question.id.removeprefix("q-")), Answer(allow=True), by="me")
    async with speaker(store=store) as rig:
        await rig.service.resume("@last")
        await asyncio.sleep(5)
    await store.aclose()

    assert rig.said == ["tea"]


async def test_a_late_answer_is_refused_although_no_process_was_there_when_the_time_ended() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with speaker(replies(call("tea")), store=store, question_seconds=HOURS / 2) as rig:
        await rig.begin()
        (question,) = await rig.sessions.questions()
    await asyncio.sleep(HOURS / 2)
    async with speaker(store=store) as rig:
        assert await rig.sessions.questions() == []
        with pytest.raises(AlreadyAnswered, match=r"the time to answer .* is over"):
            await rig.sessions.answer(question)

        await rig.service.resume("@last")
        await asyncio.sleep(5)
    await store.aclose()

    assert rig.said == []
    assert "nobody answered in time" in rig.told()[0]


async def test_what_stands_in_for_an_answer_is_written_down_by_any_process() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with speaker(
        replies(call("tea"), call("cake", 2)), store=store, question_seconds=HOURS / 2
    ) as rig:
        await rig.begin()
        first, second = await rig.sessions.questions()
        await rig.sessions.answer(first, allow=False)
    await asyncio.sleep(HOURS / 2)

    await store.close_expired()
    await store.close_expired()

    answers = [e.body for e in await store.events() if isinstance(e.body, Answered)]
    assert [each.by for each in answers][1:] == [NOBODY]
    assert answers[1].answer == expired(second.question)
    await store.aclose()


async def test_a_question_of_a_run_that_was_killed_waits_no_more() -> None:
    async with speaker(replies(call("tea"))) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()
        await rig.sessions.kill(handle.key)

        assert await rig.sessions.questions() == []
        with pytest.raises(RunIsOver):
            await rig.sessions.answer(question)

    assert rig.said == []


@pytest.mark.parametrize("name", ["q-999", "q-1", "18", "nosuch", "q-", "", "q-99999999999999999"])
async def test_what_is_no_question_cannot_be_answered(name: str) -> None:
    async with speaker() as rig:
        await rig.begin()

        with pytest.raises(NotFound, match="no question"):
            await rig.sessions.answer(name)


async def test_a_person_is_asked_a_question() -> None:
    asks = ToolCall("1", "ask_human", {"question": "Which tea?", "choices": ["green", "black"]})
    async with speaker(replies(asks)) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()
        with pytest.raises(InvalidInput, match="'red' is not a choice"):
            await rig.sessions.answer(question, "red")
        with pytest.raises(InvalidInput, match="asks for a text"):
            await rig.sessions.answer(question, "green", for_run=True)

        await rig.sessions.answer(question, "Green ")
        await handle.wait()

    assert not question.question.is_approval
    assert question.question.choices == ("green", "black")
    assert rig.told() == ["green"]


@pytest.mark.parametrize(("default", "told"), [("green", "green"), ("", "nobody answered in time")])
async def test_a_question_has_a_default(default: str, told: str) -> None:
    asks = ToolCall("1", "ask_human", {"question": "Which tea?", "default": default})
    async with speaker(replies(asks), question_seconds=60) as rig:
        await (await rig.begin()).wait()

    assert rig.told() == [told]


async def test_the_journal_does_not_say_that_a_call_which_a_person_denied_is_allowed() -> None:
    async with speaker(replies(call("tea"))) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question, allow=False)
        await handle.wait()
        bodies = [event.body for event in await rig.sessions.history(handle.key)]

    assert [body.is_allowed for body in bodies if isinstance(body, Ruled)] == [False]


async def test_the_journal_tells_which_rule_decided_and_who_answered() -> None:
    permissions = Permissions(allow=("say(tea)",), ask=("say(rain)",))
    said = replies(call("tea"), call("rain", 2), call("snow", 3))
    async with speaker(said, permissions=permissions) as rig:
        handle = await rig.begin()
        (question,) = await rig.sessions.questions()
        await rig.sessions.answer(question)
        await handle.wait()
        bodies = [event.body for event in await rig.sessions.history(handle.key)]

    ruled = {body.subject: body for body in bodies if isinstance(body, Ruled)}
    assert (ruled["tea"].is_allowed, ruled["tea"].rule) == (True, "say(tea)")
    assert (ruled["snow"].is_allowed, ruled["snow"].rule) == (False, "")
    assert [body.by for body in bodies if isinstance(body, Answered)] == ["user"]


@pytest.mark.parametrize(
    ("permissions", "notices"),
    [
        (Permissions(), 1),
        (Permissions(deny=("say",)), 1),
        (Permissions(allow=("say(tea)",)), 0),
        (ASKS, 0),
    ],
)
async def test_the_result_says_which_tool_no_permission_allows(
    permissions: Permissions, notices: int
) -> None:
    async with speaker(permissions=permissions) as rig:
        result = await (await rig.begin()).wait()

    assert sum("no permission allows any call of say" in text for text in result.notices) == notices
