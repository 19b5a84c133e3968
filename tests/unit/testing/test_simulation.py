"""Many calls through bad days, in the wiring of a real process: none is lost, none hangs."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Event, Finished, Replied, Retrying
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import JsonObject, compiled
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.model_wiring import make_registry
from parallel_agents.models.simulated.model import NOTICE
from parallel_agents.settings import Environment, Settings
from parallel_agents.testing import make_answer, open_rig, run_virtual

CALLS, TEAM_SIZE = 10_000, 500
AGENTS = [
    entry.content
    for entry in Catalog().agents()
    if isinstance(entry.content, Agent) and entry.content.output_schema is not None
]


def task(number: int) -> Task:
    """A task for one of the library's agents, with an input that it takes."""
    agent = AGENTS[number % len(AGENTS)]
    given = make_answer(agent.input_schema or {"type": "object"}, Random(number))
    assert isinstance(given, dict)
    values: JsonObject = given
    return Task(agent.name, f"Task {number}", input=values)


@pytest.mark.timeout(300)  # 14 s of CPU, on whatever share of a machine there is
def test_ten_thousand_tasks_through_a_bad_day_end_once_each_and_none_is_lost() -> None:
    heard: list[Event] = []

    async def body() -> tuple[list[Result], list[RunStatus]]:
        settings = Settings(model="sim/bad-day", max_parallel=TEAM_SIZE)
        results: list[Result] = []
        async with open_rig(settings=settings) as rig:
            rig.store.subscribe(heard.extend)
            for first in range(0, CALLS, TEAM_SIZE):
                tasks = tuple(task(first + n) for n in range(TEAM_SIZE))
                spawned = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
                results += (await rig.sessions.team_result(spawned)).results
            rows = await rig.store.rows(Filter())
            check = await rig.store.check_chain()
        assert check.is_intact
        assert check.events == len(heard)
        return results, [row.run.status for row in rows]

    results, statuses = run_virtual(body(), limit_seconds=1e7)

    ends = Counter(event.run for event in heard if isinstance(event.body, Finished))
    replies = sum(isinstance(event.body, Replied) for event in heard)
    retries = sum(isinstance(event.body, Retrying) for event in heard)
    assert len(results) == len({result.run_id for result in results}) == CALLS
    assert len(statuses) == CALLS + CALLS // TEAM_SIZE
    assert all(status.is_over for status in statuses)
    assert {ends[result.run_id] for result in results} == {1}
    assert replies + retries >= CALLS
    assert retries > CALLS // 10
    by_status = Counter(result.status for result in results)
    assert by_status[RunStatus.DONE] > CALLS * 0.9
    assert by_status[RunStatus.FAILED] > 0
    assert by_status.total() == CALLS
    for result in results:
        assert NOTICE in result.notices
        assert result.is_done == (result.error is None)
        assert not result.is_done or not problems(result)


def problems(result: Result) -> object:
    schema = next(agent.output_schema for agent in AGENTS if agent.name == result.agent)
    return compiled(schema or {}).problems(result.output)


def test_on_a_calm_day_every_agent_of_the_library_is_done_at_a_simulated_price() -> None:
    async def body() -> tuple[Result, ...]:
        async with open_rig(settings=Settings(model="sim/calm")) as rig:
            tasks = tuple(task(n) for n in range(len(AGENTS)))
            team = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
            return (await rig.sessions.team_result(team)).results

    for result in run_virtual(body()):
        assert result.is_done, result
        assert result.notices[0] == NOTICE
        assert result.model == "sim/calm"
        assert (result.cost_usd or 0) > 0


def test_a_budget_in_simulated_money_holds_as_one_in_real_money() -> None:
    async def body() -> tuple[tuple[Result, ...], int]:
        settings = Settings(model="sim/calm", day_budget_usd=0.05)
        async with open_rig(settings=settings) as rig:
            tasks = tuple(task(n) for n in range(60))
            team = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
            results = (await rig.sessions.team_result(team)).results
            return results, (await rig.store.purses())[0].spent.nanousd or 0

    results, spent_nanousd = run_virtual(body())

    by_status = Counter(result.status for result in results)
    assert by_status.keys() == {RunStatus.DONE, RunStatus.OVER_BUDGET}
    assert 0 < spent_nanousd <= 50_000_000


def test_a_provider_that_the_user_named_sim_is_asked_and_not_simulated() -> None:
    own: JsonObject = {"sim": {"wire": "chat", "base_url": "http://127.0.0.1:1/v1"}}
    environment = Environment(home=Path("nowhere"), project=None, variables={})

    simulating = make_registry(environment, Settings()).get("sim/calm")
    asking = make_registry(environment, Settings(providers=own)).get("sim/calm")

    assert (simulating.capabilities.notice, asking.capabilities.notice) == (NOTICE, "")
