"""A batch returns a valid answer for each item, from one call if possible and otherwise singly."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import RegexGate
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import AuthFailed, BatchRefused, InvalidInput
from parallel_agents.models.simulated.days import Day
from parallel_agents.models.simulated.model import Simulated
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {"word": {"type": "string"}},
    "required": ["word"],
    "additionalProperties": False,
}
RATER = Agent(name="rater", description="Rates", instructions="Rate it.", output_schema=SCHEMA)
DONE, FAILED = RunStatus.DONE, RunStatus.FAILED
Say = Callable[[str], object]


def is_for_many(request: ModelRequest) -> bool:
    return "items at once" in request.system


def items_of(request: ModelRequest) -> dict[str, str]:
    text = request.messages[0].text
    return orjson.loads(text[text.index("{") :])


def answering(say: Say, leaves_out: str = "-") -> Callable[[ModelRequest], Answer]:
    """A model that says something of each item, and leaves one out when asked for many."""

    def answer(request: ModelRequest) -> Answer:
        if not is_for_many(request):
            return orjson.dumps({"word": f"{request.messages[0].text}, alone"}).decode()
        return orjson.dumps(
            {n: say(text) for n, text in items_of(request).items() if text != leaves_out}
        ).decode()

    return answer


@asynccontextmanager
async def open_test_rig(
    answer: Callable[[ModelRequest], Answer],
) -> AsyncGenerator[tuple[Rig, RepliesWith]]:
    model = RepliesWith(answer, latency_seconds=10)
    async with open_rig(model, agents=[RATER]) as rig:
        yield rig, model


async def test_items_are_answered_together_in_their_order() -> None:
    async with open_test_rig(answering(lambda text: {"word": f"{text}!"})) as (rig, model):
        items = [f"thing {n}" for n in range(7)]

        result = await rig.sessions.batch("rater", items, size=3)

        assert [item.output for item in result.items] == [
            *({"word": f"thing {n}!"} for n in range(6)),
            {"word": "thing 6, alone"},
        ]
        assert [item.is_single for item in result.items] == [False] * 6 + [True]
        assert {item.status for item in result.items} == {DONE}
        assert len(model.requests) == 3
        assert len(result.runs) == 3
        assert result.spend.calls == 3


async def test_a_batch_of_nothing_has_no_items() -> None:
    async with open_test_rig(answering(lambda _: None)) as (rig, _):
        assert (await rig.sessions.batch("rater", [], size=3)).items == ()


async def test_a_notebook_shows_the_items_of_a_batch_as_text() -> None:
    items = [f"<b>{n}</b>" for n in range(103)]
    async with open_test_rig(answering(lambda text: {"word": text})) as (rig, _):
        result = await rig.sessions.batch("rater", items, size=50)

        html = result._repr_html_()  # pyright: ignore[reportPrivateUsage] - as a notebook calls it

        assert "103 items: 103 done, by 3 runs" in html
        assert "showing 100 of 103" in html
        assert "<b>7</b>" not in html
        assert "&lt;b&gt;7&lt;/b&gt;" in html
        assert dict(result.__rich_repr__())["items"] == "103 items: 103 done"


async def test_an_item_without_an_answer_gets_a_run_of_its_own() -> None:
    async with open_test_rig(answering(lambda text: {"word": text}, leaves_out="b")) as (
        rig,
        model,
    ):
        result = await rig.sessions.batch("rater", ["a", "b", "c"])

        assert [item.is_single for item in result.items] == [False, True, False]
        assert result.items[1].output == {"word": "b, alone"}
        assert len(model.requests) == 3, "the call, its repair, and one alone"


async def test_an_invalid_answer_spoils_no_other_and_leaves_no_dead_letter() -> None:
    def say(text: str) -> object:
        return {"word": 5} if text == "b" else {"word": text}

    async with open_test_rig(answering(say)) as (rig, model):
        result = await rig.sessions.batch("rater", ["a", "b", "c"])

        assert [item.output for item in result.items] == [
            {"word": "a"},
            {"word": "b, alone"},
            {"word": "c"},
        ]
        assert [item.status for item in result.items] == [DONE, DONE, DONE]
        assert result.runs[0].status is FAILED
        assert len(model.requests) == 3, "the call, its repair, and one alone"
        assert await rig.sessions.dead_letters() == []


async def test_an_item_that_also_fails_alone_is_a_result_and_a_dead_letter() -> None:
    def answer(request: ModelRequest) -> Answer:
        return "no JSON" if is_for_many(request) else AuthFailed("no key")

    async with open_test_rig(answer) as (rig, _):
        result = await rig.sessions.batch("rater", ["a", "b"])

        assert [item.status for item in result.items] == [FAILED, FAILED]
        assert [item.output for item in result.items] == [None, None]
        dead_letters = await rig.sessions.dead_letters()
        assert sorted(dead_letter.session.label for dead_letter in dead_letters) == [
            "rater-1",
            "rater-2",
        ]


async def test_the_same_key_asks_no_model_again() -> None:
    async with open_test_rig(answering(lambda text: {"word": text}, leaves_out="b")) as (
        rig,
        model,
    ):
        first = await rig.sessions.batch("rater", ["a", "b", "c"], key="monday")
        calls = len(model.requests)

        again = await rig.sessions.batch("rater", ["a", "b", "c"], key="monday")

        assert again == first
        assert len(model.requests) == calls


async def test_a_size_below_one_is_refused_and_no_items_are_no_calls() -> None:
    async with open_test_rig(answering(lambda text: {"word": text})) as (rig, model):
        with pytest.raises(InvalidInput, match=r"size of batch\(\) is 0"):
            await rig.sessions.batch("rater", ["a"], size=0)

        assert (await rig.sessions.batch("rater", [])).items == ()
        assert model.requests == []


async def test_gates_judge_each_item_and_one_that_they_reject_is_run_again_alone() -> None:
    gate = RegexGate(pattern="calm")
    agent = replace(RATER, name="strict", gates=(gate,))

    def answer(request: ModelRequest) -> Answer:
        if not is_for_many(request):
            return '{"word": "calm, too"}'
        return orjson.dumps({n: {"word": text} for n, text in items_of(request).items()}).decode()

    async with open_test_rig(answer) as (rig, _):
        result = await rig.sessions.batch(agent, ["calm", "loud"])

    assert [item.output for item in result.items] == [{"word": "calm"}, {"word": "calm, too"}]
    assert [item.is_single for item in result.items] == [False, True]


async def test_an_agent_whose_work_cannot_be_told_apart_is_asked_for_one_item_a_call() -> None:
    agent = replace(RATER, name="lead", policy=Policy(spawns=("rater",)))
    async with open_test_rig(answering(lambda text: {"word": text})) as (rig, _):
        with pytest.raises(BatchRefused) as refused:
            await rig.sessions.batch(agent, ["a", "b"])

        result = await rig.sessions.batch(agent, ["a", "b"], size=1)

    assert "size=1" in refused.value.hint
    assert [item.status for item in result.items] == [DONE, DONE]


async def test_a_simulated_model_answers_a_batch_in_one_call() -> None:
    async with open_rig(Simulated(Day(name="calm")), agents=[RATER]) as rig:
        result = await rig.sessions.batch("rater", ["a", "b", "c"])

    assert [item.is_single for item in result.items] == [False] * 3
    assert result.spend.calls == 1
