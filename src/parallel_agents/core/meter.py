"""Meter: how many tokens the next request of a run has, by the server's last count and an estimate.

What the server counted is believed; only what came since is estimated. The counts of a model also
say how far estimates for it are off, and correct the next ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from parallel_agents.core.message import Message
from parallel_agents.core.tokens import tokens_of
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.usage import Usage

# Too much costs a shortening that was not needed yet, too little a refused call.
_MARGIN = 1.1
_LEAST, _MOST = 0.4, 3.0
# Of less, the frame around messages is too large a part.
_WORTH_LEARNING = 200
_FORGET = 0.2
_REFUSED = 1.15


@dataclass(slots=True)
class Correction:
    """The tokens of a model for each one that was estimated; it rises at once and falls slowly."""

    factor: float = 1.0

    def learn(self, estimated: int, counted: int) -> None:
        """Take what a server counted, of what was estimated."""
        if estimated < _WORTH_LEARNING:
            return
        factor = min(max(counted / estimated, _LEAST), _MOST)
        self.factor = max(factor, self.factor + (factor - self.factor) * _FORGET)

    def note_refusal(self) -> None:
        """A request was too long although it should have fit: expect more from now on."""
        self.factor = min(self.factor * _REFUSED, _MOST)


class Meter:
    """Counts the tokens of one run's requests; each message is read once.

    Args:
        correction: of the run's model, shared by all runs of the process.
        frame: estimates the instructions and tools, which the server's count includes.
        count: estimates messages.
    """

    __slots__ = ("_correction", "_count", "_estimate", "_frame", "_frame_tokens", "_of", "_read")

    def __init__(
        self,
        correction: Correction,
        frame: Callable[[], int],
        count: Callable[[Sequence[Message]], int] = tokens_of,
    ) -> None:
        self._correction = correction
        self._count = count
        self._frame = frame
        self._frame_tokens: int | None = None
        self._of: tuple[int, ...] = ()
        self._read = 0
        self._estimate = 0

    @property
    def factor(self) -> float:
        """The tokens of the model for each one that is estimated."""
        return self._correction.factor

    def tokens(self, transcript: Transcript) -> int:
        """The tokens of a request with the conversation as it is."""
        return transcript.counted_tokens + self.corrected(self._uncounted(transcript))

    def corrected(self, estimate: int) -> int:
        """An estimate as the model is expected to count it, with a margin."""
        return round(estimate * self._correction.factor * _MARGIN)

    def estimate_within(self, tokens: int) -> int:
        """The estimate for messages that take at most `tokens` together with instructions and tools."""
        return int(tokens / (self._correction.factor * _MARGIN)) - self.frame - 1

    def note_refusal(self) -> None:
        """The server refused a request as too long that should have fit."""
        self._correction.note_refusal()

    def learn(self, transcript: Transcript, usage: Usage) -> None:
        """Take the server's count of a request with the conversation as it is."""
        new = usage.all_input_tokens - transcript.counted_tokens
        self._correction.learn(self._uncounted(transcript), new)

    def _uncounted(self, transcript: Transcript) -> int:
        """The estimate for all that the server's last count does not cover."""
        # Without a count of the server, the whole grows from turn to turn.
        turn = transcript.turn if transcript.counted else 0
        of = (transcript.counted, turn, transcript.attempt, transcript.shortenings.count)
        if of != self._of:
            self._of, self._read, self._estimate = of, transcript.counted, 0
        messages = transcript.messages
        if self._read < len(messages):
            self._estimate += self._count(messages[self._read :])
            self._read = len(messages)
        return self._estimate if transcript.counted else self._estimate + self.frame

    @property
    def frame(self) -> int:
        """The estimate for the instructions and tools."""
        if self._frame_tokens is None:
            self._frame_tokens = self._frame()
        return self._frame_tokens
