"""The same calls in this project, as durable runs on SQLite."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import parallel_agents as pa

AGENT = pa.Agent(name="adder", description="Adds.", instructions="You add numbers.", tools=("add",))
PLAIN = pa.Agent(name="plain", description="Answers.", instructions="You answer.")


@pa.tool(effect="pure")
async def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


def options(url: str, home: Path, at_once: int) -> dict[str, object]:
    provider = {"wire": "chat", "base_url": url, "prices": {"*": {"input_usd": 1, "output_usd": 2}}}
    settings = {"providers": {"bench": provider}, "call_timeout_seconds": 120}
    return {"home": home, "max_parallel": at_once, "settings": settings, "tools": [add]}


async def run(
    url: str, home: Path, *, runs: int, calls: int, at_once: int, is_guarded: bool = False
) -> pa.TeamResult:
    """Execute durable runs; guarded ones have a budget, a limit per minute and a gate."""
    agent = AGENT if calls > 1 else PLAIN
    gates = (pa.ConditionGate(condition="len(text) >= 0"),) if is_guarded else ()
    tasks = [pa.Task(agent, f"task {number}", gates=gates) for number in range(runs)]
    arguments = options(url, home, at_once)
    if is_guarded:
        limits = {"*": {"requests_per_minute": 10**6, "tokens_per_minute": 10**9}}
        arguments["settings"]["providers"]["bench"]["limits"] = limits
    budget = pa.Budget(usd=10**6, tokens=10**10) if is_guarded else pa.Budget()
    team = await pa.arun(tasks, model=f"bench/bench-{calls}", budget=budget, **arguments)
    assert team.is_done, team.status
    return team


async def spawn_latency(url: str, home: Path, *, runs: int) -> list[float]:
    """The milliseconds until each of `runs` spawns, one after another, is accepted."""
    took: list[float] = []
    async with pa.open(**options(url, home, 100)) as sessions:
        handles = []
        for number in range(runs):
            began = time.perf_counter()
            handles.append(
                await sessions.spawn(pa.Task(PLAIN, f"task {number}", model="bench/bench-1"))
            )
            took.append((time.perf_counter() - began) * 1000)
        await sessions.wait(handles)
    return took


async def wait_latency(url: str, home: Path, *, rounds: int, children: int) -> list[float]:
    """The milliseconds from the end of the last child in the journal until `wait` returns."""
    took: list[float] = []
    async with pa.open(**options(url, home, 100)) as sessions:
        for number in range(rounds):
            handles = [
                await sessions.spawn(pa.Task(PLAIN, f"{number}/{child}", model="bench/bench-1"))
                for child in range(children)
            ]
            await sessions.wait(handles)
            returned = time.time()
            rows = await sessions.list(pa.Filter(since=0))
            last = max(row.run.finished_at or 0 for row in rows)
            took.append((returned - last) * 1000)
    return took


def p50(values: list[float]) -> float:
    return statistics.median(values)


def p95(values: list[float]) -> float:
    return sorted(values)[int(len(values) * 0.95)]
