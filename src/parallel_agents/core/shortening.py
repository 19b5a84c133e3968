"""Shortening: what is left out of a conversation that no longer fits its model's context.

Old tool results are cut first; then the oldest turns are left out, those of earlier runs before those
of this one; then older messages to the run are cut, and at last the newest results. The task, what
was said since, and the last turn stay. A summary may stand for the turns that are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import orjson

from parallel_agents.core.cuts import MARK_CHARACTERS, Cuts, Span, TextCut, is_note
from parallel_agents.core.message import (
    File,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
)
from parallel_agents.core.summary import is_summary
from parallel_agents.core.told import BYTES_PER_TOKEN

OLD_RESULT_CHARACTERS = 1_000
MESSAGE_CHARACTERS = 4_000
_LEAST_CHARACTERS = 60
# A shorter request is worth a try only if it is shorter by a tenth.
_WORTH_A_TRY = 0.9


def plan_cuts(
    messages: Sequence[Message],
    task_end: int,
    most: int,
    *,
    result_characters: int = OLD_RESULT_CHARACTERS,
    message_characters: int = MESSAGE_CHARACTERS,
    newest_message: int | None = None,
    at_once: int | None = None,
) -> Cuts | None:
    """What to leave out, so that `most` characters remain if possible; None if it helps nothing.

    Args:
        messages: the conversation.
        task_end: the position after the task of the run.
        most: the characters that are to remain.
        result_characters: what remains of each old result.
        message_characters: what remains of each message since the task, except the newest.
        newest_message: the position of the newest message that somebody sent to the run.
        at_once: the most characters to leave out in turns; None for no limit.
    """
    newest = last_turn(messages, task_end)
    cuts = Cuts(results_before=newest, result_characters=result_characters)
    sizes = [size_of([cuts.cut(message, at)]) for at, message in enumerate(messages)]
    earlier = Span(0, max(task_end - 1, 0))
    excess = sum(sizes) - most
    before = _oldest(messages, sizes, earlier, _least(excess, at_once), continues=_is_no_task)
    left_out = _sum(sizes, before)
    own = Span(task_end, newest)
    wanted = _least(excess, at_once) - left_out
    since = _oldest(messages, sizes, own, wanted, continues=_is_results, stays=is_said)
    left_out += _sum(sizes, since)
    cuts = replace(cuts, spans=(*before, *since))
    if at_once is not None and at_once <= left_out < excess:
        return cuts  # the first of several steps
    if left_out < excess:
        long = _long_ones(messages, task_end, message_characters, newest_message)
        cuts = replace(cuts, texts=long)
        left_out += sum(len(messages[at].text) - characters for at, characters in long)
    if left_out < excess:
        results = sum(len(message.parts) for message in messages[newest:] if _is_results(message))
        each = max(most // 2 // max(results, 1), _LEAST_CHARACTERS)
        shorter = replace(cuts, results_before=len(messages), result_characters=each)
        cuts = min(cuts, shorter, key=lambda each: size_of(each.applied(messages)))
    is_worth = size_of(cuts.applied(messages)) <= size_of(messages) * _WORTH_A_TRY
    return cuts if is_worth else None


def _least(excess: int, at_once: int | None) -> int:
    return excess if at_once is None else min(excess, at_once)


def last_turn(messages: Sequence[Message], task_end: int) -> int:
    """Where the last turn of the run begins; where its task ends if there was none."""
    for position in range(len(messages) - 1, task_end - 1, -1):
        if messages[position].role is Role.ASSISTANT:
            return position
    return task_end


def _oldest(
    messages: Sequence[Message],
    sizes: Sequence[int],
    area: Span,
    excess: int,
    *,
    continues: Callable[[Message], bool],
    stays: Callable[[Message], bool] = lambda _: False,
) -> list[Span]:
    """The oldest turns of an area that hold as many characters as are too many, joined.

    Args:
        messages: the conversation.
        sizes: the characters of each message.
        area: where to look.
        excess: how many characters are too many.
        continues: whether a message belongs to the one before it.
        stays: whether a turn that begins with this message is not left out.
    """
    spans: list[Span] = []
    at = area.start
    while at < area.end and excess > 0:
        end = at + 1
        while end < area.end and continues(messages[end]):
            end += 1
        if not stays(messages[at]):
            excess -= sum(sizes[at:end])
            if spans and spans[-1].end == at:
                spans[-1] = Span(spans[-1].start, end)
            else:
                spans.append(Span(at, end))
        at = end
    return spans


def _is_no_task(message: Message) -> bool:
    """Whether a message of an earlier run follows its task."""
    return message.role is not Role.USER


def _is_results(message: Message) -> bool:
    return message.role is Role.TOOL


def is_said(message: Message) -> bool:
    """Whether somebody told the run something: a person, another session, or the runtime."""
    return message.role is Role.USER and not is_note(message) and not is_summary(message)


def _long_ones(
    messages: Sequence[Message], start: int, characters: int, newest: int | None
) -> tuple[TextCut, ...]:
    """What remains of long messages since a position; the newest ones stay whole."""
    said = [at for at in range(start, len(messages)) if is_said(messages[at])]
    most = characters + MARK_CHARACTERS
    long = [at for at in said[:-1] if at != newest and len(messages[at].text) > most]
    return tuple([TextCut(at, characters) for at in long])


def _sum(sizes: Sequence[int], spans: Sequence[Span]) -> int:
    return sum(sum(sizes[start:end]) for start, end in spans)


def size_of(messages: Sequence[Message]) -> int:
    """The characters of messages."""
    return sum(_size_of(part) for message in messages for part in message.parts)


def _size_of(part: Part) -> int:
    match part:
        case Text(text=text) | Thinking(text=text):
            return len(text)
        case ToolResult(content=content):
            return len(content)
        case ToolCall(name=name, arguments=arguments):
            return len(name) + len(orjson.dumps(arguments))
        case File(shape=shape):
            return shape.most_tokens * BYTES_PER_TOKEN
