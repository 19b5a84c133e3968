"""Home listening: the texts of runs that other processes of a home execute, for as long as somebody listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from parallel_agents.containment.calls import tell
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.ids import RunId
from parallel_agents.live_text.folder import (
    NOTHING,
    WANTED_SECONDS,
    LiveTextFolder,
    Text,
    TextReader,
)

_LOOK_SECONDS = 0.1
_WANT_LOOKS = int(WANTED_SECONDS / _LOOK_SECONDS / 4)


class HomeListening:
    """Who listens to the runs of a home, for as long as its `async with` block lasts."""

    def __init__(self, folder: LiveTextFolder) -> None:
        self._folder = folder
        self._group = asyncio.TaskGroup()
        self._hearing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._hearing:
            task.cancel()
        # The tasks fail with nothing; the error of the block is whose block it is.
        await self._group.__aexit__(None, None, None)

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        """Call `on_text` with what the run writes from its next call on, until unsubscribed."""
        task = self._group.create_task(self._hear(run, on_text))
        self._hearing.add(task)
        task.add_done_callback(self._hearing.discard)

        def stop() -> None:
            task.cancel()

        return stop

    async def _hear(self, run: RunId, on_text: Callable[[str], None]) -> None:
        reader, before, looks = TextReader(self._folder, run), NOTHING, 0
        try:
            while True:
                if looks % _WANT_LOOKS == 0:
                    await asyncio.to_thread(self._folder.want, run)
                looks += 1
                now = await asyncio.to_thread(reader.read)
                if (text := added(before, now)) and not tell(on_text, text):
                    return
                before = now
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._folder.leave(run)


def added(before: Text, now: Text) -> str:
    """What was written since; of another call or try, all of it."""
    is_longer = before.number == now.number and now.text.startswith(before.text)
    return now.text[len(before.text) :] if is_longer else now.text
