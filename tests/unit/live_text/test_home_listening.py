"""What another process of the home writes is heard once, and only while somebody listens."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from parallel_agents.core.ids import RunId
from parallel_agents.live_text.folder import LiveTextFolder
from parallel_agents.live_text.home_listening import HomeListening

if TYPE_CHECKING:
    from pathlib import Path

RUN = RunId("run-tea")


async def test_each_piece_is_heard_once_and_a_further_try_from_its_beginning(
    tmp_path: Path,
) -> None:
    folder, heard = LiveTextFolder(tmp_path), list[str]()
    async with HomeListening(folder) as listening:
        stop = listening.listen(RUN, heard.append)
        await asyncio.sleep(30)
        was_wanted = folder.is_wanted(RUN)
        for number, pieces in ((1, ("Tea", ", please.")), (2, ("Milk",))):
            folder.begin(RUN, number, 1)
            for piece in pieces:
                folder.add(RUN, piece)
                await asyncio.sleep(1)
        stop()
        await asyncio.sleep(1)
        folder.add(RUN, "!")
        await asyncio.sleep(1)

    assert was_wanted
    assert heard == ["Tea", ", please.", "Milk"]
    assert not folder.is_wanted(RUN)


async def test_a_listener_that_fails_hears_no_more(tmp_path: Path) -> None:
    folder, calls = LiveTextFolder(tmp_path), list[str]()

    def refuse(piece: str) -> None:
        calls.append(piece)
        raise ValueError("no")

    async with HomeListening(folder) as listening:
        listening.listen(RUN, refuse)
        await asyncio.sleep(1)
        folder.begin(RUN, 1, 1)
        for piece in ("Tea", "Milk"):
            folder.add(RUN, piece)
            await asyncio.sleep(1)

    assert calls == ["Tea"]
