"""The live terminal with a thousand rows: how long a key takes while the store is read beside it.

A key takes from its arrival until the screen is drawn; `Pilot.press` is not used, because it sleeps for
60 ms after each key.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from textual import events
from typing_extensions import override

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
        app = _Watched(find_store(home))
        async with app.run_test(size=(120, 40)) as pilot:
            rows = app.query_one(TopList)
            while not rows.items:
                await pilot.pause(0.1)
            await pilot.press("enter")
            while len(rows.items) < _ROWS:
                await pilot.pause(0.1)
            times: list[float] = []
            used: list[float] = []
            for _ in range(_KEYS):
                began, cpu = time.perf_counter(), time.thread_time()
                await _press(app)
                times.append(time.perf_counter() - began)
                used.append(time.thread_time() - cpu)
                await asyncio.sleep(0.03)
        median, slow = statistics.median(times), statistics.quantiles(times, n=20)[-1]
        print(
            f"{len(rows.items):,} rows: a key takes {median * 1000:.1f} ms, p95 {slow * 1000:.1f} ms,"
            f" and {statistics.median(used) * 1000:.1f} ms of CPU"
        )


class _Watched(TopApp):
    """Notes when a row was drawn last."""

    drawn_at = 0.0

    @override
    def _plain(self, text: str) -> str:
        self.drawn_at = time.perf_counter()
        return super()._plain(text)


async def _press(app: _Watched) -> None:
    """Move the cursor by a key, and wait until rows are drawn."""
    before = app.drawn_at
    app.post_message(events.Key("down", None))
    async with asyncio.timeout(10):
        while app.drawn_at == before:  # noqa: ASYNC110 - drawing tells no one
            await asyncio.sleep(0.0005)


if __name__ == "__main__":
    asyncio.run(measure())
