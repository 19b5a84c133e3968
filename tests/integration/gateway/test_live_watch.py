"""One look at the folder serves all streams, and what nobody looks at any more is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from parallel_agents.core.ids import RunId
from parallel_agents.live_text.folder import FOLDER, LiveTextFolder, Text
from parallel_agents.surfaces.gateway.live_watch import LiveWatch, Look, Written
from tests.integration.other_processes import until

if TYPE_CHECKING:
    from pathlib import Path

RUN, OTHER, TREE = RunId("run"), RunId("other"), "agent:main:subagent:root"


@asynccontextmanager
async def watching(folder: LiveTextFolder) -> AsyncGenerator[LiveWatch]:
    watch = LiveWatch(folder)
    running = asyncio.create_task(watch.run())
    try:
        async with asyncio.timeout(10):
            yield watch
    finally:
        running.cancel()
        await asyncio.wait([running])


def nothing() -> None:
    """Nobody is woken."""


async def taken(look: Look) -> Written:
    found: list[Written] = []

    def is_taken() -> bool:
        written = look.take()
        found.extend([written] if written is not None else [])
        return bool(found)

    await until(is_taken)
    return found[0]


async def test_each_is_told_of_its_runs_also_of_what_was_written_before(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    async with watching(folder) as watch, asyncio.timeout(10):
        with watch.looking(TREE, nothing) as first, watch.looking(TREE, nothing) as second:
            first.add(RUN)
            await until(lambda: folder.is_wanted(TREE))
            folder.begin(RUN, 1, 1)
            folder.begin(OTHER, 1, 1)
            folder.add(RUN, "Dear")
            await until(lambda: second.take() is None)
            while (written := await taken(first)).text.text != "Dear":
                pass
            second.add(RUN)
            later = await taken(second)

    assert written == later == Written(RUN, Text(1, "Dear", 1))


async def test_it_is_wanted_until_the_last_has_left(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    async with watching(folder) as watch:
        with watch.looking(TREE, nothing):
            with watch.looking(TREE, nothing):
                await until(lambda: folder.is_wanted(TREE))
            with watch.looking(RUN, nothing):
                await until(lambda: folder.is_wanted(RUN))
            await until(lambda: not folder.is_wanted(RUN))
            still = folder.is_wanted(TREE)
        await until(lambda: not folder.is_wanted(TREE))
        async with watch.expecting("a key"):
            expected = folder.is_wanted("a key")

    assert (still, expected) == (True, True)
    assert list((tmp_path / FOLDER).iterdir()) == []


async def test_a_watch_that_ends_leaves_nothing(tmp_path: Path) -> None:
    folder = LiveTextFolder(tmp_path)
    async with watching(folder) as watch:
        with watch.looking(TREE, nothing) as look:
            look.add(RUN)
            await until(lambda: folder.is_wanted(TREE))

    assert not folder.is_wanted(TREE)
