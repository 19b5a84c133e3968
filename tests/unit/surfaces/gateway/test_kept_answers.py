"""A request that is sent again finds what it was answered, for a while and within a bound."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from parallel_agents.errors import Conflict, NotFound
from parallel_agents.surfaces.gateway.kept_answers import KeptAnswers, KeyedRequest
from parallel_agents.surfaces.gateway.replies import Document, Reply

REQUEST = KeyedRequest("operate", "POST", "/api/v1/runs/a/kill", "k", b"1")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def answered(value: object) -> Reply:
    await asyncio.sleep(1)
    return Document(value=value)


async def refused() -> Reply:
    raise NotFound("there is no such run")


def shown(reply: Reply) -> object:
    assert isinstance(reply, Document)
    return orjson.loads(orjson.dumps(reply.value))


async def test_the_same_request_waits_for_what_is_being_done_and_then_finds_it() -> None:
    answers = KeptAnswers()
    doing = answers.do(REQUEST, answered({"runs": 1}))

    assert answers.find(REQUEST) is doing
    await doing
    found = answers.find(REQUEST)

    assert found is not None
    assert shown(await found) == {"runs": 1}
    assert answers.find(REQUEST._replace(content=b"2")) is None
    assert answers.find(REQUEST._replace(access="read")) is None


async def test_a_refusal_is_not_kept() -> None:
    answers = KeptAnswers()
    with pytest.raises(NotFound):
        await answers.do(REQUEST, refused())

    assert answers.find(REQUEST) is None


async def test_an_answer_is_kept_for_ten_minutes() -> None:
    clock = Clock()
    answers = KeptAnswers(clock)
    await answers.do(REQUEST, answered(1))
    clock.now += 599

    assert answers.find(REQUEST) is not None
    clock.now += 1
    assert answers.find(REQUEST) is None


async def test_large_answers_make_room_for_later_ones() -> None:
    answers = KeptAnswers()
    for number in range(3):
        await answers.do(REQUEST._replace(key=str(number)), answered("x" * (6 << 20)))

    found = [answers.find(REQUEST._replace(key=str(number))) is not None for number in range(3)]
    assert found == [False, True, True]


async def test_what_was_first_sent_to_the_process_before_may_be_done() -> None:
    clock = Clock()
    answers = KeptAnswers(clock)
    clock.now += 5

    answers.check_known(5)
    with pytest.raises(Conflict, match="may have been done"):
        answers.check_known(6)
