"""The live terminal with a thousand rows: how long a key takes while the store is read beside it."""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import filled
from parallel_agents.surfaces.cli.context import find_store
from parallel_agents.surfaces.cli.top_app import TopApp
from parallel_agents.surfaces.cli.top_list import TopList

_ROWS, _KEYS = 1000, 200


async def measure() -> None:
    """Print the median and the slowest twentieth of the time from a key to the drawn screen."""
    with TemporaryDirectory() as folder:
        home = Path(folder)
        await filled.fill(home / "store.db", filled.Size(1, _ROWS, 0))
        app = TopApp(find_store(home))
        async with app.run_test(size=(120, 40)) as pilot:
            rows = app.query_one(TopList)
            while not rows.items:
                await pilot.pause(0.1)
            await pilot.press("enter")
            while len(rows.items) < _ROWS:
                await pilot.pause(0.1)
            times: list[float] = []
            for _ in range(_KEYS):
                began = time.perf_counter()
                await pilot.press("down")
                times.append(time.perf_counter() - began)
        median, slow = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        print(
            f"{len(rows.items):,} rows: a key takes {median * 1000:.1f} ms, p95 {slow * 1000:.1f} ms"
        )


if __name__ == "__main__":
    asyncio.run(measure())
