"""A throttled model is called as fast as its limits allow, in turns, and reports why calls wait."""

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
from parallel_agents.core.owner import Owner
from parallel_agents.core.rates import NO_LIMIT, RateLimit
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
    """A provider that limits calls in flight and calls per minute.

    Attributes:
        times: when each answered call arrived.
        refused: when each refused call arrived.
        teams: the team of each answered call.
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
    """A store that takes one second for each change of a throttle."""

    @override
    async def change_throttle(
        self, model: str, change: Callable[[Throttle], tuple[Throttle, T]]
    ) -> tuple[Throttle, T]:
        changed = await super().change_throttle(model, change)
        await asyncio.sleep(1.0)
        return changed


def request(team: str = "", tokens: int = 100) -> ModelRequest:
    return ModelRequest(messages=(user("hello"),), max_output_tokens=tokens, team=SessionKey(team))


def governor(store: MemoryStore, limit: RateLimit = NO_LIMIT) -> Governor:
    return Governor(store, lambda _: limit, now=asyncio.get_running_loop().time)


def new_store() -> MemoryStore:
    return MemoryStore(asyncio.get_running_loop().time)


async def ask_all(*models: Model, requests: Sequence[ModelRequest]) -> list[ModelReply]:
    """The replies to all requests, sent at once and distributed over the models."""
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(models[i % len(models)].respond(asked))
            for i, asked in enumerate(requests)
        ]
    return [task.result() for task in tasks]


def test_a_burst_of_200_agents_ends_with_all_done_and_far_fewer_refusals() -> None:
    async def storm(wrap: Callable[[Model], Model]) -> int:
        server = Server(at_once=10, retry_after=2.0)
        patience = Patience(total_seconds=3000.0)
        replies = await ask_all(
            Retrying(wrap(server), patience), requests=[request() for _ in range(200)]
        )
        assert len(replies) == 200
        return len(server.refused)

    async def throttled() -> int:
        return await storm(lambda server: Throttled(server, governor(new_store())))

    async def alone() -> int:
        return await storm(lambda server: server)

    with_governor, without = run_virtual(throttled()), run_virtual(alone())

    assert with_governor * 3 < without


async def test_a_refusal_delays_every_call_until_the_time_that_the_provider_names() -> None:
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

    assert server.refused == [0.0]
    assert len(server.times) == 2
    assert server.times[1] >= 61.0


async def test_a_model_that_stays_closed_beyond_the_patience_fails_a_call_immediately() -> None:
    model = Throttled(Server(per_minute=0, retry_after=3600.0), governor(new_store()))
    for _ in range(3):
        with pytest.raises(RateLimited):
            await model.respond(request())
    with pytest.raises(RateLimited, match="accepts no calls for 3600 s"):
        await model.respond(request())
    seconds = asyncio.get_running_loop().time()

    assert seconds < 1


async def test_a_request_limit_is_kept_in_any_minute_and_fully_used() -> None:
    server = Server(per_minute=10, seconds=0.1)
    model = Throttled(server, governor(new_store(), RateLimit(requests_per_minute=10)))
    await ask_all(model, requests=[request() for _ in range(45)])

    assert server.refused == []
    assert server.most_in_a_minute() == 10
    assert server.times[-1] < 4 * 61 + 2


async def test_two_processes_on_one_store_share_a_limit() -> None:
    server, store = Server(per_minute=10), new_store()
    limit = RateLimit(requests_per_minute=10)
    models = [Throttled(server, governor(store, limit)) for _ in range(2)]
    await ask_all(*models, requests=[request() for _ in range(40)])

    assert server.refused == []
    assert server.most_in_a_minute() == 10


async def test_two_processes_on_one_store_share_the_window_after_a_refusal() -> None:
    async def body() -> list[float]:
        store = new_store()
        refusing, other = Server(per_minute=0, retry_after=30.0), Server()
        with pytest.raises(RateLimited):
            await Throttled(refusing, governor(store)).respond(request())
        await Throttled(other, governor(store)).respond(request())
        return other.times

    assert 30.0 <= (await body())[0] <= 31.0


async def test_tokens_that_a_call_did_not_use_are_available_to_the_next() -> None:
    server = Server(seconds=0.5)
    limit = RateLimit(tokens_per_minute=1000)
    model = Throttled(server, governor(new_store(), limit))
    # Each could use over 500 tokens and uses 30: one at a time, and no minute is waited out.
    await ask_all(model, requests=[request(tokens=500) for _ in range(10)])
    seconds = asyncio.get_running_loop().time()

    assert seconds == pytest.approx(5.0, abs=0.5)


async def test_a_large_team_does_not_delay_a_small_one() -> None:
    server = Server(seconds=0.1)
    model = Throttled(server, governor(new_store(), RateLimit(requests_per_minute=10)))
    large, small = [request("large")] * 40, [request("small")] * 10
    await ask_all(model, requests=[*large, *small])

    teams = server.teams

    assert Counter(teams[10:30]) == {"large": 10, "small": 10}


async def test_a_long_wait_is_reported_once_with_its_reason() -> None:
    listener = RecordingListener()
    limit = RateLimit(requests_per_minute=1)
    model = Throttled(Server(), governor(new_store(), limit))
    await model.respond(request(), listener)
    await model.respond(request(), listener)
    waits = listener.waits

    assert waits == [(f"the request limit of {NAME}", 60.0)]


async def test_a_call_behind_the_leader_reports_its_wait_too() -> None:
    listeners = [RecordingListener(), RecordingListener(), RecordingListener()]
    model = Throttled(Server(), governor(new_store(), RateLimit(requests_per_minute=1)))
    async with asyncio.TaskGroup() as group:
        for listener in listeners:
            group.create_task(model.respond(request(), listener))
    waits = [wait for listener in listeners for wait in listener.waits]

    assert waits == [(f"the request limit of {NAME}", 61.0)] * 2


async def test_a_call_cancelled_in_the_queue_lets_the_others_proceed() -> None:
    server = Server(seconds=0.1)
    model = Throttled(server, governor(new_store(), RateLimit(requests_per_minute=1)))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(model.respond(request())) for _ in range(5)]
        await asyncio.sleep(5)
        tasks[1].cancel()
        await asyncio.sleep(5)
        tasks[2].cancel()
    count = len(server.times)

    assert count == 3


async def test_cancelled_calls_leave_nothing_in_the_store() -> None:
    store = new_store()
    model = Throttled(Server(), governor(store, RateLimit(requests_per_minute=1)))
    tasks = [asyncio.create_task(model.respond(request())) for _ in range(5)]
    await asyncio.sleep(0.5)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    (throttle,) = await store.throttles()
    in_flight = throttle.in_flight()
    waiting = throttle.waiting()

    assert in_flight == 0
    assert waiting == 0


async def test_a_turn_granted_to_a_cancelled_call_is_released() -> None:
    store, limit = SlowStore(asyncio.get_running_loop().time), RateLimit(requests_per_minute=9)
    server = Server(seconds=0.1)
    model = Throttled(server, governor(store, limit))
    tasks = [asyncio.create_task(model.respond(request())) for _ in range(5)]
    await asyncio.sleep(0.5)  # all are in the store, on their way to be let go
    for task in tasks[1:]:
        task.cancel()
    await tasks[0]
    await asyncio.wait(tasks)

    (throttle,) = await store.throttles()

    assert throttle.in_flight() == 0
    assert throttle.waiting() == 0
    assert throttle.minute.requests == 1
    assert throttle.minute.tokens == 30
    assert len(server.times) == 1


async def test_the_calls_of_a_dead_owner_stop_counting_immediately() -> None:
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
    seconds = clock()

    assert seconds == pytest.approx(110, abs=1.0)


async def test_without_a_limit_and_a_refusal_nothing_is_written() -> None:
    store = new_store()
    model = Throttled(RepliesWith(lambda _: REPLY, NAME), governor(store))
    await ask_all(model, requests=[request() for _ in range(20)])
    failing = Throttled(RepliesWith(lambda _: Overloaded("busy"), NAME), governor(store))
    with pytest.raises(Overloaded):
        await failing.respond(request())
    count = len(await store.throttles())

    assert count == 0


async def test_a_limit_set_during_calls_applies_within_a_second() -> None:
    server, store = Server(seconds=0.1), new_store()
    model = Throttled(server, governor(store))
    await model.respond(request())
    await store.change_throttle(
        NAME, lambda found: (found.reset(RateLimit(requests_per_minute=2)), None)
    )
    await asyncio.sleep(1)
    await ask_all(model, requests=[request() for _ in range(6)])

    assert server.times[-1] > 120


async def test_after_a_burst_the_window_is_removed_and_calls_pass_freely() -> None:
    store = new_store()
    mine = governor(store)
    model = Retrying(Throttled(Server(at_once=10), mine), Patience(total_seconds=3000.0))
    await ask_all(model, requests=[request() for _ in range(40)])
    await asyncio.sleep(61)
    await model.respond(request())
    await asyncio.sleep(0)  # the store is told of its end in the loop's next turn
    (throttle,) = await store.throttles()
    assert throttle.in_flight() == throttle.waiting() == 0
    is_free = throttle.is_free(asyncio.get_running_loop().time())

    assert is_free
