"""The loop of one run: repair, attempts, limits, messages on the way, and the events of each."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from typing_extensions import override

from parallel_agents.core.agent import Agent, Need
from parallel_agents.core.budget import Budget
from parallel_agents.core.event import Event, Refused, Replied, Retrying, SteerMode, Unanswered
from parallel_agents.core.ids import RunId
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, ToolCall, assistant
from parallel_agents.core.model import Capabilities, Finish, Listener, ModelReply, ModelRequest
from parallel_agents.core.run import Outcome, Result, RunStatus
from parallel_agents.core.task import Task
from parallel_agents.core.usage import Usage
from parallel_agents.errors import (
    AuthFailed,
    MalformedReply,
    Overloaded,
    ProviderError,
    RunIsOver,
    StreamCut,
)
from parallel_agents.models.simulated.days import Day, Mishap
from parallel_agents.models.simulated.model import Simulated
from parallel_agents.settings import Settings
from parallel_agents.testing import (
    Answer,
    MemoryStore,
    RepliesWith,
    Rig,
    ScriptedModel,
    open_rig,
)

WRITER = Agent(name="writer", description="Writes", instructions="Write well.", temperature=0.3)
GRADER = replace(
    WRITER,
    name="grader",
    output_schema={
        "type": "object",
        "properties": {"grade": {"type": "integer", "minimum": 1}},
        "required": ["grade"],
    },
)


async def carry_out(
    model: ScriptedModel | RepliesWith, agent: Agent = WRITER, limits: Limits = Limits()
) -> Result:
    """The result of one task, on virtual time."""

    async with open_rig(model, agents=[agent]) as rig:
        handle = await rig.sessions.spawn(Task(agent.name, "do it", limits=limits))
        return await handle.wait()


def texts(messages: Sequence[Message]) -> list[str]:
    return [message.text for message in messages]


async def test_an_answer_ends_the_run_with_all_that_is_known_of_it() -> None:
    usage = Usage(10, 20, 30, 40)
    reply = ModelReply(message=assistant("hello"), model="scripted/model", usage=usage)
    model = ScriptedModel([reply], latency_seconds=3)

    result = await carry_out(model)

    assert result.status is RunStatus.DONE
    assert result.output == "hello"
    assert result.text == "hello"
    assert result.agent == "writer"
    assert result.model == "scripted/model"
    assert result.attempts == 1
    assert result.usage == usage
    assert result.spend.calls == 1
    assert result.seconds == 3
    assert result.cost_usd == 0
    model.assert_used_up()


async def test_the_model_is_asked_as_the_agent_and_the_limits_say() -> None:
    model = ScriptedModel(['{"grade": 1}'])

    await carry_out(model, GRADER, Limits(max_output_tokens=77, call_timeout_seconds=9))

    (request,) = model.requests
    assert request.system == "Write well."
    assert request.temperature == 0.3
    assert texts(request.messages) == ["do it"]
    assert request.output_schema == GRADER.output_schema
    assert request.max_output_tokens == 77
    assert request.timeout_seconds == 9


@pytest.mark.parametrize(
    "text",
    [
        '{"grade": 3}',
        '```json\n{"grade": 3}\n```',
        'Here it is:\n\n```\n{"grade": 3}\n```\nI hope that helps.',
        'My grade is {"grade": 3}.',
        'Not {"other": 1} but {"grade": 3}',
    ],
)
async def test_json_is_found_in_fences_and_after_prose(text: str) -> None:
    result = await carry_out(ScriptedModel([text]), GRADER)

    assert result.status is RunStatus.DONE
    assert result.output == {"grade": 3}
    assert result.text == text


async def test_an_answer_that_does_not_fit_is_repaired_once() -> None:
    model = ScriptedModel(['{"grade": 0}', '{"grade": 2}'])

    result = await carry_out(model, GRADER)

    assert result.output == {"grade": 2}
    assert result.attempts == 1
    assert result.spend.calls == 2
    asked, refused, repair = texts(model.requests[1].messages)
    assert asked == "do it"
    assert refused == '{"grade": 0}'
    assert "grade: 0 is less than the minimum of 1" in repair


async def test_after_a_repair_that_does_not_fit_the_run_fails_and_keeps_the_raw_text() -> None:
    model = ScriptedModel(["no grade", '{"grade": "none"}'])

    result = await carry_out(model, GRADER)

    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert result.error.code == "PA-E301"
    assert "integer" in result.error.why
    assert result.text == result.output == '{"grade": "none"}'
    model.assert_used_up()


async def test_another_attempt_begins_again_from_the_task() -> None:
    model = ScriptedModel(["bad", "bad again", "still bad", '{"grade": 5}'])

    result = await carry_out(model, GRADER, Limits(attempts=2))

    assert result.status == "done"
    assert result.output == {"grade": 5}
    assert result.attempts == 2
    task, critique = texts(model.requests[2].messages)
    assert task == "do it"
    assert "An earlier attempt at this was rejected." in critique
    assert "bad again" in critique
    assert texts(model.requests[3].messages)[2] == "still bad"
    assert result.spend.calls == 4


async def test_when_all_attempts_are_used_the_last_answer_is_kept() -> None:
    model = ScriptedModel(["1", "2", "3", "4"])

    result = await carry_out(model, GRADER, Limits(attempts=2))

    assert result.status == "failed"
    assert result.attempts == 2
    assert result.text == "4"


async def test_an_empty_answer_is_refused() -> None:
    model = ScriptedModel(["  \n", "words"])

    result = await carry_out(model)

    assert result.output == "words"
    assert "empty" in model.requests[1].messages[-1].text


async def test_an_answer_cut_at_its_token_limit_fails_without_a_repair() -> None:
    cut = ModelReply(message=assistant('{"grade": 1'), model="m", finish=Finish.LENGTH)

    result = await carry_out(ScriptedModel([cut]), GRADER, Limits(max_output_tokens=5))

    assert result.error is not None
    assert result.status is RunStatus.FAILED
    assert result.error.code == "PA-E211"
    assert "5 tokens" in result.error.message
    assert result.text == '{"grade": 1'


async def test_a_run_out_of_turns_keeps_its_last_text() -> None:
    call = Message(Role.ASSISTANT, (*assistant("thinking").parts, ToolCall("1", "nothing", {})))
    again = ModelReply(message=call, model="m", finish=Finish.TOOLS)
    model = ScriptedModel([again, again, again])

    result = await carry_out(model, limits=Limits(max_turns=3))

    assert result.error is not None
    assert result.status is RunStatus.FAILED
    assert result.error.code == "PA-E303"
    assert result.output == "thinking"
    assert result.spend.calls == 3


@pytest.mark.parametrize("call_timeout_seconds", [60, 15])  # in its first call, in a further try
async def test_a_run_out_of_time_ends_timed_out_with_the_text_that_was_heard(
    call_timeout_seconds: float,
) -> None:
    class Talker(RepliesWith):
        """Streams the start of its answer, and then nothing."""

        @override
        async def respond(
            self, request: ModelRequest, listener: Listener | None = None
        ) -> ModelReply:
            if listener is not None:
                listener.text("Once upon")
                listener.text(" a time")
            await asyncio.sleep(1000)
            raise AssertionError("the run should be over by now")

    limits = Limits(timeout_seconds=20, call_timeout_seconds=call_timeout_seconds)
    result = await carry_out(Talker(lambda _: ""), limits=limits)

    assert result.error is not None
    assert result.status is RunStatus.TIMED_OUT
    assert result.error.code == "PA-E302"
    assert result.output == "Once upon a time"
    assert result.seconds == 20


async def test_the_time_in_the_queue_does_not_count_as_time_of_the_run() -> None:
    model = RepliesWith(lambda _: "done", latency_seconds=8)
    one = replace(WRITER, limits=Limits(max_parallel=1, timeout_seconds=10))
    async with open_rig(model, agents=[one]) as rig:
        handles = [await rig.sessions.spawn(Task("writer", f"task {n}")) for n in range(4)]
        results = await rig.sessions.wait(handles)

    assert [(result.status, result.seconds) for result in results] == [(RunStatus.DONE, 8)] * 4


async def test_a_call_that_outlasts_its_deadline_is_made_once_more_and_then_fails() -> None:
    model = RepliesWith(lambda _: "late", latency_seconds=100)

    result = await carry_out(model, limits=Limits(call_timeout_seconds=10, timeout_seconds=500))

    assert result.error is not None
    assert result.status is RunStatus.FAILED
    assert result.error.code == "PA-E209"
    assert len(model.requests) == 2


UNBILLED = "1 call without a reply may have been billed: the cost does not include that"


@pytest.mark.parametrize(
    ("answers", "notices"),
    [
        ([StreamCut("cut"), "at last"], (UNBILLED,)),
        (
            [MalformedReply("html"), MalformedReply("html")],
            (UNBILLED.replace("1 call", "2 calls"),),
        ),
        ([Overloaded("busy"), "at last"], ()),
        ([AuthFailed("no such key")], ()),
    ],
)
async def test_a_result_says_how_many_calls_without_a_reply_may_have_been_billed(
    answers: Sequence[str | ProviderError], notices: tuple[str, ...]
) -> None:
    result = await carry_out(ScriptedModel(answers, capabilities=Capabilities()))

    assert result.notices == notices


async def test_a_call_that_the_runs_own_deadline_cut_may_have_been_billed() -> None:
    model = RepliesWith(lambda _: "late", latency_seconds=100, capabilities=Capabilities())

    result = await carry_out(model, limits=Limits(timeout_seconds=10))

    assert result.status is RunStatus.TIMED_OUT
    assert result.notices == (UNBILLED,)


async def test_a_free_model_bills_no_call_and_fits_any_budget_in_dollars() -> None:
    model = ScriptedModel([StreamCut("cut"), "at last"])

    async with open_rig(model, agents=[WRITER]) as rig:
        task = Task("writer", "do it", budget=Budget(usd=0.01))
        result = await (await rig.sessions.spawn(task)).wait()

    assert (result.status, result.cost_usd, result.notices) == (RunStatus.DONE, 0, ())


async def test_a_simulated_model_bills_no_call() -> None:
    cut = Simulated(Day(name="cut", shares={Mishap.CUT: 0.9}))

    async with open_rig(cut, agents=[WRITER], settings=Settings(tries=3)) as rig:
        handle = await rig.sessions.spawn(Task("writer", "do it"))
        result = await handle.wait()
        events = await rig.sessions.history(handle.key)

    assert any(isinstance(event.body, Retrying) for event in events)
    assert not [notice for notice in result.notices if "billed" in notice]


async def test_a_call_without_a_reply_is_in_the_history_and_counts_when_the_run_is_resumed() -> (
    None
):
    store, unpriced = MemoryStore(), Capabilities()
    model = ScriptedModel([StreamCut("cut"), "at last"], latency_seconds=60, capabilities=unpriced)
    async with open_rig(model, agents=[WRITER], store=store) as rig:
        await rig.sessions.spawn(Task("writer", "do it", key="one"))
        await asyncio.sleep(90)

    async with open_rig(
        ScriptedModel([], capabilities=unpriced), agents=[WRITER], store=store
    ) as rig:
        handle = await rig.sessions.spawn(Task("writer", "do it", key="one"))
        result = await handle.wait()
        events = await rig.sessions.history(handle.key)

    assert result.output == "at last"
    assert result.notices == (UNBILLED,)
    lost = [event.body for event in events if isinstance(event.body, Unanswered)]
    assert lost == [Unanswered(turn=1, model="scripted/model")]


async def test_a_failure_of_the_provider_that_may_pass_is_tried_again_and_noted() -> None:
    model = ScriptedModel([Overloaded("busy"), Overloaded("busy"), "at last"])

    async with open_rig(model, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "do it"))
        result = await handle.wait()
        events = await rig.sessions.history(handle.key)

    assert result.output == "at last"
    retries = [event.body for event in events if isinstance(event.body, Retrying)]
    codes = [(retry.attempt, retry.error.code) for retry in retries]
    assert codes == [(1, "PA-E202"), (2, "PA-E202")]
    (reply,) = [event.body for event in events if isinstance(event.body, Replied)]
    assert reply.tries == 3


async def test_a_failure_that_stays_ends_the_run_with_its_code_and_its_cure() -> None:
    result = await carry_out(ScriptedModel([AuthFailed("no such key", hint="set the key")]))

    assert result.error is not None
    assert result.status is RunStatus.FAILED
    assert result.error.code == "PA-E203"
    assert result.error.message == "no such key"
    assert result.error.hint == "set the key"
    assert result.output is None
    assert result.spend.calls == 0


async def test_a_model_that_crashes_ends_its_run_and_says_so() -> None:
    def broken(request: ModelRequest) -> Answer:
        raise ZeroDivisionError(request.system)

    result = await carry_out(RepliesWith(broken))

    assert result.error is not None
    assert result.status is RunStatus.FAILED
    assert result.error.code == "PA-E314"
    assert "raised ZeroDivisionError: Write well." in result.error.message


async def test_a_model_that_lacks_what_the_agent_needs_earns_the_result_a_notice() -> None:
    weak = Capabilities(lacks=frozenset({Need.JUDGEMENT}))
    judge = replace(WRITER, needs=(Need.JUDGEMENT, Need.FACTS))

    result = await carry_out(ScriptedModel(["fine"], capabilities=weak), judge)

    assert len(result.notices) == 1
    assert "scripted/model is too small to judge" in result.notices[0]


@pytest.mark.parametrize("need", Need)
async def test_each_need_that_a_model_lacks_has_its_own_notice(need: Need) -> None:
    weak = Capabilities(lacks=frozenset({need}))

    result = await carry_out(
        ScriptedModel(["fine"], capabilities=weak), replace(WRITER, needs=(need,))
    )

    (notice,) = result.notices
    assert notice.startswith("scripted/model ")


async def test_a_model_that_cannot_judge_cannot_be_funny() -> None:
    weak = Capabilities(lacks=frozenset({Need.JUDGEMENT, Need.FACTS}))
    joker = replace(WRITER, needs=(Need.HUMOUR,))

    result = await carry_out(ScriptedModel(["Knock, knock."], capabilities=weak), joker)

    assert result.notices == ("scripted/model is too small to be funny: read this as a draft",)


# Words on the way


async def steered(
    rig: Rig, *, after_seconds: float, mode: SteerMode, text: str = "shorter"
) -> tuple[Result, list[Event]]:
    """The result of a run that gets a message some time after it was spawned."""
    handle = await rig.sessions.spawn(Task("writer", "do it"))
    await asyncio.sleep(after_seconds)
    await handle.steer(text, mode=mode)
    return await handle.wait(), await rig.sessions.history(handle.key)


async def test_a_message_is_delivered_before_the_next_model_call() -> None:
    model = ScriptedModel(["long", "short"], latency_seconds=10)

    async with open_rig(model, agents=[WRITER]) as rig:
        result, events = await steered(rig, after_seconds=5, mode=SteerMode.NEXT)

    assert result.output == "short"
    assert result.seconds == 20
    assert texts(model.requests[1].messages) == ["do it", "long", "shorter"]
    kinds = [event.body.kind for event in events]
    assert kinds == [
        "queued",
        "started",
        "steered",
        "replied",
        "delivered",
        "replied",
        "finished",
    ]


async def test_a_message_in_mode_now_interrupts_the_call() -> None:
    model = ScriptedModel(["never heard", "short"], latency_seconds=10)

    async with open_rig(model, agents=[WRITER]) as rig:
        result, _ = await steered(rig, after_seconds=5, mode=SteerMode.NOW)

    assert result.output == "short"
    assert result.seconds == 15
    assert texts(model.requests[1].messages) == ["do it", "shorter"]
    assert result.spend.calls == 1


class WordBeforeTheEnd(MemoryStore):
    """A store in which a message arrives just before a run's first end."""

    is_left = False

    @override
    async def finish(
        self, run: RunId, epoch: int, outcome: Outcome, *, steers_seen: int | None = None
    ) -> bool:
        if not self.is_left:
            self.is_left = True
            await self.steer(run, "steer-1", "one more thing", mode=SteerMode.NEXT, by="somebody")
        return await super().finish(run, epoch, outcome, steers_seen=steers_seen)


