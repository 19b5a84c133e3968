"""Runs one scenario in this process, and prints its figures as one line of JSON.

`python -m benchmarks.scenario NAME URL` first does a small run to warm up. It then measures the CPU
time of all threads, the wall time and the peak memory of the real run.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import secrets
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from benchmarks import (
    bare,
    crew,
    fetching,
    file_tools,
    flows,
    mapping,
    ours,
    sandboxed,
    sends,
    streaming,
)
from parallel_agents.secrets.known import KNOWN

T = TypeVar("T")


class Size(NamedTuple):
    runs: int
    calls: int
    at_once: int


def measure(work: Callable[[Size], Awaitable[object]], size: Size) -> dict[str, float]:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    async def timed() -> dict[str, float]:
        await work(size._replace(runs=min(20, size.runs)))
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        await work(size)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        calls = size.runs * size.calls
        return {"cpu_ms": cpu / calls * 1000, "wall_s": wall, "calls_per_s": calls / wall}

    figures = asyncio.run(timed())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**figures, "peak_mb": peak}


def bare_loop(url: str) -> Callable[[Size], Awaitable[object]]:
    return lambda size: bare.run(url, runs=size.runs, calls=size.calls, at_once=size.at_once)


def this_project(url: str, *, is_guarded: bool = False) -> Callable[[Size], Awaitable[object]]:
    async def work(size: Size) -> None:
        with tempfile.TemporaryDirectory() as home:
            await ours.run(url, Path(home), **size._asdict(), is_guarded=is_guarded)

    return work


def with_secrets(url: str) -> Callable[[Size], Awaitable[object]]:
    """The same while five keys of a usual length are known."""
    for number in range(5):
        KNOWN.add(f"sk-{secrets.token_urlsafe(32)}", f"KEY_{number}")
    return this_project(url)


def latencies(url: str) -> dict[str, float]:
    async def work() -> dict[str, float]:
        with tempfile.TemporaryDirectory() as home:
            spawned = await ours.spawn_latency(url, Path(home), runs=500)
        with tempfile.TemporaryDirectory() as home:
            waited = await ours.wait_latency(url, Path(home), rounds=100, children=20)
        return {"spawn_p50_ms": ours.p50(spawned), "wait_p95_ms": ours.p95(waited)}

    return asyncio.run(work())


def in_new_home(work: Callable[[Path], Awaitable[T]]) -> T:
    """The result of `work` in a temporary home folder."""

    async def body() -> T:
        with tempfile.TemporaryDirectory() as home:
            return await work(Path(home))

    return asyncio.run(body())


_IN_ONE_PROCESS: Mapping[str, Callable[[Path], Awaitable[dict[str, float]]]] = {
    "sends": lambda home: sends.cpu_of_a_send(home, after=(100, 400, 800)),
    "file-tools": file_tools.cpu_of_a_call,
    "sandbox": sandboxed.cost_of_a_sandbox,
    "fetch": fetching.cost_of_a_fetch,
    "flow": flows.cost_of_a_flow,
}


_MEASURED: Mapping[str, Callable[[str], Callable[[Size], Awaitable[object]]]] = {
    "bare": bare_loop,
    "ours": this_project,
    "guarded": partial(this_project, is_guarded=True),
    "secrets": with_secrets,
}


def main() -> None:
    name, url, *sizes = sys.argv[1:]
    size = Size(*map(int, sizes)) if sizes else Size(1, 1, 1)
    match name:
        case "bare" | "ours" | "guarded" | "secrets":
            figures = measure(_MEASURED[name](url), size)
        case "stream":
            figures = measure(lambda s: streaming.by_the_wire(url, calls=s.runs, at_once=30), size)
        case "bare-stream":
            figures = measure(
                lambda s: streaming.by_a_bare_loop(url, calls=s.runs, at_once=30), size
            )
        case "map":
            with tempfile.TemporaryDirectory() as home:
                figures = mapping.cost_of_a_map(
                    url, Path(home), rows=size.runs, at_once=size.at_once
                )
        case "map-batch":
            with tempfile.TemporaryDirectory() as home:
                figures = mapping.cost_of_a_map(
                    url, Path(home), rows=size.runs, at_once=size.at_once, batch=10
                )
        case "latencies":
            figures = latencies(url)
        case "children":
            figures = in_new_home(lambda home: crew.spawn_children(url, home, children=size.runs))
        case "spawn-tool":
            p50 = in_new_home(lambda home: crew.spawn_latency(url, home, runs=500))
            figures = {"spawn_p50_ms": p50}
        case "idle":
            figures = in_new_home(lambda home: crew.idle(url, home, sessions=size.runs))
        case "sends" | "file-tools" | "sandbox" | "fetch" | "flow":
            figures = in_new_home(_IN_ONE_PROCESS[name])
        case "langgraph" | "pydantic-ai":
            from benchmarks import peers

            figures = measure(peers.PEERS[name](url), size)
        case _:
            raise SystemExit(f"no scenario {name}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
