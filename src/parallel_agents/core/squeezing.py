"""Squeezing: how a conversation fits a small context whatever is in it, when shortening no longer helps.

Nothing of the run is lost without a trace: of the task, of messages and of results a beginning and an
end remain, with the path of the whole, and of calls a line. The newest message and the task stay
whole for as long as they can.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from parallel_agents.core.cuts import Cuts, Fold, Span, TextCut, is_folded
from parallel_agents.core.kept_text import KeptAt
from parallel_agents.core.message import Message, Role, Text, ToolCall, ToolResult
from parallel_agents.core.shortening import is_said, last_turn
from parallel_agents.core.summary import is_summary
from parallel_agents.core.tokens import tokens_of

# The shares that the parts of a conversation have at least, of what may remain; each gets what the
# others leave, in this order.
_NEWEST_SHARE, _TASK_SHARE, _LAST_SHARE, _TURN_SHARE, _SUMMARY_SHARE = 0.3, 0.25, 0.15, 0.3, 0.1
_OTHERS_SHARE = 0.2
# A beginning and an end that say something, and the mark between them with a path.
_LEAST_CHARACTERS, _MARK_TOKENS = 60, 60
_LEAST_TOKENS = 80
# Of lines that tell calls in short: cautious, for names and numbers have more tokens than prose.
_CHARACTERS_PER_TOKEN = 2
_SHARE_OF_KEPT_CALLS = 3
_TRIES = 12
# A request that is still too long is worth a try only if it is shorter by a tenth.
_WORTH_A_TRY = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """A conversation that is too long.

    Attributes:
        task_end: the position after the task of the run.
        newest: the position of the newest message that somebody sent to the run; None for none.
        kept_at: where the whole of each result and message is kept.
        is_readable: whether the model can read what is kept there.
        may_cut_task: whether the task may be cut as well.
    """

    messages: Sequence[Message]
    task_end: int
    newest: int | None = None
    kept_at: KeptAt = field(default_factory=KeptAt)
    is_readable: bool = False
    may_cut_task: bool = True


class _Share(NamedTuple):
    """A part of the conversation, the tokens that it has, and its share at least."""

    at: int
    tokens: int
    share: float


def squeeze(talk: Conversation, most: int) -> Cuts | None:
    """What to leave out so that messages of at most `most` tokens remain; None if it helps nothing.

    Marks and notes take room too, which is known once they are written: it is tried with less until
    the whole fits.
    """
    before = tokens_of(talk.messages)
    if before <= most:
        return None
    best, low, high = _cuts(talk, 0), 0, max(most, 0)
    size = _size(talk, best)
    if size > most:
        return best if size <= before * _WORTH_A_TRY else None
    room = high
    for _ in range(_TRIES):
        cuts = _cuts(talk, room)
        if _size(talk, cuts) <= most:
            best, low = cuts, room
        else:
            high = room
        if high - low <= 1:
            break
        room = (low + high) // 2
    return best


def _size(talk: Conversation, cuts: Cuts) -> int:
    return tokens_of(cuts.applied(talk.messages, talk.kept_at))


def _cuts(talk: Conversation, room: int) -> Cuts:
    """What to leave out so that the parts of the conversation have at most `room` tokens together."""
    messages, task = talk.messages, talk.task_end - 1
    turn = last_turn(messages, talk.task_end)
    has_turn = turn < len(messages) and messages[turn].role is Role.ASSISTANT
    results = turn + 1 if has_turn and _is_results(messages[turn + 1 : turn + 2]) else turn
    firsts = _firsts(talk, turn if has_turn else None, results)
    grants = _grants(firsts, room)
    left = room - sum(grants.values())
    others = _others(talk, {share.at for share in firsts})
    most_others = max(round(room * _OTHERS_SHARE), left) // _LEAST_TOKENS
    kept = others[:most_others]
    grants |= _grants([_Share(at, _tokens(messages, at), 0.0) for at in kept], left, _LEAST_TOKENS)
    out = (
        set(range(len(messages)))
        - grants.keys()
        - set(range(turn, results + 1) if has_turn else ())
    )
    cuts = Cuts(spans=tuple(_spans(out)), is_readable=talk.is_readable)
    cuts = replace(cuts, summary_at=max(len(cuts.spans) - 1, 0))
    texts = [
        cut
        for at, grant in sorted(grants.items())
        if at != turn or not has_turn
        if at != task or talk.may_cut_task
        if (cut := _text_cut(messages, at, grant)) is not None
    ]
    if has_turn:
        cuts = _turn_cut(talk, turn, results, grants[turn], cuts)
        if results == turn and (cut := _text_cut(messages, turn, grants[turn])) is not None:
            texts.append(cut)
    return replace(cuts, texts=tuple(texts))


def _firsts(talk: Conversation, turn: int | None, results: int) -> list[_Share]:
    """The parts that always remain, the most important one first."""
    messages, task = talk.messages, talk.task_end - 1
    found: dict[int, _Share] = {}
    if talk.newest is not None:
        found[talk.newest] = _Share(talk.newest, _tokens(messages, talk.newest), _NEWEST_SHARE)
    if task >= 0:
        share = _TASK_SHARE if talk.may_cut_task else 1.0
        found.setdefault(task, _Share(task, _tokens(messages, task), share))
    last = len(messages) - 1
    if last >= talk.task_end and is_said(messages[last]):
        found.setdefault(last, _Share(last, _tokens(messages, last), _LAST_SHARE))
    if turn is not None:
        tokens = tokens_of(messages[turn : results + 1])
        found[turn] = _Share(turn, tokens, _TURN_SHARE)
    told = [at for at, message in enumerate(messages) if is_summary(message)]
    if turn is not None and turn > talk.task_end and is_folded(messages[turn - 1]):
        told.append(turn - 1)
    for at in told:
        found.setdefault(at, _Share(at, _tokens(messages, at), _SUMMARY_SHARE))
    return list(found.values())


def _grants(shares: Sequence[_Share], room: int, least: int = 0) -> dict[int, int]:
    """The tokens that each part gets."""
    grants = {each.at: min(each.tokens, max(round(each.share * room), least)) for each in shares}
    left = room - sum(grants.values())
    for each in shares:
        more = max(min(each.tokens - grants[each.at], left), 0)
        grants[each.at] += more
        left -= more
    return grants


def _others(talk: Conversation, firsts: set[int]) -> list[int]:
    """The other messages that the run was told since its task, the newest first."""
    return [
        at
        for at in range(len(talk.messages) - 1, talk.task_end - 1, -1)
        if at not in firsts and is_said(talk.messages[at])
    ]


def _spans(out: Iterable[int]) -> list[Span]:
    spans: list[Span] = []
    for at in sorted(out):
        if spans and spans[-1].end == at:
            spans[-1] = Span(spans[-1].start, at + 1)
        else:
            spans.append(Span(at, at + 1))
    return spans


def _text_cut(messages: Sequence[Message], at: int, grant: int) -> TextCut | None:
    tokens = _tokens(messages, at)
    if tokens <= grant:
        return None
    length = sum(len(part.text) for part in messages[at].parts if isinstance(part, Text))
    characters = length * max(grant - _MARK_TOKENS, 0) // tokens
    return TextCut(at, max(characters, _LEAST_CHARACTERS))


def _turn_cut(talk: Conversation, turn: int, results: int, grant: int, cuts: Cuts) -> Cuts:
    """The last turn within its tokens: results are cut first, and then calls are shortened."""
    messages = talk.messages
    both = messages[turn : results + 1]
    if tokens_of(both) <= grant or results == turn:
        return cuts
    reply, number = tokens_of(both[:1]), max(len(both[1].parts), 1)
    each = (grant - reply) // number
    if each >= _LEAST_TOKENS:
        return replace(
            cuts, results_before=results + 1, result_characters=_characters(both[1], each)
        )
    of_kept = grant // _SHARE_OF_KEPT_CALLS
    kept = _calls_within(both, of_kept)
    of_lines = max(grant - of_kept, 0) * _CHARACTERS_PER_TOKEN
    calls = len(both[0].tool_calls)
    cuts = replace(cuts, fold=Fold(turn, calls - kept, of_lines))
    if not kept:
        return cuts
    characters = _characters(both[1], _LEAST_TOKENS)
    return replace(cuts, results_before=results + 1, result_characters=characters)


def _characters(results: Message, tokens: int) -> int:
    """How many characters of each result have about this many tokens with a mark."""
    contents = [part.content for part in results.parts if isinstance(part, ToolResult)]
    length = sum(map(len, contents))
    all_tokens = max(tokens_of([results]), 1)
    return max(length * max(tokens - _MARK_TOKENS, 0) // all_tokens, _LEAST_CHARACTERS)


def _calls_within(both: Sequence[Message], most: int) -> int:
    """How many of the newest calls fit with what remains of their results."""
    reply, results = both
    parts = [part for part in reply.parts if not isinstance(part, ToolCall)]
    left = most - tokens_of([replace(reply, parts=tuple(parts))])
    by_id = {part.call_id: part for part in results.parts if isinstance(part, ToolResult)}
    for count, call in enumerate(reversed(reply.tool_calls)):
        result = by_id.get(call.id)
        of_result = 0 if result is None else tokens_of([replace(results, parts=(result,))])
        left -= tokens_of([replace(reply, parts=(call,))]) + min(of_result, _LEAST_TOKENS)
        if left < 0:
            return count
    return len(reply.tool_calls)


def _is_results(messages: Sequence[Message]) -> bool:
    return bool(messages) and messages[0].role is Role.TOOL


def _tokens(messages: Sequence[Message], at: int) -> int:
    return tokens_of(messages[at : at + 1])
