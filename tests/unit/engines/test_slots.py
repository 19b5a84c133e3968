"""Slots admit runs by priority within their limits; a stop releases waiting runs at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import NO_BUDGET, Budget, BudgetAccountState
from parallel_agents.core.engine import Scope
from parallel_agents.core.filter import Filter
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import assistant
from parallel_agents.core.model import ModelReply
from parallel_agents.core.rates import RateLimit
from parallel_agents.core.run import RunStatus
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.throttle import Throttle
from parallel_agents.core.usage import Usage
from parallel_agents.engines.slots import Slots
from parallel_agents.errors import Overloaded, RateLimited
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, open_rig

PROCESS, SMALL = Scope("process", ""), Scope("model", "small")
SCOPES = [PROCESS, SMALL, Scope("team", "a"), Scope("team", "b"), Scope("agent", "writer")]


def take_all(places: Slots[str]) -> list[str]:
    taken: list[str] = []
    while (found := places.take()) is not None:
        taken.append(found[0])
    return taken


def test_higher_priority_goes_first_and_then_first_come_first_served() -> None:
    places: Slots[str] = Slots()
    for item, priority in [("a", 0), ("b", 5), ("c", 0), ("d", 5), ("e", -1)]:
        places.wait(item, [PROCESS], priority=priority)

    assert take_all(places) == ["b", "d", "a", "c", "e"]


def test_a_full_scope_holds_up_nobody_who_does_not_need_it() -> None:
    places: Slots[str] = Slots()
    places.bound(SMALL, 1)
    for item in ("first small", "second small"):
        places.wait(item, [PROCESS, SMALL], priority=1)
    places.wait("other", [PROCESS])

    assert take_all(places) == ["first small", "other"]
    places.release([PROCESS, SMALL])
    assert take_all(places) == ["second small"]


def test_a_lower_bound_ends_nothing_and_a_higher_one_lets_more_in() -> None:
    places: Slots[str] = Slots()
    for number in range(6):
        places.wait(str(number), [PROCESS])
    places.bound(PROCESS, 3)
    assert take_all(places) == ["0", "1", "2"]

    places.bound(PROCESS, 1)
    places.release([PROCESS])
    assert take_all(places) == []
    places.bound(PROCESS, 4)

    assert take_all(places) == ["3", "4"]


def test_what_is_cleared_is_not_taken() -> None:
    places: Slots[str] = Slots()
    places.wait("a", [PROCESS])
    places.wait("b", [SMALL])

    assert sorted(places.clear()) == ["a", "b"]
    assert places.take() is None


waiting = st.tuples(st.sets(st.sampled_from(SCOPES)).map(sorted).map(tuple), st.integers(-2, 2))
bounds = st.dictionaries(st.sampled_from(SCOPES), st.integers(1, 3))


@pytest.mark.slow
@given(bounds, st.lists(waiting, max_size=30), st.data())
def test_no_bound_is_exceeded_and_nobody_starves(
    at_most: dict[Scope, int],
    arrivals: list[tuple[tuple[Scope, ...], int]],
    data: st.DataObject,
) -> None:
    places: Slots[int] = Slots()
    for scope, bound in at_most.items():
        places.bound(scope, bound)
    held: list[tuple[Scope, ...]] = []
    served: list[int] = []
    arrived = 0

    def take() -> None:
        while (found := places.take()) is not None:
            item, scopes = found
            served.append(item)
            held.append(scopes)
            assert scopes == arrivals[item][0]
        used = Counter(scope for scopes in held for scope in scopes)
        assert all(used[scope] <= bound for scope, bound in at_most.items())
        # Whoever still waits has a reason: a scope of its own that is full.
        for item in set(range(arrived)) - set(served):
            assert any(used[s] >= at_most.get(s, arrived + 1) for s in arrivals[item][0])

    while len(served) < len(arrivals) or held:
        if arrived < len(arrivals) and data.draw(st.booleans(), label="another comes"):
            scopes, priority = arrivals[arrived]
            places.wait(arrived, scopes, priority=priority)
            arrived += 1
        elif held:
            places.release(held.pop(data.draw(st.integers(0, len(held) - 1), label="ends")))
        take()

    assert sorted(served) == list(range(len(arrivals)))


@given(st.lists(st.integers(-2, 2), max_size=20))
def test_in_one_lane_the_order_is_by_priority_and_then_by_arrival(priorities: list[int]) -> None:
    places: Slots[int] = Slots()
    for item, priority in enumerate(priorities):
        places.wait(item, [PROCESS], priority=priority)
    taken: list[int] = []

    while (found := places.take()) is not None:
        taken.append(found[0])

    assert taken == sorted(range(len(priorities)), key=lambda item: (-priorities[item], item))


@pytest.mark.parametrize("lanes", [1, 3])
def test_between_lanes_the_one_that_waits_longest_goes_first(lanes: int) -> None:
    places: Slots[int] = Slots()
    for item in range(12):
        places.wait(item, [Scope("team", str(item % lanes))])
    taken: list[int] = []

    while (found := places.take()) is not None:
        taken.append(found[0])

    assert taken == list(range(12))


NAME = "scripted/model"
WRITER = Agent(name="writer", description="Writes", instructions="Write.")
PATIENT = Settings(patience_seconds=3000.0)
TASK = Task("writer", "Write about tea.")
REPLY = ModelReply(message=assistant("tea"), model=NAME, usage=Usage(20, 10))
BUSY = RateLimited("slow down", retry_after_seconds=100.0)
DONE, QUEUED = RunStatus.DONE, RunStatus.QUEUED


class Stopped(NamedTuple):
    """What there was when an engine that was told to stop had come to its end.

    Attributes:
        seconds: how long that took.
        statuses: of the agents' runs, in the order in which they were spawned.
        written: the kinds of the events of each run.
    """

    seconds: float
    statuses: list[RunStatus]
    written: list[list[str]]
    throttles: list[Throttle]
    accounts: list[BudgetAccountState]

    @property
    def kept(self) -> int:
        """How many replies."""
        return sum(kinds.count("replied") for kinds in self.written)


async def stop_after(
    seconds: float, model: RepliesWith, team: TeamTask, store: MemoryStore
) -> Stopped:
    """Begin a team, leave its engine after so many seconds, and look."""
    loop = asyncio.get_running_loop()
    async with open_rig(model, agents=[WRITER], store=store, settings=PATIENT) as rig:
        await rig.sessions.spawn_team(team, key="team")
        await asyncio.sleep(seconds)
        began = loop.time()
    ended = loop.time()
    rows = [row for row in await store.rows(Filter()) if row.session.parent is not None]
    rows.sort(key=lambda row: row.session.label)
    written = [[e.body.kind for e in await store.events(session=r.session.key)] for r in rows]
    return Stopped(
        ended - began,
        [row.run.status for row in rows],
        written,
        await store.throttles(),
        await store.accounts(),
    )


async def go_on(model: RepliesWith, team: TeamTask, store: MemoryStore) -> list[RunStatus]:
    """How the tasks of the same team end that another process carries on."""
    async with open_rig(model, agents=[WRITER], store=store, settings=PATIENT) as rig:
        handle = await rig.sessions.spawn_team(team, key="team")
        return [result.status for result in (await rig.sessions.team_result(handle)).results]


def crew(count: int, task: Task = TASK, budget: Budget = NO_BUDGET) -> TeamTask:
    return TeamTask(tasks=tuple(replace(task, label=f"{n}") for n in range(count)), budget=budget)


def by_time(answer: Callable[[float], Answer], seconds: float) -> RepliesWith:
    clock = asyncio.get_running_loop().time
    return RepliesWith(lambda _: answer(clock()), NAME, latency_seconds=seconds)


def new_store() -> MemoryStore:
    return MemoryStore(asyncio.get_running_loop().time)


async def test_a_call_that_waits_for_its_next_try_is_let_go_and_goes_on_later() -> None:
    store, team = new_store(), crew(2)
    model = by_time(lambda now: BUSY if now < 50 else REPLY, 1.0)

    stopped = await stop_after(5, model, team, store)
    made = len(model.requests)
    after = await go_on(model, team, store)

    assert stopped.seconds < 0.1
    assert made == 2
    assert stopped.statuses == [QUEUED, QUEUED]
    assert stopped.written == [["queued", "started", "retrying"]] * 2
    assert after == [DONE, DONE]


async def test_calls_in_the_queue_of_a_model_are_let_go_and_the_one_in_flight_is_kept() -> None:
    store, team = new_store(), crew(4)
    await store.change_throttle(
        NAME, lambda found: (found.reset(RateLimit(requests_per_minute=1)), None)
    )
    model = by_time(lambda _: REPLY, 10.0)

    stopped = await stop_after(5, model, team, store)
    (throttle,) = stopped.throttles
    made = len(model.requests)
    after = await go_on(model, team, store)

    assert stopped.seconds == pytest.approx(5.0, abs=0.1)
    assert made == 1
    assert stopped.kept == 1
    assert stopped.statuses == [DONE, QUEUED, QUEUED, QUEUED]
    assert throttle.in_flight() == 0
    assert throttle.waiting() == 0
    assert throttle.minute.requests == 1
    assert after == [DONE] * 4
    assert len(model.requests) == 4


async def test_a_queue_alone_does_not_hold_up_the_stop() -> None:
    store, team = new_store(), crew(4)
    await store.change_throttle(
        NAME, lambda found: (found.reset(RateLimit(requests_per_minute=1)), None)
    )
    model = by_time(lambda _: REPLY, 1.0)

    stopped = await stop_after(5, model, team, store)

    assert stopped.seconds < 0.01
    assert sorted(stopped.statuses) == [DONE, QUEUED, QUEUED, QUEUED]
    assert stopped.throttles[0].waiting() == 0
    assert len(model.requests) == 1


async def test_a_call_that_waits_for_room_in_its_budget_is_let_go_and_nothing_of_it_is_spent() -> (
    None
):
    task = replace(TASK, limits=Limits(max_output_tokens=100))
    store, team = new_store(), crew(2, task, Budget(tokens=250))
    model = by_time(lambda _: REPLY, 10.0)

    stopped = await stop_after(5, model, team, store)
    (account,) = stopped.accounts
    made = len(model.requests)
    after = await go_on(model, team, store)

    assert stopped.seconds == pytest.approx(5.0, abs=0.1)
    assert made == 1
    assert stopped.kept == 1
    assert stopped.statuses == [DONE, QUEUED]
    assert account.spent.tokens == 30
    assert account.reserved.tokens == 0
    assert after == [DONE, DONE]
    assert (await store.accounts())[0].spent.tokens == 60


@pytest.mark.parametrize("error", [BUSY, Overloaded("down")])
async def test_a_call_in_flight_that_fails_after_the_stop_is_not_waited_for_again(
    error: Exception,
) -> None:
    store, team = new_store(), crew(1)
    model = by_time(lambda now: error if now < 20 else REPLY, 10.0)

    stopped = await stop_after(5, model, team, store)
    after = await go_on(model, team, store)

    assert stopped.seconds == pytest.approx(5.0, abs=0.1)
    assert stopped.statuses == [QUEUED]
    assert stopped.written == [["queued", "started", "retrying"]]
    assert after == [DONE]


async def test_who_waits_for_the_reply_to_the_same_request_is_let_go_and_finds_it_later() -> None:
    store, team = new_store(), crew(3, replace(TASK, cache_seconds=3600.0))
    model = by_time(lambda _: REPLY, 10.0)

    stopped = await stop_after(5, model, team, store)
    after = await go_on(model, team, store)

    assert stopped.seconds == pytest.approx(5.0, abs=0.1)
    assert stopped.kept == 1
    assert stopped.statuses == [DONE, QUEUED, QUEUED]
    assert after == [DONE] * 3
    assert len(model.requests) == 1


async def test_a_model_that_is_left_alone_is_not_waited_for() -> None:
    store, team = new_store(), crew(6)
    model = by_time(lambda now: Overloaded("down") if now < 30 else REPLY, 1.0)

    stopped = await stop_after(8, model, team, store)
    after = await go_on(model, team, store)

    assert stopped.seconds < 1.1
    assert stopped.statuses == [QUEUED] * 6
    assert after == [DONE] * 6
