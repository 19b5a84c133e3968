"""RecordingListener: a listener that keeps what it hears of a call, for tests of models."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from parallel_agents.errors import ProviderError


class RecordingListener:
    """A listener that keeps what it hears; a call that rests is never broken off.

    Attributes:
        pieces: the text as it came.
        retries: the kind of each failure, the number of its try, and the seconds until the next.
        waits: what the call waited for, and the seconds that it took at least.
        notices: what whoever looks on should know.
    """

    def __init__(self, *, wants_text: bool = False) -> None:
        self.wants_text = wants_text
        self.pieces: list[str] = []
        self.retries: list[tuple[type[ProviderError], int, float]] = []
        self.waits: list[tuple[str, float]] = []
        self.notices: list[str] = []

    def text(self, piece: str) -> None:
        self.pieces.append(piece)

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        self.retries.append((type(error), attempt, wait_seconds))

    def waiting(self, reason: str, seconds: float) -> None:
        self.waits.append((reason, seconds))

    def noticed(self, text: str) -> None:
        self.notices.append(text)

    def resting(self) -> AbstractContextManager[None]:
        return nullcontext()
