"""Window: whether a conversation has outgrown its model's context, and by how much to shorten it."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.event import Shortened
from parallel_agents.core.run import Failure
from parallel_agents.core.shortening import Span, plan_cuts, size_of, tokens_of
from parallel_agents.core.transcript import Transcript
from parallel_agents.errors import ContextTooLong

# So that the next turns need no shortening of their own, each of which costs the provider's cache.
_SHARE_THAT_REMAINS = 0.6
_SHARE_AFTER_REFUSAL = 0.5
_REPLY_SHARE = 4


def foreseen_cuts(transcript: Transcript, *, window: int, reply: int) -> Shortened | None:
    """The shortening that the next call needs; None if it should fit, or if nothing helps.

    Args:
        transcript: the run.
        window: the tokens of the model's context.
        reply: the most tokens of the reply, for which there must be room.
    """
    if transcript.shortened_at == transcript.turn:
        return None
    news = transcript.messages[transcript.counted :]
    tokens = transcript.counted_tokens + tokens_of(news)
    if tokens + min(reply, window // _REPLY_SHARE) <= window:
        return None
    share = _SHARE_THAT_REMAINS * window / tokens
    return _shortened(transcript, share, None)


def cuts_after_refusal(transcript: Transcript, error: ContextTooLong) -> Shortened | None:
    """The shortening after a refusal, once for each call; None if nothing helps."""
    if transcript.refused_at == transcript.turn:
        return None
    return _shortened(transcript, _SHARE_AFTER_REFUSAL, Failure.of(error))


def cuts_after_full_reply(transcript: Transcript, error: ContextTooLong) -> Shortened | None:
    """The shortening after a reply that filled the context, which is left out too.

    None if nothing helps, or if the call before was shortened for the same reason.
    """
    if transcript.refused_at >= transcript.turn - 1:
        return None
    messages = transcript.messages[:-1]
    cuts = plan_cuts(messages, transcript.task_end, int(size_of(messages) * _SHARE_AFTER_REFUSAL))
    if cuts is None:
        return None
    reply = Span(len(messages), len(messages) + 1)
    cuts = replace(cuts, spans=(*cuts.spans, reply))
    return Shortened(turn=transcript.turn, cuts=cuts, error=Failure.of(error))


def _shortened(transcript: Transcript, share: float, error: Failure | None) -> Shortened | None:
    messages = transcript.messages
    cuts = plan_cuts(messages, transcript.task_end, int(size_of(messages) * share))
    return None if cuts is None else Shortened(turn=transcript.turn, cuts=cuts, error=error)
