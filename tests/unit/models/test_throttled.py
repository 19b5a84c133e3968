"""A governed model is asked as fast as it may be, in turn, and says what its calls wait for."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import pytest
from typing_extensions import override

from parallel_agents.core.ids import OwnerId, SessionKey
from parallel_agents.core.message import assistant, user
from parallel_agents.core.model import (
    Capabilities,
    Listener,
    Model,
    ModelReply,
    ModelRequest,
)
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.store import Owner
from parallel_agents.core.throttle import Throttle
from parallel_agents.core.usage import Usage
from parallel_agents.errors import Overloaded, RateLimited
from parallel_agents.models.governor import Governor
from parallel_agents.models.retrying import Patience, Retrying
from parallel_agents.models.throttled import Throttled
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import run_virtual
from parallel_agents.testing.listener import RecordingListener
from parallel_agents.testing.scripted import RepliesWith

T = TypeVar("T")

NAME = "mine/model"
REPLY = ModelReply(message=assistant("done"), model=NAME, usage=Usage(20, 10))


class Server:
    """A provider with limits of its own: so many calls at once, and so many in a minute.

    Attributes:
        times: when a call came that was answered.
        refused: when one came that was not.
        teams: whose the answered calls were.
    """

    name = NAME
    capabilities = Capabilities()

    def __init__(
        self,
        *,
        at_once: int = 1_000_000,
        per_minute: int = 1_000_000,
        seconds: float = 1.0,
        retry_after: float | None = 5.0,
    ) -> None:
        self.times: list[float] = []
        self.refused: list[float] = []
        self.teams: list[str] = []
        self._at_once, self._per_minute = at_once, per_minute
        self._seconds, self._retry_after = seconds, retry_after
        self._in_flight = 0

    async def start(self) -> None: ...

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        now = asyncio.get_running_loop().time()
        in_minute = sum(at > now - 60 for at in self.times)
        if self._in_flight >= self._at_once or in_minute >= self._per_minute:
            self.refused.append(now)
            await asyncio.sleep(0.1)
            raise RateLimited("slow down", retry_after_seconds=self._retry_after)
        self.times.append(now)
        self.teams.append(request.team or "")
        self._in_flight += 1
        try:
            await asyncio.sleep(self._seconds)
        finally:
            self._in_flight -= 1
        return REPLY

    async def aclose(self) -> None: ...

    def most_in_a_minute(self) -> int:
        return max(sum(at <= t < at + 60 for t in self.times) for at in self.times)


class SlowStore(MemoryStore):
    """A store whose changes of throttles take a second to be answered."""

    @override
    async def change_throttle(
        self, model: str, change: Callable[[Throttle], tuple[Throttle, T]]
    ) -> tuple[Throttle, T]:
        given = await super().change_throttle(model, change)
        await asyncio.sleep(1.0)
        return given


def request(team: str = "", tokens: int = 100) -> ModelRequest:
    return ModelRequest(messages=(user("hello"),), max_output_tokens=tokens, team=SessionKey(team))


def governor(store: MemoryStore, limit: RateLimit = NO_LIMIT) -> Governor:
    return Governor(store, lambda _: limit, now=asyncio.get_running_loop().time)


def new_store() -> MemoryStore:
    return MemoryStore(asyncio.get_running_loop().time)


async def ask_all(*models: Model, requests: Sequence[ModelRequest]) -> list[ModelReply]:
    """The replies to all requests at once, dealt out to the models in turn."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(models[i % len(models)].respond(asked))
            for i, asked in enumerate(requests)
        ]
    return [task.result() for task in tasks]


def test_a_storm_of_200_agents_ends_with_all_done_and_far_fewer_refusals() -> None:
    async def storm(wrap: Callable[[Model], Model]) -> int:
        server = Server(at_once=10, retry_after=2.0)
        patience = Patience(total_seconds=3000.0)
        replies = await ask_all(
            Retrying(wrap(server), patience), requests=[request() for _ in range(200)]
        )
        assert len(replies) == 200
        return len(server.refused)

    async def governed() -> int:
        return await storm(lambda server: Throttled(server, governor(new_store())))

    async def alone() -> int:
        return await storm(lambda server: server)

    with_governor, without = run_virtual(governed()), run_virtual(alone())

    assert with_governor * 3 < without


