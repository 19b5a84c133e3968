"""A batch returns a valid answer for each item, from one call if possible and otherwise singly."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.limits import Limits
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import AuthFailed, InvalidInput
from parallel_agents.sessions.batch import for_many, split
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
    return "several items" in request.system


def items_of(request: ModelRequest) -> list[str]:
    return [part.partition("\n")[2] for part in request.messages[0].text.split("## Item ")[1:]]


def answering(say: Say, leaves_out: str = "-") -> Callable[[ModelRequest], Answer]:
    """A model that says something of each item, and leaves one out when asked for many."""

    def answer(request: ModelRequest) -> Answer:
        if not is_for_many(request):
            return orjson.dumps({"word": f"{request.messages[0].text}, alone"}).decode()
        listed = [text.strip() for text in items_of(request)]
        answers = [
            {"item": n, "answer": say(text)}
            for n, text in enumerate(listed, start=1)
            if text != leaves_out
        ]
        return orjson.dumps({"answers": answers}).decode()

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
        assert len(model.requests) == 2


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


@pytest.mark.parametrize(
    ("answers", "fit"),
    [
        ([{"item": 1, "answer": {"word": "a"}}], {0: {"word": "a"}}),
        ([{"item": 0, "answer": {"word": "a"}}, {"item": True, "answer": {"word": "a"}}], {}),
        ([{"item": 1, "answer": {"word": "a"}}, {"item": 1, "answer": {"word": "b"}}], {}),
        ([{"item": 1, "answer": {"word": "a"}}] * 2, {0: {"word": "a"}}),
        ([{"answer": {"word": "a"}}, "words", None, {"item": "1", "answer": {"word": "a"}}], {}),
        ("words", {}),
        (None, {}),
    ],
)
def test_an_ambiguous_answer_is_left_out(answers: Any, fit: dict[int, Any]) -> None:
    assert split(orjson.dumps({"answers": answers}).decode(), SCHEMA) == fit


def test_an_agent_without_a_schema_answers_in_text() -> None:
    text = orjson.dumps({"answers": [{"item": 1, "answer": "a"}, {"item": 2, "answer": ""}]})

    assert split(text.decode(), None) == {0: "a"}
    assert split("no JSON", None) == {}


def test_references_in_a_schema_still_resolve_and_the_token_limit_grows_with_the_items() -> None:
    schema: JsonObject = {"$ref": "#/$defs/word", "$defs": {"word": {"type": "string"}}}
    limits = Limits(max_output_tokens=500, max_turns=3)
    agent = Agent(
        name="a", description="A", instructions="Do.", output_schema=schema, limits=limits
    )

    many = for_many(agent, 3)

    assert many.output_schema is not None
    assert many.output_schema["$defs"] == {"word": {"type": "string"}}
    assert many.limits == Limits(max_output_tokens=1500, max_turns=3)
    assert for_many(agent, 100).limits.max_output_tokens == 4096