async def test_a_message_that_arrives_while_the_answer_is_being_finished_is_not_lost() -> None:
    model = ScriptedModel(["first", "second"])

    store = WordBeforeTheEnd()
    async with open_rig(model, agents=[WRITER], store=store) as rig:
        result = await (await rig.sessions.spawn(Task("writer", "do it"))).wait()
    await store.aclose()

    assert result.output == "second"
    assert texts(model.requests[-1].messages) == ["do it", "first", "one more thing"]


async def test_a_message_to_a_run_in_the_queue_is_delivered_with_its_first_call() -> None:
    model = RepliesWith(lambda _: "done", latency_seconds=10)
    one = replace(WRITER, limits=Limits(max_parallel=1))
    async with open_rig(model, agents=[one]) as rig:
        await rig.sessions.spawn(Task("writer", "first"))
        second = await rig.sessions.spawn(Task("writer", "second"))
        await second.steer("shorter")
        await second.wait()
        messages = texts(model.requests[-1].messages)

    assert messages == ["second", "shorter"]


async def test_a_message_after_the_end_is_refused_and_send_starts_the_next_run() -> None:
    model = ScriptedModel(["first", "second"])

    async with open_rig(model, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "do it"))
        await handle.wait()
        with pytest.raises(RunIsOver, match="done"):
            await handle.steer("too late")
        await handle.send("and now", input={"n": 1})
        await handle.wait()
        messages = texts(await handle.history())

    assert messages == ["do it", "first", 'and now\n\nInput:\n{\n  "n": 1\n}', "second"]


