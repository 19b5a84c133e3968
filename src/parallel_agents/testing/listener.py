"""RecordingListener: records everything that a model reports about a call, for tests of models."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

from parallel_agents.errors import ProviderError


class RecordingListener:
    """A listener that records each call to it; it never cancels a resting call.

    Attributes:
        pieces: the pieces of text, in order.
        retries: the class of each failure, the number of the failed try, and the seconds until
            the next.
        waits: what the call waited for, and the shortest wait in seconds.
        notices: the notices for whoever watches the run.
        unanswered_calls: the calls that brought no reply and may have been billed.
    """

    def __init__(self, *, wants_text: bool = False) -> None:
        self.wants_text = wants_text
        self.keeps_text = wants_text
        self.pieces: list[str] = []
        self.retries: list[tuple[type[ProviderError], int, float]] = []
        self.waits: list[tuple[str, float]] = []
        self.notices: list[str] = []
        self.unanswered_calls = 0

    def text(self, piece: str) -> None:
        self.pieces.append(piece)

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        self.retries.append((type(error), attempt, wait_seconds))

    def waiting(self, reason: str, seconds: float) -> None:
        self.waits.append((reason, seconds))

    def noticed(self, text: str) -> None:
        self.notices.append(text)

    def unanswered(self) -> None:
        self.unanswered_calls += 1

    def resting(self) -> AbstractContextManager[None]:
        return nullcontext()
