"""A model is ready, and its price is known, before there is an answer to store."""

from __future__ import annotations

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Shortened
from parallel_agents.core.message import assistant
from parallel_agents.core.model import Capabilities, Finish, Model, ModelReply, ModelRequest
from parallel_agents.core.run import RunStatus
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.task import Task
from parallel_agents.core.transcript import fold
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ContextTooLong
from parallel_agents.runners.agent.loop import AgentRunner
from parallel_agents.runners.agent.tooling import Tooling
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, RepliesWith, ScriptedModel, open_rig
from tests.unit.runners.agent.parts import ListJournal, NoChildren, NoGates, activation_of

PLAIN = Settings(summaries=False)
WRITER = Agent(name="writer", description="Writes", instructions="Write.")


class PricedModels:
    """A model and its price; `asked` holds what was asked for, in order."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self._model = RepliesWith(self._answer)

    def _answer(self, request: ModelRequest) -> str:
        self.asked.append("answer")
        return f"re: {request.messages[-1].text}"

    def get(self, name: str) -> Model:
        del name
        return self._model

    def cost_nanousd(self, model: str, usage: Usage) -> int | None:
        self.asked.append(f"price of {model}")
        return usage.total_tokens

    def most_nanousd(self, model: str, input_tokens: int, output_tokens: int) -> int | None:
        del model
        return input_tokens + output_tokens


async def test_a_list_of_prices_is_loaded_before_the_first_call() -> None:
    models, journal = PricedModels(), ListJournal()
    runner = AgentRunner(
        models, Tooling(tools={}), NoChildren(), lambda _: "", gatekeeper=NoGates()
    )

    await runner.run(activation_of(WRITER, journal))

    assert models.asked[:2] == ["price of scripted/model", "answer"]
    assert journal.outcome is not None
    assert journal.outcome.status is RunStatus.DONE
    assert journal.outcome.output == "re: Hello."


async def test_a_conversation_that_is_refused_as_too_long_is_shortened_and_the_run_goes_on() -> (
    None
):
    def answer(request: ModelRequest) -> Answer:
        if len(request.messages) > 8:
            return ContextTooLong("it answered 400: maximum context length is 8192 tokens")
        return f"answer with {len(request.messages)} messages"

    model = RepliesWith(answer)
    persistent = SessionOptions(mode=Mode.SESSION)
    async with open_rig(model, agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "begin", options=persistent))
        results = [await handle.wait()]
        for number in range(12):
            await handle.send(f"{number}: {'x' * 100}")
            results.append(await handle.wait())
        events = await rig.sessions.history(handle.key)

    assert {result.status for result in results} == {RunStatus.DONE}
    shortened = [event for event in events if isinstance(event.body, Shortened)]
    refused = sum("outgrew the context" in "".join(result.notices) for result in results)
    assert len(shortened) == refused > 1
    assert fold(events).messages[-2].text.startswith("11: ")


async def test_a_task_that_is_too_long_by_itself_fails_after_one_call() -> None:
    model = ScriptedModel([ContextTooLong("too long")])
    async with open_rig(model, agents=[WRITER]) as rig:
        result = await (await rig.sessions.spawn(Task("writer", "x" * 10_000))).wait()

    assert result.error is not None
    assert result.error.code == "PA-E204"
    model.assert_used_up()


async def test_a_shorter_request_that_is_refused_too_fails() -> None:
    model = ScriptedModel(["x" * 9_000, ContextTooLong("too long"), ContextTooLong("too long")])
    persistent = SessionOptions(mode=Mode.SESSION)
    async with open_rig(model, agents=[WRITER], settings=PLAIN) as rig:
        handle = await rig.sessions.spawn(Task("writer", "go", options=persistent))
        await handle.wait()
        await handle.send("go on")
        result = await handle.wait()

    assert result.error is not None
    assert result.error.code == "PA-E204"
    assert len(model.requests[2].messages) < len(model.requests[1].messages)
    model.assert_used_up()


async def test_a_known_context_is_not_overrun() -> None:
    model = ScriptedModel(
        ["tea " * 1_200, "oat " * 1_200, "z"], capabilities=Capabilities(context_tokens=4_000)
    )
    persistent = SessionOptions(mode=Mode.SESSION)
    async with open_rig(model, agents=[WRITER], settings=PLAIN) as rig:
        handle = await rig.sessions.spawn(Task("writer", "one", options=persistent))
        await handle.wait()
        for text in ("two", "three"):
            await handle.send(text)
            result = await handle.wait()

    assert result.status is RunStatus.DONE
    assert [message.text[:9] for message in model.requests[2].messages] == [
        "(From the",
        "two",
        "oat oat o",
        "three",
    ]
    assert result.notices == (
        "the conversation outgrew the context of scripted/model: its oldest parts were left out",
    )


async def test_a_reply_that_filled_the_context_is_asked_for_again_in_a_shorter_conversation() -> (
    None
):
    full = ModelReply(message=assistant("half an"), model="m", finish=Finish.WINDOW)
    model = ScriptedModel(["x" * 9_000, full, "an answer"])
    persistent = SessionOptions(mode=Mode.SESSION)
    async with open_rig(model, agents=[WRITER], settings=PLAIN) as rig:
        handle = await rig.sessions.spawn(Task("writer", "one", options=persistent))
        await handle.wait()
        await handle.send("two")
        result = await handle.wait()

    assert result.output == "an answer"
    assert [message.text[:9] for message in model.requests[2].messages] == [
        "(From the",
        "two",
        "(From the",
    ]
