"""Looks at what is large: the CPU time of each, by how many sessions there are.

python -m benchmarks.looking [ROWS...]

Each store has a map of so many rows, half of which have ended, a team of as many tasks, all done, and half
as many single sessions that ask a person something.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from benchmarks import filled
from parallel_agents.app.reading import Reader, open_reader
from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import Entry, Queued
from parallel_agents.core.filter import Filter
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import OwnerId, SessionKey, make_flow_key, make_run_id
from parallel_agents.core.owner import Owner
from parallel_agents.core.question import Question, QuestionKind
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.session import Session
from parallel_agents.core.session_plan import SessionPlan
from parallel_agents.maps.request import MAP
from parallel_agents.settings import Environment, Settings
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.surfaces.cli.looking import look_at
from parallel_agents.views.last_tries import last_tries
from parallel_agents.views.session_query import parse_query
from parallel_agents.views.session_search import search

_OWNER = OwnerId("filler")
_ROUNDS = 5
_HOUR = 3600.0


async def fill(path: Path, rows: int) -> None:
    """Make the store of so many rows, through its own methods."""
    store = await SqliteStore.open(path)
    try:
        await store.heartbeat(Owner(id=_OWNER, host="here", pid=1))
        await _fill_map(store, rows)
        team, *tasks = filled.team_plans(0, rows)
        await store.spawn([team, *tasks])
        await store.claim(team.run, _OWNER)
        await filled.work_all(store, tasks)
        asking = [filled.session_plan(f"question {n}") for n in range(rows // 2)]
        await store.spawn(asking)
        await asyncio.gather(*(_ask(store, plan) for plan in asking))
    finally:
        await store.aclose()


async def _fill_map(store: SqliteStore, rows: int) -> None:
    key = make_flow_key(MAP, "rows")
    queued = Queued(text="map", flow=FlowTask(name=MAP, options={"rows": rows}))
    top = SessionPlan(
        session=Session(key=key, agent=filled.AGENT, label="map clerk", spawn_key="rows", root=key),
        run=make_run_id(),
        kind=RunnerKind.FLOW,
        queued=queued,
        digest="rows",
    )
    tasks = [filled.session_plan(f"row {n}", top.session, f"row-{n}") for n in range(rows)]
    await store.spawn([top, *tasks])
    await store.claim(top.run, _OWNER)
    await filled.work_all(store, tasks[: rows // 2])


async def _ask(store: SqliteStore, plan: SessionPlan) -> None:
    await store.claim(plan.run, _OWNER)
    question = Question(
        question=QuestionKind.REQUEST, text="Which drawer?", expires_at=time.time() + _HOUR
    )
    await store.append(
        plan.run, 1, [Entry("turn-1/call/1/asked", Asked(turn=1, number=1, question=question))]
    )


def looks(client: Reader, rows: int) -> Mapping[str, Callable[[], Awaitable[object]]]:
    """What is looked at, by how it is called."""
    sessions, journal = client.sessions, client.journal
    top = make_flow_key(MAP, "rows")
    team = SessionKey("team:filing:month-0")

    async def tries() -> object:
        return await last_tries(sessions, journal, await sessions.find(top))

    async def listed() -> object:
        return await journal.look(await sessions.list(Filter(limit=rows)))

    async def page() -> object:
        return await journal.look(await sessions.list(Filter(roots_only=True, limit=50)))

    async def waiting() -> object:
        return await search(sessions, journal, parse_query("state:waiting", time.time()), limit=50)

    async def costs() -> object:
        return await journal.costs()

    return {
        "the last tries of a map": tries,
        "show of a map": lambda: look_at(client, top, 50),
        "show of a team": lambda: look_at(client, team, 50),
        "what a report of a map reads": lambda: look_at(client, top, None),
        "a page of list": page,
        "all of list": listed,
        "list state:waiting": waiting,
        "cost": costs,
    }


async def measure(home: Path, rows: int) -> Mapping[str, float]:
    """The CPU time of each look in milliseconds: the median of several, in one process."""
    environment = Environment(home=home, variables={})
    found: dict[str, float] = {}
    async with open_reader(environment, Settings()) as client:
        for name, look in looks(client, rows).items():
            times: list[float] = []
            for _ in range(_ROUNDS):
                began = time.process_time()
                await look()
                times.append(time.process_time() - began)
            found[name] = statistics.median(times) * 1000
    return found


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:]] or [100, 1_000, 10_000]
    found: list[Mapping[str, float]] = []
    for rows in sizes:
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder)
            asyncio.run(fill(home / "store.db", rows))
            found.append(asyncio.run(measure(home, rows)))
    print("| CPU of a look, ms | " + " | ".join(f"{rows:,} rows" for rows in sizes) + " |")
    for name in found[0]:
        print(f"| {name} | " + " | ".join(f"{each[name]:.1f}" for each in found) + " |")


if __name__ == "__main__":
    main()
