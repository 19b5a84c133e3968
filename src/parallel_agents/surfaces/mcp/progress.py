"""Progress: tells a client that waits that its call is still going on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import TypeVar

PROGRESS_SECONDS = 5.0
T = TypeVar("T")


async def with_progress(
    work: Coroutine[None, None, T], report: Callable[[float], Coroutine[None, None, None]]
) -> T:
    """The result of `work`; `report` is called every five seconds with the seconds so far."""

    async def report_on() -> None:
        seconds = 0.0
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            seconds += PROGRESS_SECONDS
            await report(seconds)

    reporting = asyncio.create_task(report_on())
    try:
        return await work
    finally:
        reporting.cancel()
        with suppress(asyncio.CancelledError):
            await reporting
