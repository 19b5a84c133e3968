"""Shortening: what is left out of a conversation that no longer fits its model's context.

Old tool results are cut first; then the oldest turns are left out, those of earlier runs before those
of this one; at last the newest results are cut. The task, short messages since, and the last turn
stay. A summary may stand for the turns that are left out. The decision is an event, so every process
has the same conversation afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import orjson

from parallel_agents.core.kept_text import reading
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
from parallel_agents.core.summary import as_message, is_summary
from parallel_agents.core.told import BYTES_PER_TOKEN, shorten

LEFT_OUT = (
    "(From the runtime: messages were left out here, because the conversation no longer fits into "
    "your context.)"
)
OLD_RESULT_CHARACTERS = 1_000
_NOWHERE: Mapping[str, str] = {}
_MESSAGE_CHARACTERS = 4_000
_LEAST_CHARACTERS = 60
# What marks a cut, so that a result is not cut twice in the same way.
_MARK_CHARACTERS = 200
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
        summary: stands for all spans, instead of notes; empty for none.
        summary_at: the number of the span in whose place the summary is.
        is_readable: whether the model can read what was cut of a result.
    """

    spans: tuple[Span, ...] = ()
    results_before: int = 0
    result_characters: int = 0
    summary: str = ""
    summary_at: int = 0
    is_readable: bool = False

    def applied(
        self, messages: Sequence[Message], kept_at: Mapping[str, str] = _NOWHERE
    ) -> list[Message]:
        """The conversation without what is left out.

        Args:
            messages: the conversation.
            kept_at: where the whole of each result is kept, by the id of its call.
        """
        cut = [self.cut(message, position, kept_at) for position, message in enumerate(messages)]
        for number, (start, end) in reversed(list(enumerate(self.spans))):
            cut[start:end] = self._in_place_of(number)
        return cut

    def left_out(self, messages: Sequence[Message]) -> list[Message]:
        """The messages that a summary stands for, with their results cut."""
        return [
            self.cut(messages[position], position)
            for start, end in self.spans[: self.summary_at + 1]
            for position in range(start, end)
        ]

    def moved(self, position: int) -> int:
        """Where a position of the conversation is afterwards."""
        return position - sum(
            end - start - len(self._in_place_of(number))
            for number, (start, end) in enumerate(self.spans)
            if end <= position
        )

    def _in_place_of(self, number: int) -> list[Message]:
        if not self.summary:
            return [user(LEFT_OUT)]
        return [as_message(self.summary)] if number == self.summary_at else []

    def cut(
        self, message: Message, position: int, kept_at: Mapping[str, str] = _NOWHERE
    ) -> Message:
        """The message at a position with its results cut."""
        if message.role is not Role.TOOL or position >= self.results_before:
            return message
        parts = tuple([self._cut_part(part, kept_at) for part in message.parts])
        return replace(message, parts=parts)

    def _cut_part(self, part: Part, kept_at: Mapping[str, str]) -> Part:
        most = self.result_characters + _MARK_CHARACTERS
        if not isinstance(part, ToolResult) or len(part.content) <= most:
            return part
        at = kept_at.get(part.call_id) if self.is_readable else None
        more = "" if at is None else reading(at)
        return replace(part, content=shorten(part.content, self.result_characters, more=more))


def plan_cuts(
    messages: Sequence[Message],
    task_end: int,
    most: int,
    *,
    result_characters: int = OLD_RESULT_CHARACTERS,
    at_once: int | None = None,
) -> Cuts | None:
    """What to leave out, so that `most` characters remain if possible; None if it helps nothing.

    Args:
        messages: the conversation.
        task_end: the position after the task of the run.
        most: the characters that are to remain.
        result_characters: what remains of each old result.
        at_once: the most characters to leave out in turns; None for no limit.
    """
    newest = _last_turn(messages, task_end)
    cuts = Cuts(results_before=newest, result_characters=result_characters)
    sizes = [size_of([cuts.cut(message, at)]) for at, message in enumerate(messages)]
    earlier = Span(0, max(task_end - 1, 0))
    excess = sum(sizes) - most
    before = _oldest(messages, sizes, earlier, _least(excess, at_once), continues=_is_no_task)
    left_out = _sum(sizes, before)
    own = Span(task_end, newest)
    wanted = _least(excess, at_once) - left_out
    since = _oldest(messages, sizes, own, wanted, continues=_is_results, stays=_is_short_message)
    left_out += _sum(sizes, since)
    cuts = replace(cuts, spans=(*before, *since))
    if at_once is not None and at_once <= left_out < excess:
        return cuts  # the first of several steps
    if left_out < excess:
        results = sum(len(message.parts) for message in messages[newest:] if _is_results(message))
        each = max(most // 2 // max(results, 1), _LEAST_CHARACTERS)
        shorter = replace(cuts, results_before=len(messages), result_characters=each)
        cuts = min(cuts, shorter, key=lambda each: size_of(each.applied(messages)))
    is_worth = size_of(cuts.applied(messages)) <= size_of(messages) * _WORTH_A_TRY
    return cuts if is_worth else None


def _least(excess: int, at_once: int | None) -> int:
    return excess if at_once is None else min(excess, at_once)


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
    is_said = message.role is Role.USER and text != LEFT_OUT and not is_summary(message)
    return is_said and len(text) <= _MESSAGE_CHARACTERS


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
