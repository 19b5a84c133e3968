"""Other processes: what tests share that start some: how one lives, what is waited for, how it ended."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import orjson

PATIENCE_SECONDS = 20.0


class Ended(NamedTuple):
    """The exit code, what was told on stdout as JSON: label, status and output; and stderr."""

    code: int
    told: list[tuple[str, str, str]]
    log: str


@asynccontextmanager
async def running(python: Path, program: Path, *arguments: Path | str) -> AsyncGenerator[Process]:
    """A program that `python` runs next to the tests, killed at the block's end if it has not ended."""
    process = await asyncio.create_subprocess_exec(
        python, program, *arguments, stdout=PIPE, stderr=PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds, looked at a hundred times a second; else fail."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not condition():  # noqa: ASYNC110 - another process sets no event of this one
            await asyncio.sleep(0.01)


async def ended(process: Process, seconds: float = PATIENCE_SECONDS) -> Ended:
    async with asyncio.timeout(seconds):
        told, log = await process.communicate()
    assert process.returncode is not None
    results = [(label, status, output) for label, status, output in orjson.loads(told or b"[]")]
    return Ended(process.returncode, results, log.decode())
