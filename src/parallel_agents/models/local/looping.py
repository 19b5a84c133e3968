"""Looping: ends a call whose model writes one piece over and over, as small models do.

Such a reply is worthless, and would take minutes until its token limit.
"""

from __future__ import annotations

from parallel_agents.core.cutting import head
from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.errors import RepeatsItself
from parallel_agents.models.wrapped import Wrapped, WrappedListener

# About 300 tokens: a rule or a row of zeros is shorter.
_LOOP_CHARACTERS = 1024
_MOST_PIECE = 256
_STEP_CHARACTERS = 128
_SHOWN_CHARACTERS = 60


class StopsLoops(Wrapped):
    """Wraps a model and stops a call whose text ends in at least 1,024 characters of repetition."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """Ask for the next message.

        Raises:
            RepeatsItself: the reply went round in a loop.
            ProviderError: as the model raises it.
        """
        return await self._model.respond(request, _Heard(listener))


class _Heard(WrappedListener):
    """Hears all text, and passes it on: the model streams whether or not the listener wants it."""

    wants_text = True

    def __init__(self, listener: Listener | None) -> None:
        super().__init__(listener)
        self._end = ""
        self._unchecked = 0

    def text(self, piece: str) -> None:
        if self._listener is not None:
            self._listener.text(piece)
        self._end = (self._end + piece)[-_LOOP_CHARACTERS:]
        self._unchecked += len(piece)
        if self._unchecked < _STEP_CHARACTERS or len(self._end) < _LOOP_CHARACTERS:
            return
        self._unchecked = 0
        if looped := repeated_piece(self._end):
            raise RepeatsItself(
                "the model wrote the same over and over, and was stopped",
                why=f"the reply ends with {head(repr(looped), _SHOWN_CHARACTERS)}, again and again",
                hint="ask for less at once, give an example of the answer, or use a larger model",
            )


def repeated_piece(text: str) -> str:
    """The shortest piece, of at most 256 characters, that the whole text repeats; empty if none."""
    for length in range(1, min(_MOST_PIECE, len(text) // 2) + 1):
        if text[length:] == text[:-length]:
            return text[-length:]
    return ""
