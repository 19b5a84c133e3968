"""Window: whether a conversation has outgrown its model's context, and how to shorten it then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parallel_agents.core.cuts import Cuts, Span
from parallel_agents.core.event import Shortened
from parallel_agents.core.kept_text import kept_path
from parallel_agents.core.message import Message
from parallel_agents.core.meter import Meter
from parallel_agents.core.run import Failure
from parallel_agents.core.shortening import (
    MESSAGE_CHARACTERS,
    OLD_RESULT_CHARACTERS,
    plan_cuts,
    size_of,
)
from parallel_agents.core.squeezing import Conversation, squeeze
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
_RESULT_SHARE, _MESSAGE_SHARE = 16, 8
_LEAST_RESULT_CHARACTERS = 200
# What is squeezed leaves a part of the room to the next turns.
_SHARE_SQUEEZED, _SHARE_BESIDE_SHORT_REPLY = 0.8, 0.5
# Of one turn; what is left then is left out without a summary.
_MOST_SUMMARIES, _MOST_SHORTENINGS, _MOST_SQUEEZES = 6, 8, 2
# Of one call, if the size of the context is not known: each halves the conversation.
_MOST_REFUSALS = 5
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

    @property
    def squeezed(self) -> int:
        """The estimate that messages may have at most if nothing but squeezing makes them fit."""
        usual = self.meter.estimate_within(self.tokens - self.reserved)
        beside_short_reply = self.meter.estimate_within(self.tokens - self._spare - _LEAST_REPLY)
        return int(max(usual * _SHARE_SQUEEZED, beside_short_reply * _SHARE_BESIDE_SHORT_REPLY))

    def room(self, transcript: Transcript) -> int:
        """The tokens that the next reply can have."""
        return max(self.tokens - self.meter.tokens(transcript) - self._spare, _LEAST_REPLY)

    @property
    def _spare(self) -> int:
        return max(self.tokens // _SPARE_SHARE, _LEAST_SPARE)


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
        window, times = self.window, transcript.shortenings.here
        if window is None or times >= _MOST_SHORTENINGS + _MOST_SQUEEZES:
            return None
        tokens = window.meter.tokens(transcript)
        if tokens + window.reserved <= window.tokens:
            return None
        if times < _MOST_SHORTENINGS:
            share = self._share(transcript) * window.tokens / tokens
            if (shortened := self._shortened(transcript, share, None)) is not None:
                return shortened
        cuts = self._squeezed(transcript, transcript.messages)
        return None if cuts is None else Shortened(turn=transcript.turn, cuts=cuts)

    def after_refusal(self, transcript: Transcript, error: ContextTooLong) -> Shortened | None:
        """The shortening after a refusal, a few times for each call; None if nothing helps."""
        so_far = transcript.shortenings
        if so_far.refused_at == transcript.turn and so_far.refusals >= _MOST_REFUSALS:
            return None
        share, window = _SHARE_AFTER_REFUSAL, self.window
        if window is not None:
            tokens = max(window.meter.tokens(transcript), 1)
            share = min(share, self._share(transcript) * window.tokens / tokens)
        failure = Failure.of(error)
        if (shortened := self._shortened(transcript, share, failure)) is not None:
            return shortened
        cuts = self._squeezed(transcript, transcript.messages, is_refused=True)
        return None if cuts is None else Shortened(turn=transcript.turn, cuts=cuts, error=failure)

    def after_full_reply(self, transcript: Transcript, error: ContextTooLong) -> Shortened | None:
        """The shortening after a reply that filled the context; it leaves that reply out too.

        None if nothing helps, or if the previous call was shortened for the same reason.
        """
        if transcript.shortenings.refused_at >= transcript.turn - 1:
            return None
        messages = transcript.messages[:-1]
        most = int(size_of(messages) * _SHARE_AFTER_REFUSAL)
        cuts = plan_cuts(
            messages, transcript.task_end, most, result_characters=self._result_characters
        )
        cuts = cuts or self._squeezed(transcript, messages, is_refused=True)
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
            message_characters=self._message_characters,
            newest_message=_newest_message(transcript),
            at_once=self._readable(transcript, size),
        )
        if cuts is None:
            return None
        return Shortened(turn=transcript.turn, cuts=self._named(cuts), error=error)

    def _squeezed(
        self, transcript: Transcript, messages: Sequence[Message], *, is_refused: bool = False
    ) -> Cuts | None:
        """The cuts by which any messages fit, or are half as long if they were refused.

        A task that the model cannot read in parts is cut only if the run has begun: one that cannot
        be done in this context fails before it costs anything, or climbs its ladder.
        """
        most, window = tokens_of(messages), self.window
        if is_refused:
            most = int(most * _SHARE_AFTER_REFUSAL)
        if window is not None:
            most = min(most, window.squeezed)
        talk = Conversation(
            messages=messages,
            task_end=transcript.task_end,
            newest=_newest_message(transcript),
            kept_at=transcript.kept_at,
            is_readable=self.is_readable,
            may_cut_task=self.is_readable or transcript.turn > 0,
        )
        return squeeze(talk, most)

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
    def _message_characters(self) -> int:
        if self.window is None:
            return MESSAGE_CHARACTERS
        return min(MESSAGE_CHARACTERS, self.window.tokens * 4 // _MESSAGE_SHARE)

    @property
    def _result_characters(self) -> int:
        if self.window is None:
            return OLD_RESULT_CHARACTERS
        share = self.window.tokens * 4 // _RESULT_SHARE
        return max(min(OLD_RESULT_CHARACTERS, share), _LEAST_RESULT_CHARACTERS)


def _newest_message(transcript: Transcript) -> int | None:
    """The position of the newest message that somebody sent to the run; None for none."""
    sent = {kept_path(transcript.run, key) for key in transcript.received}
    texts = transcript.kept_at.texts
    for at in range(len(transcript.messages) - 1, transcript.task_end - 1, -1):
        if texts.get(transcript.messages[at].text) in sent:
            return at
    return None
