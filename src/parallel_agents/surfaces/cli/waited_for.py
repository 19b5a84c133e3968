"""Waited for: a person at a terminal is told what a command waits for, once that takes a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from parallel_agents.surfaces.cli import render

_PATIENCE_SECONDS = 0.8


@asynccontextmanager
async def waited_for(what: str) -> AsyncGenerator[None]:
    """A block that may take some seconds; nothing is said on a pipe."""

    async def tell() -> None:
        await asyncio.sleep(_PATIENCE_SECONDS)
        render.note(what)

    if not render.err().is_terminal:
        yield
        return
    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
