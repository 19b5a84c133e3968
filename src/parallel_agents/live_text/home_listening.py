"""Home listening: the texts of runs that other processes of a home execute, for as long as somebody listens."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

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
from parallel_agents.live_text.listener_tasks import ListenerTasks, stopping

_LOOK_SECONDS = 0.1
_WANT_LOOKS = int(WANTED_SECONDS / _LOOK_SECONDS / 4)


class HomeListening(ListenerTasks):
    """Who listens to the runs of a home, for as long as its `async with` block lasts."""

    def __init__(self, folder: LiveTextFolder) -> None:
        super().__init__()
        self._folder = folder

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        """Call `on_text` with what the run writes from its next call on, until unsubscribed."""
        return stopping(self._begin(self._hear(run, on_text)))

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
