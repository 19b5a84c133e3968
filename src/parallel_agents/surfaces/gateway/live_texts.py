"""Live texts: what the model of a session is writing, as a topic tells it, for as long as somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from typing_extensions import TypedDict

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import RunnerKind
from parallel_agents.live_text.folder import (
    NO_VERSION,
    NOTHING,
    WANTED_SECONDS,
    LiveTextFolder,
    Text,
    Version,
)
from parallel_agents.views.documents import SessionDocument

_LOOK_SECONDS = 0.1
_WANT_LOOKS = int(WANTED_SECONDS / _LOOK_SECONDS / 4)
_LIVE = frozenset({"queued", "running"})


class TextDocument(TypedDict):
    """A part of what is being written: `text` follows the first `start` characters of this call or try."""

    run_id: str
    number: int
    start: int
    text: str


class LiveText:
    """What the latest run of one session is writing."""

    def __init__(self, folder: LiveTextFolder, session: SessionKey) -> None:
        self._folder = folder
        self._session = session
        self._run: RunId | None = None
        self._text = self._told = NOTHING

    def note(self, items: Iterable[SessionDocument]) -> None:
        """Take from documents which run is live."""
        for item in items:
            if item["session_key"] == self._session:
                is_live = item["status"] in _LIVE and item["kind"] == RunnerKind.AGENT
                self._run = item["run_id"] if is_live else None

    async def watch(self, tell: Callable[[], None]) -> None:
        """Look at what is written, and tell when it has changed, until this is cancelled."""
        run: RunId | None = None
        version, looks = NO_VERSION, 0
        try:
            while True:
                if run != self._run:
                    self._leave(run)
                    run, version, looks = self._run, NO_VERSION, 0
                if run is not None:
                    is_due = looks % _WANT_LOOKS == 0
                    looks += 1
                    changed = await asyncio.to_thread(self._look, run, version, is_due=is_due)
                    if changed is not None:
                        version, self._text = changed
                        tell()
                await asyncio.sleep(_LOOK_SECONDS)
        finally:
            self._leave(run)

    def _look(self, run: RunId, version: Version, *, is_due: bool) -> tuple[Version, Text] | None:
        """See what has changed, and keep the run wanted: another who looked at it may have left."""
        if is_due or not self._folder.is_wanted(run):
            self._folder.want(run)
        return self._folder.changed(run, version)

    def news(self) -> TextDocument | None:
        """What was written since the last news; None if nothing."""
        before, self._told = self._told, self._text
        if before == self._text:
            return None
        is_longer = before.number == self._text.number and self._text.text.startswith(before.text)
        return self._document(len(before.text) if is_longer else 0)

    def whole(self) -> TextDocument | None:
        """All that is written so far; None if nothing is."""
        return self._document(0) if self._text.text else None

    def _document(self, start: int) -> TextDocument:
        number, text = self._text
        return {"run_id": self._run or "", "number": number, "start": start, "text": text[start:]}

    def _leave(self, run: RunId | None) -> None:
        self._text = NOTHING
        if run is not None:
            self._folder.leave(run)
