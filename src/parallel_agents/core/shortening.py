"""Shortening: what is left out of a conversation that no longer fits its model's context.

Old tool results are cut first; then the oldest turns are left out, those of earlier runs before those
of this one; at last the newest results are cut. The task, short messages since, and the last turn
stay. The decision is an event, so every process has the same conversation afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import orjson

from parallel_agents.core.message import (
    File,
    Message,
    Part,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)
from parallel_agents.core.told import BYTES_PER_TOKEN, shorten

LEFT_OUT = (
    "(From the runtime: messages were left out here, because the conversation no longer fits into "
    "your context.)"
)
_OLD_RESULT_CHARACTERS = 1_000
_MESSAGE_CHARACTERS = 4_000
# A shorter request is worth a try only if it is shorter by a tenth.
_WORTH_A_TRY = 0.9


class Span(NamedTuple):
    """The messages from position `start` to before `end`."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Cuts:
    """What is left out of a conversation.

    Attributes:
        spans: the messages that are left out, in order; a note stands for each span.
        results_before: tool results before this position are cut.
        result_characters: what remains of each.
    """

    spans: tuple[Span, ...] = ()
    results_before: int = 0
    result_characters: int = 0

    def applied(self, messages: Sequence[Message]) -> list[Message]:
        """The conversation without what is left out."""
        cut = [self.cut(message, position) for position, message in enumerate(messages)]
        for start, end in reversed(self.spans):
            cut[start:end] = [user(LEFT_OUT)]
        return cut

    def moved(self, position: int) -> int:
        """Where a position of the conversation is afterwards."""
        return position - sum(end - start - 1 for start, end in self.spans if end <= position)

    def cut(self, message: Message, position: int) -> Message:
        """The message at a position with its results cut."""
        if message.role is not Role.TOOL or position >= self.results_before:
            return message
        return replace(message, parts=tuple([self._cut_part(part) for part in message.parts]))

    def _cut_part(self, part: Part) -> Part:
        if not isinstance(part, ToolResult):
            return part
        return replace(part, content=shorten(part.content, self.result_characters))


def plan_cuts(messages: Sequence[Message], task_end: int, most: int) -> Cuts | None:
    """What to leave out, so that `most` characters remain if possible; None if it helps nothing.

    Args:
        messages: the conversation.
        task_end: the position after the task of the run.
        most: the characters that are to remain.
    """
    newest = _last_turn(messages, task_end)
    cuts = Cuts(results_before=newest, result_characters=_OLD_RESULT_CHARACTERS)
    sizes = [size_of([cuts.cut(message, at)]) for at, message in enumerate(messages)]
    earlier = Span(0, max(task_end - 1, 0))
    before = _oldest(messages, sizes, earlier, sum(sizes) - most, continues=_is_no_task)
    left = sum(sizes) - _sum(sizes, before)
    own = Span(task_end, newest)
    since = _oldest(
        messages, sizes, own, left - most, continues=_is_results, stays=_is_short_message
    )
    left -= _sum(sizes, since)
    cuts = replace(cuts, spans=(*before, *since))
    if left > most:
        results = sum(len(message.parts) for message in messages[newest:] if _is_results(message))
        each = max(most // 2 // max(results, 1), _OLD_RESULT_CHARACTERS)
        shorter = replace(cuts, results_before=len(messages), result_characters=each)
        cuts = min(cuts, shorter, key=lambda each: size_of(each.applied(messages)))
    is_worth = size_of(cuts.applied(messages)) <= size_of(messages) * _WORTH_A_TRY
    return cuts if is_worth else None


def _last_turn(messages: Sequence[Message], task_end: int) -> int:
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


def _is_short_message(message: Message) -> bool:
    """Whether somebody told the run something in short."""
    text = message.text
    return message.role is Role.USER and text != LEFT_OUT and len(text) <= _MESSAGE_CHARACTERS


def _sum(sizes: Sequence[int], spans: Sequence[Span]) -> int:
    return sum(sum(sizes[start:end]) for start, end in spans)


def size_of(messages: Sequence[Message]) -> int:
    """The characters of messages."""
    return sum(_size_of(part) for message in messages for part in message.parts)


def tokens_of(messages: Sequence[Message]) -> int:
    """An estimate of the tokens of messages."""
    return size_of(messages) // BYTES_PER_TOKEN


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
