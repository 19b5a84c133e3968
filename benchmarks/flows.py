"""What a flow adds to its tasks, which a model of this process answers at once; and how it goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import parallel_agents as pa
from parallel_agents.testing import RepliesWith

_NODES = 1_000
_FINISHED = 5_000
_WRITER = pa.Agent("writer", instructions="Write.", output=str)


def task(number: int) -> pa.Task[str]:
    return pa.Task(_WRITER, f"number {number}")


async def chain(flow: pa.Flow, count: int) -> None:
    for number in range(count):
        await flow.task(f"t{number}", task(number))


async def fan(flow: pa.Flow, count: int) -> None:
    await flow.parallel(map(task, range(count)), key="all")


async def fan_that_fails_at_first(flow: pa.Flow, count: int) -> None:
    await fan(flow, count)
    if _is_first.pop():
        raise ValueError("as it should")


_is_first = [False, True]


async def bare_chain(sessions: pa.OpenSessions) -> None:
    for number in range(_NODES):
        await (await sessions.spawn(task(number))).wait()


async def bare_fan(sessions: pa.OpenSessions) -> None:
    handles = await asyncio.gather(*(sessions.spawn(task(n)) for n in range(_NODES)))
    await sessions.wait(handles)


def of_flow(
    function: Callable[..., Awaitable[None]], count: int = _NODES
) -> Callable[[pa.OpenSessions], Awaitable[None]]:
    async def run(sessions: pa.OpenSessions) -> None:
        handle = await sessions.spawn_flow(function, key="one", input={"count": count})
        await handle.wait()

    return run


async def measured(
    home: Path, work: Callable[[pa.OpenSessions], Awaitable[None]]
) -> tuple[float, float]:
    """CPU and wall seconds of some work on the store of that folder."""
    async with pa.open(
        home=home,
        model="fake/model",
        models={"fake": lambda name: RepliesWith(lambda _: "ok", name)},
        settings={"max_parallel": _FINISHED},
    ) as sessions:
        cpu, wall = time.process_time(), time.perf_counter()
        await work(sessions)
        return time.process_time() - cpu, time.perf_counter() - wall


async def cost_of_a_flow(home: Path) -> dict[str, float]:
    """CPU of a node in milliseconds, and the seconds in which a flow of many finished steps goes on."""
    works = {
        "bare_chain": bare_chain,
        "chain": of_flow(chain),
        "bare_fan": bare_fan,
        "fan": of_flow(fan),
    }
    figures = {
        f"{name}_ms": (await measured(home / name, work))[0] * 1000 / _NODES
        for name, work in works.items()
    }
    again = of_flow(fan_that_fails_at_first, _FINISHED)
    await measured(home / "again", again)
    _, figures["again_s"] = await measured(home / "again", again)
    return figures
