"""One budget, several processes: what a provider serves never costs more, kill -9 or not.

Each process carries out leads that spawn writers; the provider cuts some calls in their middle, and
what it served is counted at the provider: each request that it took, answered or not. To run it:

    pytest tests/integration/test_budget_accounts.py           # 100 tasks a process, three kills
    pytest tests/integration/test_budget_accounts.py --long    # 500 tasks a process, six kills
"""

from __future__ import annotations

import asyncio
import sqlite3
from asyncio.subprocess import Process
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest

import parallel_agents as pa
from parallel_agents.core.event import Finished
from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import NANOUSD_PER_USD, Price, Usage
from parallel_agents.models.shapes import objects_at, text_at
from parallel_agents.stores.projection import check_rows
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.sqlite_database import SqliteDatabase
from parallel_agents.testing import Behaviour, Cut, Hold, LoopbackProvider, serve
from parallel_agents.testing.behaviour import Fault, Reply
from tests.integration.other_processes import PATIENCE_SECONDS, ended, running, until
from tests.integration.paying_program import LEAD, WRITER

PROGRAM = Path(__file__).with_name("paying_program.py")
WRITERS = 4
CUT_EVERY = 23  # seldom enough that nobody takes the model for one that keeps failing
# What each reply uses: hardly less than a writer's call could, and half of what a lead's could.
USAGE = Usage(input_tokens=60, output_tokens=100)
PRICE = Price(input_usd=0.1, output_usd=5.0)
COST_NANOUSD = PRICE.cost_nanousd(USAGE)
CALLS_OF_A_LEAD = 3 + WRITERS


class Scale(NamedTuple):
    """The amount of work: the leads of a process, each with `WRITERS`, and how many processes are killed."""

    leads: int
    kills: int

    def usd_for(self, processes: int) -> float:
        """A budget of two thirds of what the work of this many processes costs."""
        calls = processes * self.leads * CALLS_OF_A_LEAD
        return calls * COST_NANOUSD / NANOUSD_PER_USD * 2 / 3


QUICK = Scale(leads=20, kills=3)
LONG = Scale(leads=100, kills=6)


class BudgetAccount(NamedTuple):
    """The accounts of a day in nanodollars; of two days if the test ran past midnight."""

    limit: int
    spent: int
    reserved: int


def answer(body: JsonObject) -> Reply:
    """A lead spawns its writers and then sums up; a writer writes."""
    system, task, *rest = objects_at(body, "messages")
    text = text_at(task, "content")
    if rest or not text_at(system, "content").startswith("Lead."):
        return f"{text} Done."
    return [
        ToolCall(f"c{n}", "sessions_spawn", {"task": f"Part {n} of {text}", "agentId": "writer"})
        for n in range(WRITERS)
    ]


def cut_some(number: int, _: JsonObject) -> Fault | None:
    return Cut() if number % CUT_EVERY == 0 else None


DAY = Behaviour(latency_seconds=0.2, usage=USAGE, answer=answer, fault=cut_some)


def together(keys: Sequence[str]) -> Callable[[int, JsonObject], Fault | None]:
    """Answer nobody until each team has made a call, so that none spends what others need to begin."""
    missing = set(keys)

    def fault(number: int, body: JsonObject) -> Fault | None:
        missing.difference_update([key for key in missing if f" of {key}." in _task_of(body)])
        return Hold(lambda: not missing) if missing else cut_some(number, body)

    return fault


