"""A scripted model gives exactly the answers of its script."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from typing_extensions import override

from parallel_agents.core.message import ToolCall, assistant, user
from parallel_agents.core.model import Finish, ModelReply, ModelRequest
from parallel_agents.errors import InvalidInput, Overloaded, ProviderError
from parallel_agents.testing.listener import RecordingListener
from parallel_agents.testing.scripted import Answer, RepliesWith, ScriptedModel

REQUEST = ModelRequest(messages=(user("hello"),))
CALL = ToolCall("1", "look", {})


class NeverRetries(RecordingListener):
    """A listener that fails if a call is retried."""

    @override
    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        raise AssertionError("a scripted model does not retry")


async def ask(
    model: ScriptedModel | RepliesWith, listener: NeverRetries | None = None
) -> ModelReply:
    return await model.respond(REQUEST, listener)


async def test_each_kind_of_entry_becomes_its_reply() -> None:
    call = ToolCall("1", "look", {})
    whole = ModelReply(message=assistant("whole"), model="scripted/model")
    model = ScriptedModel(["text", call, whole, lambda request: whole, [call, call]])

    replies = [await ask(model) for _ in range(5)]

    assert replies[0].message == assistant("text")
    assert replies[1].message.tool_calls == (call,)
    assert replies[1].finish is Finish.TOOLS
    assert replies[2] is whole
    assert replies[3] is whole
    assert replies[4].message.tool_calls == (call, call)
    assert model.requests == [REQUEST] * 5


async def test_an_exception_is_raised() -> None:
    with pytest.raises(Overloaded):
        await ask(ScriptedModel([Overloaded("busy")]))


@pytest.mark.parametrize("script", [(), ("one",)])
async def test_a_call_beyond_the_script_fails(script: Sequence[str]) -> None:
    model = ScriptedModel(script)
    for _ in script:
        await ask(model)

    with pytest.raises(AssertionError, match=f"more than {len(script)} times"):
        await ask(model)


async def test_a_script_with_entries_left_fails() -> None:
    model = ScriptedModel(["one", "two"])
    await ask(model)

    with pytest.raises(AssertionError, match="1 of 2"):
        model.assert_used_up()


async def test_the_text_is_shown_to_a_listener_that_wants_text() -> None:
    listener = NeverRetries(wants_text=True)

    await ask(ScriptedModel(["hello"]), listener)

    assert listener.pieces == ["hello"]


async def test_a_function_answers_every_call() -> None:
    def answer(request: ModelRequest) -> Answer:
        return request.messages[-1].text.upper()

    model = RepliesWith(answer)

    assert [(await ask(model)).message.text for _ in range(3)] == ["HELLO"] * 3
    assert len(model.requests) == 3


@pytest.mark.parametrize("answer", ["text", CALL, [CALL, CALL]])
async def test_a_function_of_a_script_returns_what_its_other_entries_may_be(answer: Answer) -> None:
    def function(_: ModelRequest) -> Answer:
        return answer

    model = ScriptedModel([answer, function])

    assert await ask(model) == await ask(model)


@pytest.mark.parametrize("odd", [None, 5, ["text"]])
async def test_what_no_function_may_answer_is_told(odd: Any) -> None:
    for model in (ScriptedModel([lambda _: odd]), RepliesWith(lambda _: odd)):
        with pytest.raises(InvalidInput, match="a function answered") as refused:
            await ask(model)
        assert "a text, a ToolCall, a list" in refused.value.hint