async def test_a_run_that_is_sent_while_another_works_sees_how_that_one_ended() -> None:
    model = ScriptedModel(["first", "second"], latency_seconds=10)

    async with open_rig(model, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "do it"))
        await asyncio.sleep(5)
        await handle.send("and now")
        await handle.wait()
        messages = texts(model.requests[-1].messages)

    assert messages == ["do it", "first", "and now"]


async def test_a_refusal_is_written_before_the_repair_is_asked_for() -> None:
    async with open_rig(ScriptedModel(["bad", '{"grade": 1}']), agents=[GRADER]) as rig:
        handle = await rig.sessions.spawn(Task("grader", "do it"))
        await handle.wait()
        events = await rig.sessions.history(handle.key)

    (refused,) = [event.body for event in events if isinstance(event.body, Refused)]
    assert refused.turn == 1


async def test_an_answer_that_was_cut_at_the_limit_of_its_schema_earns_the_result_a_notice() -> (
    None
):
    schema = {"type": "object", "properties": {"text": {"type": "string", "maxLength": 5}}}

    result = await carry_out(
        ScriptedModel(['{"text": "It is"}']), replace(WRITER, output_schema=schema)
    )

    assert result.is_done
    assert result.notices == ("text was probably cut: it ends at its limit of 5 characters",)