@dataclass(frozen=True, slots=True)
class Place:
    """A store's folder and a provider with a price, under a budget for the day.

    Attributes:
        python: runs the other processes.
    """

    home: Path
    provider: LoopbackProvider
    leads: int
    usd: float
    python: Path

    @property
    def settings(self) -> Mapping[str, Json]:
        prices = {"*": {"input_usd": PRICE.input_usd, "output_usd": PRICE.output_usd}}
        loop: JsonObject = {"wire": "chat", "base_url": self.provider.base_url, "prices": prices}
        return {
            "providers": {"loop": loop},
            "day_budget_usd": self.usd,
            "max_tree_sessions": 1000,
        }

    def open(self) -> AbstractAsyncContextManager[pa.OpenSessions]:
        """The verbs in this process, which takes over what others left."""
        settings, agents = self.settings, [LEAD, WRITER]
        return pa.open(home=self.home, settings=settings, agents=agents, max_parallel=24)

    def starting(self, key: str) -> AbstractAsyncContextManager[Process]:
        """Another process, with a team of its own."""
        settings = orjson.dumps(self.settings).decode()
        return running(self.python, PROGRAM, self.home, settings, key, str(self.leads))

    def is_in_the_middle(self, key: str) -> bool:
        """Whether a team has replies as well as calls in flight."""
        asked = [r for r in self.provider.requests if f" of {key}." in _task_of(r.body)]
        in_flight = sum(request.status is None for request in asked)
        return in_flight >= 4 and len(asked) - in_flight >= 8

    @property
    def served_nanousd(self) -> int:
        """What the provider may charge: every request that it began to answer."""
        return len(self.provider.requests) * COST_NANOUSD

    @property
    def account(self) -> BudgetAccount:
        (found,) = self.query(
            "SELECT SUM(limit_nanousd), SUM(spent_nanousd), SUM(reserved_nanousd) FROM budget_accounts"
        )
        return BudgetAccount(*found)

    def statuses_of(self, key: str) -> set[object]:
        """The statuses of a team's runs, including those of its leads' writers."""
        found = self.query(
            "SELECT DISTINCT r.status FROM runs AS r JOIN sessions AS s ON s.key = r.session"
            f" WHERE s.root = 'team:run:{key}' AND r.kind != 'team'"
        )
        return {status for (status,) in found}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.home / "store.db")) as store:
            return store.execute(sql).fetchall()

    def assert_held(self, *keys: str) -> None:
        """The provider served at most what was spent, which is most of the budget and within it."""
        account, budget = self.account, int(self.usd * NANOUSD_PER_USD)
        assert account.limit % budget == 0
        assert self.served_nanousd <= account.spent <= account.limit
        assert account.reserved == 0
        with closing(SqliteDatabase.open_for_reading(self.home / "store.db")) as store:
            assert check_rows(Rows(store)).is_intact
        assert self.served_nanousd > budget / 2
        statuses = {status for key in keys for status in self.statuses_of(key)}
        assert {"done", "over_budget"} <= statuses <= {"done", "over_budget", "killed"}


def _task_of(body: JsonObject) -> str:
    return text_at(objects_at(body, "messages")[1], "content")


@pytest.fixture
def scale(pytestconfig: pytest.Config) -> Scale:
    return LONG if pytestconfig.getoption("--long") else QUICK


async def test_two_processes_never_spend_more_than_the_budget_that_they_share(
    tmp_path: Path, scale: Scale, programs: Path
) -> None:

    with serve(replace(DAY, latency_seconds=0.05)) as provider:
        place = Place(tmp_path, provider, scale.leads, scale.usd_for(2), programs / "python")
        async with place.starting("one") as first, place.starting("other") as second:
            ends = await asyncio.gather(ended(first), ended(second))

        assert [end.code for end in ends] == [0, 0], ends
        place.assert_held("one", "other")
        # Whichever starts late on a busy machine may find the budget spent.
        assert "done" in place.statuses_of("one") | place.statuses_of("other")


@pytest.mark.timeout(180)  # with --long it is 35 s of work
async def test_calls_in_flight_of_killed_processes_stay_within_the_budget_of_their_successor(
    tmp_path: Path, scale: Scale, programs: Path
) -> None:
    async def live_until_killed(place: Place, key: str) -> None:
        async with place.starting(key) as process:
            await until(lambda: place.is_in_the_middle(key))
            process.kill()
            await process.communicate()

    keys = [f"life-{n}" for n in range(scale.kills)]

    async def body(place: Place) -> None:
        async with place.open() as sessions:
            await asyncio.gather(*[live_until_killed(place, key) for key in keys])
            async with asyncio.timeout(PATIENCE_SECONDS * scale.kills):
                for key in keys:
                    *_, end = [event async for event in sessions.follow(f"team:run:{key}")]
                    assert isinstance(end.body, Finished)

        place.assert_held(*keys)
        (lost,) = place.query("SELECT COUNT(*) FROM events WHERE key = 'started-2'")
        assert lost[0] >= 4 * scale.kills

    with serve(replace(DAY, fault=together(keys))) as provider:
        await body(
            Place(tmp_path, provider, scale.leads, scale.usd_for(scale.kills), programs / "python")
        )
