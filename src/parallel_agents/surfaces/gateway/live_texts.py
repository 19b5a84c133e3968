"""Live texts: what the model of a session is writing, as a topic tells it, for as long as somebody looks."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import ExitStack, contextmanager

from typing_extensions import TypedDict

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import RunnerKind
from parallel_agents.live_text.folder import NOTHING
from parallel_agents.surfaces.gateway.live_watch import LiveWatch, Look
from parallel_agents.views.session_documents import SessionDocument

_LIVE = frozenset({"queued", "running"})


class TextDocument(TypedDict):
    """A part of what is being written: `text` follows the first `start` characters of this call or try."""

    run_id: str
    number: int
    start: int
    text: str


class LiveText:
    """What the latest run of one session is writing."""

    def __init__(self, watch: LiveWatch, session: SessionKey) -> None:
        self._watch = watch
        self._session = session
        self._run: RunId | None = None
        self._look: Look | None = None
        self._looking = ExitStack()
        self._tell: Callable[[], None] | None = None
        self._text = self._told = NOTHING

    def note(self, items: Iterable[SessionDocument]) -> None:
        """Take from documents which run is live."""
        for item in items:
            if item["session_key"] == self._session:
                is_live = item["status"] in _LIVE and item["kind"] == RunnerKind.AGENT
                self._turn_to(item["run_id"] if is_live else None)

    @contextmanager
    def telling(self, tell: Callable[[], None]) -> Generator[None]:
        """Tell when what is written has changed, until the block ends."""
        self._tell = tell
        self._turn_to(self._run)
        try:
            yield
        finally:
            self._tell = None
            self._looking.close()

    def _turn_to(self, run: RunId | None) -> None:
        """Look at another run from now on."""
        is_same = run == self._run and (run is None) == (self._look is None)
        self._run = run
        if is_same or self._tell is None:
            return
        self._looking.close()
        self._look, self._text = None, NOTHING
        if run is not None:
            self._look = self._looking.enter_context(self._watch.looking(run, self._tell))
            self._look.add(run)

    def news(self) -> TextDocument | None:
        """What was written since the last news; None if nothing."""
        written = None if self._look is None else self._look.take()
        if written is not None:
            self._text = written.text
        before, self._told = self._told, self._text
        if before == self._text:
            return None
        is_longer = before.number == self._text.number and self._text.text.startswith(before.text)
        return self._document(len(before.text) if is_longer else 0)

    def whole(self) -> TextDocument | None:
        """All that is written so far; None if nothing is."""
        return self._document(0) if self._text.text else None

    def _document(self, start: int) -> TextDocument:
        number, text = self._text.number, self._text.text
        return {"run_id": self._run or "", "number": number, "start": start, "text": text[start:]}
