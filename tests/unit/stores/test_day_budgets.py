"""What a day may cost holds for every process of a store, from the first call of the day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget, BudgetAccount, OnLimit
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import assistant
from parallel_agents.core.model import ModelReply, ModelRequest
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.task import Task
from parallel_agents.core.usage import Usage
from parallel_agents.settings import Settings
from parallel_agents.stores.journal import Change, Journal, apply_each
from parallel_agents.stores.sqlite_database import SqliteDatabase
from parallel_agents.testing import MemoryStore, RepliesWith, Rig, open_rig

WRITER = Agent(
    name="writer", description="", instructions="Write.", limits=Limits(max_output_tokens=100)
)
OTHER = replace(WRITER, name="other")
ONE, TWO = OwnerId("one"), OwnerId("two")
DAY_SECONDS = 86_400.0


def answer(_: ModelRequest) -> ModelReply:
    return ModelReply(message=assistant("Done."), model="scripted/model", usage=Usage(100, 100))


def limited(tokens: int) -> Settings:
    return Settings(day_budget_tokens=tokens)


async def ask(rig: Rig, times: int, agent: Agent = WRITER) -> list[Result]:
    return [
        await (await rig.sessions.spawn(Task(agent.name, f"Go {n}."))).wait() for n in range(times)
    ]


def statuses(results: list[Result]) -> list[RunStatus]:
    return [result.status for result in results]


async def test_a_process_without_a_limit_is_held_by_that_of_another() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    model = RepliesWith(answer)
    async with (
        open_rig(model, agents=[WRITER], store=store, settings=limited(500)),
        open_rig(model, agents=[WRITER], store=store) as free,
    ):
        results = await ask(free, 4)
    (account,) = await store.accounts()
    await store.aclose()

    assert statuses(results) == [RunStatus.DONE] * 2 + [RunStatus.OVER_BUDGET] * 2
    assert account.spent.tokens == 400


async def test_a_limit_outlives_its_process_until_the_end_of_the_day() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    model = RepliesWith(answer)
    async with open_rig(model, agents=[WRITER], store=store, settings=limited(500)):
        pass
    async with open_rig(model, agents=[WRITER], store=store, settings=limited(9_999)) as richer:
        results = await ask(richer, 4)
    await store.aclose()

    assert statuses(results)[2:] == [RunStatus.OVER_BUDGET] * 2
    error = results[2].error
    assert error is not None
    assert "which has ended" in error.why
    assert "another value than it has there" in error.hint


async def test_calls_made_before_a_limit_was_set_count_on_that_day() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    model = RepliesWith(answer)
    async with open_rig(model, agents=[WRITER], store=store) as free:
        await ask(free, 3)
    async with open_rig(model, agents=[WRITER], store=store, settings=limited(500)) as late:
        (result,) = await ask(late, 1)
    (account,) = await store.accounts()
    await store.aclose()

    assert result.status is RunStatus.OVER_BUDGET
    assert account.spent.tokens == 600


async def test_a_call_in_flight_when_the_limit_is_set_counts() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    model = RepliesWith(answer, latency_seconds=60)
    async with open_rig(model, agents=[WRITER], store=store) as free:
        handle = await free.sessions.spawn(Task("writer", "Go."))
        await asyncio.sleep(10)
        async with open_rig(model, agents=[WRITER], store=store, settings=limited(500)):
            await handle.wait()
            (account,) = await store.accounts()
    await store.aclose()

    assert account.spent.tokens == 200


async def test_an_agents_limit_holds_what_that_agent_spent_and_no_other() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    model = RepliesWith(answer)
    settings = Settings(agent_budgets={"writer": Budget(tokens=500)})
    async with open_rig(model, agents=[WRITER, OTHER], store=store) as free:
        await ask(free, 2)
        await ask(free, 2, OTHER)
        async with open_rig(model, agents=[WRITER, OTHER], store=store, settings=settings):
            last = [*await ask(free, 1), *await ask(free, 1, OTHER)]
    spent = {state.account.scope: state.spent.tokens for state in await store.accounts()}
    await store.aclose()

    assert statuses(last) == [RunStatus.OVER_BUDGET, RunStatus.DONE]
    assert spent == {"agent:writer:1970-01-01": 400, "day:1970-01-01": 1000}


@pytest.mark.virtual_time(limit_seconds=100_000)
async def test_a_limit_holds_on_the_next_day_while_its_process_lives() -> None:
    await asyncio.sleep(DAY_SECONDS - 30)
    store = MemoryStore(asyncio.get_running_loop().time)
    model = RepliesWith(answer)
    async with (
        open_rig(model, agents=[WRITER], store=store, settings=limited(500)),
        open_rig(model, agents=[WRITER], store=store) as free,
    ):
        today = await ask(free, 3)
        await asyncio.sleep(60)
        tomorrow = await ask(free, 3)
    await store.aclose()

    assert statuses(today) == statuses(tomorrow)
    assert statuses(today)[2] is RunStatus.OVER_BUDGET


class Clock:
    def __init__(self) -> None:
        self.now = 0.0


class Place(NamedTuple):
    journal: Journal
    clock: Clock

    def say(self, owner: OwnerId, own: int | None = None, home: int | None = None) -> int | None:
        """What today may cost once a process has said what it says, and what the file does."""

        def change(journal: Journal) -> None:
            journal.owners.heartbeat(Owner(id=owner, host="here", pid=1))
            journal.days.limit(owner, _day(own), _day(home))

        self.change(change)
        accounts = self.journal.rows.accounts()
        return accounts[-1].account.budget.tokens if accounts else None

    def end(self, owner: OwnerId) -> None:
        gone = Owner(id=owner, host="here", pid=1, state=OwnerState.GONE)
        self.change(lambda journal: journal.owners.heartbeat(gone))

    def change(self, change: Callable[[Journal], None]) -> None:
        self.journal.commit([Change(apply_each, change)])


def _day(tokens: int | None) -> list[BudgetAccount]:
    return [] if tokens is None else [BudgetAccount(scope="day", budget=Budget(tokens=tokens))]


@pytest.fixture
def place() -> Place:
    clock = Clock()
    return Place(Journal(SqliteDatabase.in_memory(), lambda: clock.now), clock)


def test_the_least_limit_holds(place: Place) -> None:
    assert [place.say(ONE, 500), place.say(TWO, 900), place.say(TWO, 300)] == [500, 500, 300]


def test_a_process_may_raise_its_own_limit(place: Place) -> None:
    assert [place.say(ONE, 500), place.say(ONE, 900)] == [500, 900]


def test_without_a_limit_there_is_no_account(place: Place) -> None:
    assert place.say(ONE) is None


def test_the_file_of_the_home_may_raise_what_it_said_before(place: Place) -> None:
    assert [place.say(ONE, 500, 500), place.say(TWO, 900, 900)] == [500, 900]


def test_a_change_of_the_file_lifts_the_limits_of_processes_that_have_ended(place: Place) -> None:
    place.say(ONE, 100, 500)
    before = place.say(TWO, 500, 500)
    place.end(ONE)

    after = place.say(TWO, 900, 900)

    assert (before, after) == (100, 900)


def test_a_file_that_says_something_for_the_first_time_lifts_them_too(place: Place) -> None:
    place.say(ONE, 100)
    place.end(ONE)

    assert place.say(TWO, 900, 900) == 900


def test_a_file_that_says_the_same_again_lifts_none(place: Place) -> None:
    place.say(ONE, 100, 900)
    place.end(ONE)

    assert place.say(TWO, 900, 900) == 100


def test_a_change_of_the_file_does_not_lift_the_limit_of_a_live_process(place: Place) -> None:
    place.say(ONE, 100, 500)

    assert place.say(TWO, 900, 900) == 100


def test_a_limit_that_is_taken_out_of_the_file_ends(place: Place) -> None:
    place.say(ONE, 500, 500)

    assert place.say(TWO) is None


def test_a_limit_of_an_ended_process_is_gone_on_the_next_day(place: Place) -> None:
    place.say(ONE, 100)
    place.end(ONE)
    place.clock.now = DAY_SECONDS + 1

    assert place.say(TWO, 900) == 900


def test_one_limit_that_stops_stops_all(place: Place) -> None:
    stop = BudgetAccount(scope="day", budget=Budget(tokens=900, on_limit=OnLimit.STOP))
    place.say(ONE, 500)
    place.change(lambda journal: journal.days.limit(TWO, [stop], []))

    (state,) = place.journal.rows.accounts()
    assert state.account.budget == Budget(tokens=500, on_limit=OnLimit.STOP)
