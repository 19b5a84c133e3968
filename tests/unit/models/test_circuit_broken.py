"""A model that keeps failing is paused, then probed by one call, and used again if it answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from typing_extensions import override

from parallel_agents.core.message import user
from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.core.throttle import Throttle
from parallel_agents.errors import (
    AuthFailed,
    CircuitOpen,
    MalformedReply,
    ModelLoading,
    ModelSlipped,
    NothingListens,
    Overloaded,
    ProviderError,
    RateLimited,
    RequestRejected,
    StreamCut,
)
from parallel_agents.models.circuit_broken import CircuitBroken
from parallel_agents.models.governor import Governor
from parallel_agents.models.retrying import Patience, Retrying
from parallel_agents.models.throttled import Throttled
from parallel_agents.models.wrapped import Wrapped
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing.listener import RecordingListener
from parallel_agents.testing.scripted import Answer, RepliesWith

T = TypeVar("T")

NAME = "mine/model"
REQUEST = ModelRequest(messages=(user("hello"),))


def broken(
    answer: Callable[[float], Answer], store: MemoryStore | None = None, *, seconds: float = 0.0
) -> tuple[CircuitBroken, RepliesWith]:
    """A model whose answers depend on the time, inside its circuit, and the bare model."""
    clock = asyncio.get_running_loop().time
    inner = RepliesWith(lambda _: answer(clock()), NAME, latency_seconds=seconds)
    return CircuitBroken(inner, Governor(store or MemoryStore(clock), now=clock)), inner


async def fail(model: CircuitBroken, times: int, listener: RecordingListener | None = None) -> None:
    for _ in range(times):
        with pytest.raises(ProviderError):
            await model.respond(REQUEST, listener)


@pytest.mark.parametrize("error", [Overloaded("a"), StreamCut("b"), MalformedReply("c")])
async def test_five_failures_in_a_row_open_the_circuit_and_the_next_call_is_not_made(
    error: ProviderError,
) -> None:
    model, inner = broken(lambda _: error)
    await fail(model, 5)

    with pytest.raises(CircuitOpen) as caught:
        await model.respond(REQUEST)

    assert len(inner.requests) == 5
    assert caught.value.retry_after_seconds == 15.0


async def test_a_server_that_is_not_running_fails_each_call_within_seconds_with_its_own_words() -> (
    None
):
    model, inner = broken(lambda _: NothingListens("mine is not running"))
    calls = [Retrying(model).respond(REQUEST) for _ in range(20)]

    failures = await asyncio.gather(*calls, return_exceptions=True)

    assert {type(failure) for failure in failures} == {NothingListens}
    assert len(inner.requests) == 3 * 20
    assert asyncio.get_running_loop().time() <= 2.0


class Burst(Wrapped):
    """The first of the concurrent calls are cut, faster than the others are answered."""

    def __init__(self, cut: int) -> None:
        super().__init__(RepliesWith(lambda _: "fine", NAME, latency_seconds=10))
        self._cut = cut
        self.calls = 0

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        self.calls += 1
        if self.calls <= self._cut:
            await asyncio.sleep(0.1 * self.calls)
            raise StreamCut("cut")
        return await self._model.respond(request, listener)


@pytest.mark.parametrize(("cut", "made"), [(6, 61), (57, 61), (58, 60)])
async def test_calls_that_began_before_the_first_failure_count_as_successes(
    cut: int, made: int
) -> None:
    clock = asyncio.get_running_loop().time
    governor, inner = Governor(MemoryStore(clock), now=clock), Burst(cut)
    model = CircuitBroken(Throttled(inner, governor), governor)
    calls = [model.respond(REQUEST) for _ in range(60)]
    outcomes = asyncio.gather(*calls, return_exceptions=True)
    await asyncio.sleep(7)  # the failures are in, and no answer is
    await asyncio.gather(model.respond(REQUEST), return_exceptions=True)
    await outcomes
    all_calls = inner.calls

    assert all_calls == made


@pytest.mark.parametrize(
    "error",
    [
        AuthFailed("a"),
        RateLimited("b"),
        RequestRejected("c"),
        ModelSlipped("d"),
        ModelLoading("e"),
    ],
)
async def test_a_rejected_request_is_not_a_failure_of_the_model(error: ProviderError) -> None:
    model, inner = broken(lambda _: error)

    await fail(model, 20)

    assert len(inner.requests) == 20


async def test_a_success_between_failures_restarts_the_count() -> None:
    replies = iter([*[Overloaded("x")] * 4, "fine", *[Overloaded("x")] * 4])
    model, inner = broken(lambda _: next(replies))

    await fail(model, 4)
    await model.respond(REQUEST)
    await fail(model, 4)

    assert len(inner.requests) == 9


async def test_one_probe_passes_after_the_open_time_and_its_answer_closes_the_circuit() -> None:
    listener = RecordingListener()
    model, inner = broken(lambda now: Overloaded("down") if now < 10 else "up", seconds=1.0)
    await fail(model, 5, listener)
    await asyncio.sleep(16)

    async with asyncio.TaskGroup() as group:
        probe = group.create_task(model.respond(REQUEST, listener))
        others = [group.create_task(fail(model, 1)) for _ in range(10)]
    await model.respond(REQUEST, listener)

    assert probe.result().message.text == "up"
    assert all(other.done() for other in others)
    assert len(inner.requests) == 7
    assert listener.notices == [
        f"{NAME} keeps failing and is paused for 15 s: down",
        f"{NAME} answers again",
    ]


async def test_a_failed_probe_opens_the_circuit_for_twice_as_long() -> None:
    model, _ = broken(lambda _: Overloaded("down"))
    await fail(model, 5)
    await asyncio.sleep(16)
    await fail(model, 1)

    with pytest.raises(CircuitOpen) as caught:
        await model.respond(REQUEST)

    assert caught.value.retry_after_seconds == 30.0


async def test_after_a_cancelled_probe_the_next_call_is_the_probe() -> None:
    model, _ = broken(lambda now: Overloaded("down") if now < 10 else "up", seconds=1.0)
    await fail(model, 5)
    await asyncio.sleep(16)
    probe = asyncio.create_task(model.respond(REQUEST))
    await asyncio.sleep(0.5)
    probe.cancel()
    await asyncio.wait([probe])

    assert (await model.respond(REQUEST)).message.text == "up"


async def test_a_probe_of_a_model_that_is_being_loaded_leaves_the_circuit_as_it_is() -> None:
    listener = RecordingListener()
    model, inner = broken(
        lambda now: Overloaded("down") if now < 10 else ModelLoading("x") if now < 20 else "up"
    )
    await fail(model, 5)
    await asyncio.sleep(16)
    await fail(model, 1, listener)
    await asyncio.sleep(5)

    reply = await model.respond(REQUEST, listener)

    assert reply.message.text == "up"
    assert len(inner.requests) == 7
    assert listener.notices == [f"{NAME} answers again"]


async def test_processes_of_one_store_share_an_open_circuit() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    (model, _), (other, inner) = (broken(lambda _: Overloaded("x"), store) for _ in range(2))
    await fail(model, 5)

    with pytest.raises(CircuitOpen):
        await other.respond(REQUEST)

    assert inner.requests == []


async def test_failures_of_several_processes_open_the_circuit_together() -> None:
    listener, store = RecordingListener(), MemoryStore(asyncio.get_running_loop().time)
    models = [broken(lambda _: Overloaded("down"), store)[0] for _ in range(5)]
    last, inner = broken(lambda _: "fine", store)

    for model in models:
        await fail(model, 1, listener)

    with pytest.raises(CircuitOpen):
        await last.respond(REQUEST)
    assert inner.requests == []
    assert listener.notices == [f"{NAME} keeps failing and is paused for 15 s: down"]


async def test_answers_in_another_process_offset_failures_in_this_one() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    model, inner = broken(lambda _: Overloaded("x"), store)
    other, _ = broken(lambda _: "fine", store)
    await fail(model, 4)
    await asyncio.sleep(1.0)

    await other.respond(REQUEST)
    await fail(model, 4)

    assert len(inner.requests) == 8


class Counted(MemoryStore):
    """A store that counts its reads and changes of throttles.

    Attributes:
        looks: how often they were read.
        changes: how often one was changed, at once or soon.
    """

    looks = 0
    changes = 0

    @override
    async def throttles(self) -> list[Throttle]:
        self.looks += 1
        return await super().throttles()

    @override
    async def change_throttle(
        self, model: str, change: Callable[[Throttle], tuple[Throttle, T]]
    ) -> tuple[Throttle, T]:
        self.changes += 1
        return await super().change_throttle(model, change)

    @override
    def change_throttle_soon(self, model: str, change: Callable[[Throttle], Throttle]) -> None:
        self.changes += 1
        super().change_throttle_soon(model, change)


async def test_a_healthy_model_costs_one_read_per_second_and_answers_are_written_while_failures_count() -> (
    None
):
    store = Counted(asyncio.get_running_loop().time)
    model, _ = broken(lambda now: Overloaded("x") if now == 10.0 else "fine", store)
    costs: list[tuple[int, int]] = []
    for until in (10.0, 39.0, 60.0):
        store.looks = store.changes = 0
        while (now := asyncio.get_running_loop().time()) < until:
            await (fail(model, 1) if now == 10.0 else model.respond(REQUEST))
            await asyncio.sleep(0.5)
        costs.append((store.looks, store.changes))
    healthy, after_a_failure, later = costs

    assert healthy == (10, 0)
    # The failure, then answers until it is not one of the last 20 and a look has shown that.
    assert after_a_failure == (29, 1 + 21)
    assert later == (21, 0)


async def test_calls_wait_for_an_open_circuit_within_the_patience() -> None:
    async def body() -> float:
        model, _ = broken(lambda now: Overloaded("down") if now < 20 else "up", seconds=0.1)
        patient = Retrying(model, Patience(tries=50))
        async with asyncio.TaskGroup() as group:
            for _ in range(30):
                group.create_task(patient.respond(REQUEST))
        return asyncio.get_running_loop().time()

    assert 20 < await body() < 60


async def test_calls_that_an_open_circuit_pauses_count_as_waiting_until_they_may_ask_again() -> (
    None
):
    clock = asyncio.get_running_loop().time
    store = MemoryStore(clock)
    model, _ = broken(lambda _: Overloaded("down"), store)
    await fail(model, 5 + 3)
    with pytest.raises(CircuitOpen):
        await model.respond(replace(REQUEST, has_next=True))

    (kept,) = await store.throttles()

    assert kept.at(clock()).waiting() == 3
    assert kept.at(clock() + 15).waiting() == 0