def test_a_refusal_holds_back_every_call_until_the_provider_says() -> None:
    async def body() -> Server:
        server = Server(per_minute=1, retry_after=61.0)
        model = Retrying(Throttled(server, governor(new_store())))
        async with asyncio.TaskGroup() as group:
            first = [group.create_task(model.respond(request())) for _ in range(2)]
            await asyncio.sleep(3)
            late = group.create_task(model.respond(request()))
            await asyncio.sleep(50)
            assert not late.done()
            late.cancel()
        assert all(task.done() for task in first)
        return server

    server = run_virtual(body())

    assert server.refused == [0.0]
    assert len(server.times) == 2
    assert server.times[1] >= 61.0


def test_a_door_that_stays_closed_for_longer_than_the_patience_fails_a_call_at_once() -> None:
    async def body() -> float:
        model = Throttled(Server(per_minute=0, retry_after=3600.0), governor(new_store()))
        for _ in range(3):
            with pytest.raises(RateLimited):
                await model.respond(request())
        with pytest.raises(RateLimited, match="accepts no calls for 3600 s"):
            await model.respond(request())
        return asyncio.get_running_loop().time()

    assert run_virtual(body()) < 1


def test_a_limit_of_requests_holds_in_any_minute_and_is_used_up() -> None:
    async def body() -> Server:
        server = Server(per_minute=10, seconds=0.1)
        model = Throttled(server, governor(new_store(), RateLimit(requests_per_minute=10)))
        await ask_all(model, requests=[request() for _ in range(45)])
        return server

    server = run_virtual(body())

    assert server.refused == []
    assert server.most_in_a_minute() == 10
    assert server.times[-1] < 4 * 61 + 2


def test_two_processes_on_one_store_share_a_limit() -> None:
    async def body() -> Server:
        server, store = Server(per_minute=10), new_store()
        limit = RateLimit(requests_per_minute=10)
        models = [Throttled(server, governor(store, limit)) for _ in range(2)]
        await ask_all(*models, requests=[request() for _ in range(40)])
        return server

    server = run_virtual(body())

    assert server.refused == []
    assert server.most_in_a_minute() == 10


def test_two_processes_on_one_store_share_what_a_refusal_taught() -> None:
    async def body() -> list[float]:
        store = new_store()
        refusing, other = Server(per_minute=0, retry_after=30.0), Server()
        with pytest.raises(RateLimited):
            await Throttled(refusing, governor(store)).respond(request())
        await Throttled(other, governor(store)).respond(request())
        return other.times

    assert 30.0 <= run_virtual(body())[0] <= 31.0


def test_tokens_that_a_call_did_not_use_are_free_for_the_next() -> None:
    async def body() -> float:
        server = Server(seconds=0.5)
        limit = RateLimit(tokens_per_minute=1000)
        model = Throttled(server, governor(new_store(), limit))
        # Each could use over 500 tokens and uses 30: one at a time, and no minute is waited out.
        await ask_all(model, requests=[request(tokens=500) for _ in range(10)])
        return asyncio.get_running_loop().time()

    assert run_virtual(body()) == pytest.approx(5.0, abs=0.5)


def test_a_small_team_is_not_held_up_by_a_large_one() -> None:
    async def body() -> Server:
        server = Server(seconds=0.1)
        model = Throttled(server, governor(new_store(), RateLimit(requests_per_minute=10)))
        large, small = [request("large")] * 40, [request("small")] * 10
        await ask_all(model, requests=[*large, *small])
        return server

    teams = run_virtual(body()).teams

    assert Counter(teams[10:30]) == {"large": 10, "small": 10}


def test_a_long_wait_is_told_once_with_its_reason() -> None:
    async def body() -> list[tuple[str, float]]:
        ear = RecordingListener()
        limit = RateLimit(requests_per_minute=1)
        model = Throttled(Server(), governor(new_store(), limit))
        await model.respond(request(), ear)
        await model.respond(request(), ear)
        return ear.waits

    assert run_virtual(body()) == [(f"the request limit of {NAME}", 60.0)]


def test_a_call_that_follows_another_tells_its_wait_too() -> None:
    async def body() -> list[tuple[str, float]]:
        ears = [RecordingListener(), RecordingListener(), RecordingListener()]
        model = Throttled(Server(), governor(new_store(), RateLimit(requests_per_minute=1)))
        async with asyncio.TaskGroup() as group:
            for ear in ears:
                group.create_task(model.respond(request(), ear))
        return [wait for ear in ears for wait in ear.waits]

    assert run_virtual(body()) == [(f"the request limit of {NAME}", 61.0)] * 2


