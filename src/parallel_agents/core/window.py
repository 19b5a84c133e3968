"""Window: whether a conversation has outgrown its model's context, and how to shorten it then."""

from __future__ import annotations

from dataclasses import dataclass, replace

from parallel_agents.core.event import Shortened
from parallel_agents.core.meter import Meter
from parallel_agents.core.run import Failure
from parallel_agents.core.shortening import OLD_RESULT_CHARACTERS, Cuts, Span, plan_cuts, size_of
from parallel_agents.core.summary import Summaries
from parallel_agents.core.tokens import tokens_of
from parallel_agents.core.transcript import Transcript
from parallel_agents.errors import ContextTooLong

# So that the next turns need no shortening of their own, each of which costs the provider's cache. A
# summary costs a call as well, and takes room itself.
_SHARE_THAT_REMAINS, _SHARE_BESIDE_SUMMARY = 0.6, 0.4
_SHARE_AFTER_REFUSAL = 0.5
_REPLY_SHARE = 4
# What old results and long messages may take of a small context.
_RESULT_SHARE = 16
_LEAST_RESULT_CHARACTERS = 200
# Of one turn; what is left then is left out without a summary.
_MOST_SUMMARIES, _MOST_SHORTENINGS = 6, 8
# An estimate is not so far off that a request of this many times the context could fit.
_CERTAINLY = 1.5
_LEAST_REPLY = 256
# For what a server counts differently of the newest messages.
_SPARE_SHARE, _LEAST_SPARE = 64, 64


@dataclass(frozen=True, slots=True)
class Window:
    """The context of a run's model.

    Attributes:
        tokens: its size.
        reply: the most tokens of a reply, with its reasoning.
        meter: counts what the conversation takes of it.
    """

    tokens: int
    reply: int
    meter: Meter

    @property
    def reserved(self) -> int:
        """The tokens that are kept free for the reply."""
        return min(self.reply, self.tokens // _REPLY_SHARE)

    def room(self, transcript: Transcript) -> int:
        """The tokens that the next reply can have."""
        spare = max(self.tokens // _SPARE_SHARE, _LEAST_SPARE)
        return max(self.tokens - self.meter.tokens(transcript) - spare, _LEAST_REPLY)


@dataclass(frozen=True, slots=True)
class Shortening:
    """How a run's conversation is shortened.

    Attributes:
        window: the context of the model; None if its size is not known.
        summaries: how what is left out is summarized; None to leave it out without a summary.
        is_readable: whether the model can read what was cut of a result.
    """

    window: Window | None = None
    summaries: Summaries | None = None
    is_readable: bool = False

    def foreseen(self, transcript: Transcript) -> Shortened | None:
        """The shortening that the next call needs; None if it should fit, or if nothing helps."""
        window = self.window
        if window is None or transcript.shortenings.here >= _MOST_SHORTENINGS:
            return None
        tokens = window.meter.tokens(transcript)
        if tokens + window.reserved <= window.tokens:
            return None
        return self._shortened(transcript, self._share(transcript) * window.tokens / tokens, None)

    def after_refusal(self, transcript: Transcript, error: ContextTooLong) -> Shortened | None:
        """The shortening after a refusal, once for each call; None if nothing helps."""
        if transcript.shortenings.refused_at == transcript.turn:
            return None
        share, window = _SHARE_AFTER_REFUSAL, self.window
        if window is not None:
            tokens = max(window.meter.tokens(transcript), 1)
            share = min(share, self._share(transcript) * window.tokens / tokens)
        return self._shortened(transcript, share, Failure.of(error))

    def after_full_reply(self, transcript: Transcript, error: ContextTooLong) -> Shortened | None:
        """The shortening after a reply that filled the context, which is left out too.

        None if nothing helps, or if the call before was shortened for the same reason.
        """
        if transcript.shortenings.refused_at >= transcript.turn - 1:
            return None
        messages = transcript.messages[:-1]
        most = int(size_of(messages) * _SHARE_AFTER_REFUSAL)
        cuts = plan_cuts(
            messages, transcript.task_end, most, result_characters=self._result_characters
        )
        if cuts is None:
            return None
        reply = Span(len(messages), len(messages) + 1)
        cuts = self._named(cuts, spans=(*cuts.spans, reply))
        return Shortened(turn=transcript.turn, cuts=cuts, error=Failure.of(error))

    def summary_of(self, transcript: Transcript, shortened: Shortened) -> Summaries | None:
        """How to summarize what a shortening leaves out; None to leave it out without a summary.

        What a summary would hardly shorten is not worth a call, and what could not be summarized is
        not tried again before the next reply.
        """
        summaries = self._usable(transcript)
        if summaries is None:
            return None
        left_out = size_of(shortened.cuts.left_out(transcript.messages))
        return summaries if left_out >= summaries.least_characters else None

    def too_long(self, transcript: Transcript) -> ContextTooLong | None:
        """Why no request can be made, if one is certain to be refused or cut."""
        window = self.window
        if window is None:
            return None
        tokens = window.meter.tokens(transcript)
        if tokens <= window.tokens * _CERTAINLY:
            return None
        frame = window.meter.corrected(window.meter.frame)
        return ContextTooLong(
            f"the task needs about {tokens:,} tokens, and the model's context has {window.tokens:,}",
            why=f"about {frame:,} of them are the agent's instructions and tools" if frame else "",
            hint="pass long material as files that the agent reads in parts, split the task, "
            "or choose a model with a larger context",
        )

    def _shortened(
        self, transcript: Transcript, share: float, error: Failure | None
    ) -> Shortened | None:
        size = size_of(transcript.messages)
        cuts = plan_cuts(
            transcript.messages,
            transcript.task_end,
            int(size * share),
            result_characters=self._result_characters,
            at_once=self._readable(transcript, size),
        )
        if cuts is None:
            return None
        return Shortened(turn=transcript.turn, cuts=self._named(cuts), error=error)

    def _readable(self, transcript: Transcript, size: int) -> int | None:
        """The characters that a call for a summary can read; None if none is made."""
        summaries = self._usable(transcript)
        if summaries is None:
            return None
        window, messages = self.window, transcript.messages
        tokens = tokens_of(messages) if window is None else window.meter.tokens(transcript)
        return summaries.record_tokens * size // max(tokens, 1)

    def _share(self, transcript: Transcript) -> float:
        """How much of the context the conversation is to take afterwards."""
        is_summarized = self._usable(transcript) is not None
        return _SHARE_BESIDE_SUMMARY if is_summarized else _SHARE_THAT_REMAINS

    def _usable(self, transcript: Transcript) -> Summaries | None:
        so_far = transcript.shortenings
        is_over = so_far.failed_at == transcript.turn or so_far.here >= _MOST_SUMMARIES
        return None if is_over else self.summaries

    def _named(self, cuts: Cuts, **changes: tuple[Span, ...]) -> Cuts:
        last = max(len(cuts.spans) - 1, 0)
        return replace(cuts, **changes, summary_at=last, is_readable=self.is_readable)

    @property
    def _result_characters(self) -> int:
        if self.window is None:
            return OLD_RESULT_CHARACTERS
        share = self.window.tokens * 4 // _RESULT_SHARE
        return max(min(OLD_RESULT_CHARACTERS, share), _LEAST_RESULT_CHARACTERS)
