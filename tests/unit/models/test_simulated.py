"""Many calls on bad days, wired as in a real process: no call is lost and none hangs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

import pytest

from parallel_agents.app.models import make_registry
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Event, Finished, Replied, Retrying, ToolFinished
from parallel_agents.core.permission import Permissions
from parallel_agents.core.policy import Policy
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json, JsonObject, compiled
from parallel_agents.core.session import SessionOptions
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.usage import SIMULATED_NOTICE
from parallel_agents.errors import ConfigError
from parallel_agents.runners.agent.tool_calls import SIMULATED
from parallel_agents.settings import Environment, Settings
from parallel_agents.testing import make_answer, open_rig
from parallel_agents.tools.function import tool

TEAM_SIZE = 250
AGENTS = [
    entry.content
    for entry in Catalog().agents()
    if isinstance(entry.content, Agent)
    and entry.content.output_schema is not None
    and not entry.content.gates  # which made-up values do not pass
    and not entry.content.tools  # a workspace of each would be a copy of this repository
]


def task(number: int) -> Task:
    """A task for one of the built-in agents, with a valid input."""
    agent = AGENTS[number % len(AGENTS)]
    made_up = make_answer(agent.input_schema or {"type": "object"}, Random(number))
    assert isinstance(made_up, dict)
    values: JsonObject = made_up
    return Task(agent.name, f"Task {number}", input=values)


@pytest.mark.timeout(300)  # seconds of CPU, on whatever share of a machine there is
@pytest.mark.virtual_time(limit_seconds=1e7)
@pytest.mark.slow
async def test_the_tasks_of_a_bad_day_each_end_exactly_once(pytestconfig: pytest.Config) -> None:
    calls = 10_000 if pytestconfig.getoption("--long") else 500
    events: list[Event] = []

    settings = Settings(model="sim/bad-day", max_parallel=TEAM_SIZE)
    results: list[Result] = []
    async with open_rig(settings=settings) as rig:
        rig.store.subscribe(events.extend)
        for first in range(0, calls, TEAM_SIZE):
            tasks = tuple(task(first + n) for n in range(TEAM_SIZE))
            spawned = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
            results += (await rig.sessions.team_result(spawned)).results
        rows = await rig.store.rows(Filter())
        check = await rig.store.check_chain()
        assert (await rig.store.check_rows()).is_intact
    assert check.is_intact
    assert check.events == len(events)
    statuses = [row.run.status for row in rows]

    ends = Counter(event.run for event in events if isinstance(event.body, Finished))
    replies = sum(isinstance(event.body, Replied) for event in events)
    retries = sum(isinstance(event.body, Retrying) for event in events)
    assert len(results) == len({result.run_id for result in results}) == calls
    assert len(statuses) == calls + calls // TEAM_SIZE
    assert all(status.is_over for status in statuses)
    assert {ends[result.run_id] for result in results} == {1}
    assert replies + retries >= calls
    assert retries > calls // 10
    by_status = Counter(result.status for result in results)
    assert by_status[RunStatus.DONE] > calls * 0.9
    assert by_status[RunStatus.FAILED] > 0
    assert by_status.total() == calls
    for result in results:
        assert SIMULATED_NOTICE in result.notices
        assert result.is_done == (result.error is None)
        assert not result.is_done or not problems(result)


def problems(result: Result) -> object:
    schema = next(agent.output_schema for agent in AGENTS if agent.name == result.agent)
    return compiled(schema or {}).problems(result.output)


async def test_on_a_calm_day_every_built_in_agent_is_done_at_a_simulated_price() -> None:
    async with open_rig(settings=Settings(model="sim/calm")) as rig:
        tasks = tuple(task(n) for n in range(len(AGENTS)))
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        results = (await rig.sessions.team_result(team)).results

    for result in results:
        assert result.is_done, result
        assert result.notices[0] == SIMULATED_NOTICE
        assert result.model == "sim/calm"
        assert result.spend.simulated_nanousd > 0
        assert result.cost_usd == 0


async def test_a_budget_in_simulated_money_holds_like_one_in_real_money() -> None:
    settings = Settings(model="sim/calm", day_budget_usd=0.05)
    async with open_rig(settings=settings) as rig:
        tasks = tuple(task(n) for n in range(60))
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        results = (await rig.sessions.team_result(team)).results
        spent_nanousd = (await rig.store.accounts())[0].spent.nanousd or 0

    by_status = Counter(result.status for result in results)
    assert by_status.keys() == {RunStatus.DONE, RunStatus.OVER_BUDGET}
    assert 0 < spent_nanousd <= 50_000_000


def test_no_table_can_make_a_simulation_call_a_server() -> None:
    own: JsonObject = {"sim": {"wire": "chat", "base_url": "http://127.0.0.1:1/v1"}}
    environment = Environment(home=Path("nowhere"), variables={})

    with pytest.raises(ConfigError, match="a provider cannot be called sim"):
        make_registry(environment, Settings(providers=own))


@tool(effect="pure")
async def page(number: int) -> str:
    """A page of the manual."""
    if number % 3 == 0:
        raise ValueError("no such page")
    return f"Page {number}."


@tool(effect="pure")
async def weigh(texts: list[str], unit: Literal["g", "kg"] = "g") -> float:
    """Weigh the texts."""
    return len(texts) / (1000 if unit == "kg" else 1)


CLERK = Agent(
    name="clerk",
    description="",
    instructions="Look it up.",
    tools=("page", "weigh"),
    output_schema={"type": "object", "properties": {"found": {"type": "boolean"}}},
)
LEAD = replace(CLERK, name="lead", policy=Policy(spawns=("clerk", "lead"), max_children=3))


class ToolDay(NamedTuple):
    """A day of agents with tools: the outcomes of their tasks, all rows, and all events."""

    outcomes: list[tuple[str, RunStatus, Json]]
    rows: list[Row]
    events: list[Event]


async def day_with_tools(model: str, count: int = 300) -> ToolDay:
    settings = Settings(model=model, max_spawn_depth=3, max_tree_sessions=2 * count)
    agents, tools = [CLERK, LEAD], [page, weigh]
    async with open_rig(agents=agents, tools=tools, settings=settings) as rig:
        names = ["lead" if n % 3 == 0 else "clerk" for n in range(count)]
        tasks = tuple(Task(name, f"Task {n}", label=f"{n}") for n, name in enumerate(names))
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        results = (await rig.sessions.team_result(team)).results
        assert (await rig.store.check_chain()).is_intact
        assert (await rig.store.check_rows()).is_intact
        outcomes = [(result.label, result.status, result.output) for result in results]
        return ToolDay(outcomes, await rig.store.rows(Filter()), await rig.store.events())


def is_empty(folder: Path) -> bool:
    return not list(folder.iterdir())


def finished_calls(events: Sequence[Event], name: str) -> set[str]:
    """What was told of the calls of a tool."""
    bodies = [event.body for event in events if isinstance(event.body, ToolFinished)]
    return {body.result.content for body in bodies if body.result.name == name}


@pytest.mark.virtual_time(limit_seconds=1e7)
async def test_what_a_simulated_model_makes_up_changes_nothing(tmp_path: Path) -> None:
    """Neither files nor commands nor functions that do something get invented arguments."""
    charged: list[str] = []

    async def charge(card: str) -> str:
        """Charge a card."""
        charged.append(card)
        return "charged"

    @tool(effect="idempotent", access="run")
    async def start(command: str) -> str:
        """Start a command."""
        charged.append(command)
        return "started"

    tools = ("charge", "write_file", "page", "start")
    agent = Agent(name="doer", description="", instructions="Do it.", tools=tools)
    options = SessionOptions(cwd=str(tmp_path))
    async with open_rig(
        agents=[agent], tools=[charge, page, start], settings=Settings(model="sim/calm")
    ) as rig:
        runs = [
            await rig.sessions.spawn(
                Task("doer", f"Task {n}", options=options, permissions=Permissions(allow=tools))
            )
            for n in range(40)
        ]
        results = [await run.wait() for run in runs]
        events = await rig.store.events()

    told = {name: finished_calls(events, name) for name in tools}
    assert {result.status for result in results} == {RunStatus.DONE}
    assert charged == []
    assert is_empty(tmp_path)
    assert told["charge"] == told["write_file"] == told["start"] == {SIMULATED}
    assert any(text.startswith("Page ") for text in told["page"])


@pytest.mark.virtual_time(limit_seconds=1e7)
@pytest.mark.slow
async def test_agents_with_tools_call_and_spawn_on_a_bad_day_and_every_run_ends_once() -> None:
    day = await day_with_tools("sim/bad-day")

    ends = Counter(event.run for event in day.events if isinstance(event.body, Finished))
    assert ends == {row.run.id: 1 for row in day.rows}
    assert Counter(status for _, status, _ in day.outcomes)[RunStatus.DONE] > 250
    spawned = [row for row in day.rows if row.session.depth > 1]
    assert {row.session.agent.name for row in spawned} == {"clerk", "lead"}
    # Some days a spawned lead spawns, too: which calls fail also depends on the ids of sessions.
    assert {2} <= {row.session.depth for row in spawned} <= {2, 3}
    results = [e.body.result for e in day.events if isinstance(e.body, ToolFinished)]
    assert {"page", "weigh", "agents_list", "sessions_spawn"} <= {r.name for r in results}
    errors = " ".join(result.content for result in results if result.is_error)
    assert "ValueError: no such page" in errors
    assert "The arguments do not match the tool" in errors
    assert sum(not result.is_error for result in results) > len(results) / 2


@pytest.mark.virtual_time(limit_seconds=1e7)
@pytest.mark.slow
async def test_no_run_has_more_than_two_turns_of_calls_and_a_day_of_calls_can_be_repeated() -> None:
    day = await day_with_tools("sim/calm@7", 100)

    turns = Counter(
        event.run
        for event in day.events
        if isinstance(event.body, Replied) and event.body.message.tool_calls
    )
    assert set(turns.values()) == {1, 2}
    assert 30 < len(turns) < len(day.rows)
    assert all(status is RunStatus.DONE for _, status, _ in day.outcomes)
    again = await day_with_tools("sim/calm@7", 100)
    assert again.outcomes == day.outcomes
    # Agents are listed in a thread, so that of two calls of a turn either may end first.
    assert Counter(event.key for event in again.events) == Counter(
        event.key for event in day.events
    )
    assert (await day_with_tools("sim/calm@8", 100)).outcomes != day.outcomes