def test_a_call_that_is_broken_off_in_the_queue_leaves_it_to_the_others() -> None:
    async def body() -> int:
        server = Server(seconds=0.1)
        model = Throttled(server, governor(new_store(), RateLimit(requests_per_minute=1)))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(model.respond(request())) for _ in range(5)]
            await asyncio.sleep(5)
            tasks[1].cancel()
            await asyncio.sleep(5)
            tasks[2].cancel()
        return len(server.times)

    assert run_virtual(body()) == 3


def test_calls_that_are_broken_off_leave_nothing_in_the_store() -> None:
    async def body() -> tuple[int, int]:
        store = new_store()
        model = Throttled(Server(), governor(store, RateLimit(requests_per_minute=1)))
        tasks = [asyncio.create_task(model.respond(request())) for _ in range(5)]
        await asyncio.sleep(0.5)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        (kept,) = await store.throttles()
        return kept.in_flight(), kept.waiting()

    assert run_virtual(body()) == (0, 0)


def test_a_turn_that_comes_to_a_call_that_is_broken_off_is_given_back() -> None:
    async def body() -> None:
        store, limit = SlowStore(asyncio.get_running_loop().time), RateLimit(requests_per_minute=9)
        server = Server(seconds=0.1)
        model = Throttled(server, governor(store, limit))
        tasks = [asyncio.create_task(model.respond(request())) for _ in range(5)]
        await asyncio.sleep(0.5)  # all are in the store, on their way to be let go
        for task in tasks[1:]:
            task.cancel()
        await tasks[0]
        await asyncio.wait(tasks)

        (kept,) = await store.throttles()

        assert (kept.in_flight(), kept.waiting()) == (0, 0)
        assert (kept.minute.requests, kept.minute.tokens) == (1, 30)
        assert len(server.times) == 1

    run_virtual(body())


def test_the_places_of_an_owner_that_is_dead_are_free_at_once() -> None:
    async def body() -> float:
        store, clock = new_store(), asyncio.get_running_loop().time
        models = [
            Throttled(Server(seconds=100.0), Governor(store, process=OwnerId(name), now=clock))
            for name in ("dying", "living")
        ]
        await store.heartbeat(Owner(id=OwnerId("dying"), host="elsewhere", pid=1))
        await store.change_throttle(NAME, lambda found: (replace(found, window=1), None))
        lost = asyncio.create_task(models[0].respond(request()))
        await asyncio.sleep(1)
        waits = asyncio.create_task(models[1].respond(request()))
        await asyncio.sleep(9)

        await store.mark_dead(OwnerId("dying"))
        await waits
        lost.cancel()
        return clock()

    assert run_virtual(body()) == pytest.approx(110, abs=1.0)


def test_without_a_limit_and_a_refusal_nothing_is_written() -> None:
    async def body() -> int:
        store = new_store()
        model = Throttled(RepliesWith(lambda _: REPLY, NAME), governor(store))
        await ask_all(model, requests=[request() for _ in range(20)])
        failing = Throttled(RepliesWith(lambda _: Overloaded("busy"), NAME), governor(store))
        with pytest.raises(Overloaded):
            await failing.respond(request())
        return len(await store.throttles())

    assert run_virtual(body()) == 0


def test_a_limit_that_is_set_while_calls_run_holds_within_a_second() -> None:
    async def body() -> Server:
        server, store = Server(seconds=0.1), new_store()
        model = Throttled(server, governor(store))
        await model.respond(request())
        await store.change_throttle(
            NAME, lambda found: (found.reset(RateLimit(requests_per_minute=2)), None)
        )
        await asyncio.sleep(1)
        await ask_all(model, requests=[request() for _ in range(6)])
        return server

    assert run_virtual(body()).times[-1] > 120


def test_after_a_storm_the_window_goes_and_calls_are_free_again() -> None:
    async def body() -> bool:
        store = new_store()
        mine = governor(store)
        model = Retrying(Throttled(Server(at_once=10), mine), Patience(total_seconds=3000.0))
        await ask_all(model, requests=[request() for _ in range(40)])
        await asyncio.sleep(61)
        await model.respond(request())
        await asyncio.sleep(0)  # the store is told of its end in the loop's next turn
        (kept,) = await store.throttles()
        assert kept.in_flight() == kept.waiting() == 0
        return kept.is_free(asyncio.get_running_loop().time())

    assert run_virtual(body())
