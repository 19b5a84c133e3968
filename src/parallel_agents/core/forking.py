"""Forking: what a session that continues the conversation of another one begins with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from parallel_agents.core.event import Event, Queued
from parallel_agents.core.fork import EditedResult, Fork
from parallel_agents.core.ids import RunId
from parallel_agents.core.kept_text import without_references
from parallel_agents.core.message import File, Message, Part, Text, ToolResult, task_text
from parallel_agents.core.repetition import is_stuck
from parallel_agents.core.turns import Conversation, Place, Turn
from parallel_agents.errors import ForkRefused

_MOST_LISTED = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What a fork begins with.

    Attributes:
        queued: its first event, without the limits and the link that the runtime sets.
        turn: the turn of the other session, counted over all of its runs.
        is_asked_again: whether that turn is answered anew, and not taken over.
        model: the one that answered it; empty for the model of the other session.
        edited: the result of a call of that turn that is another one.
    """

    queued: Queued
    turn: int
    is_asked_again: bool
    model: str
    edited: EditedResult | None = None


def forked(messages: Sequence[Message]) -> tuple[Message, ...]:
    """The messages that a forked session begins with: all except tool calls without results.

    Marks of cuts name no paths any more: what the other session keeps is not the forked one's to
    read, and it was told in part there too.
    """
    whole = list(messages)
    while whole and whole[-1].tool_calls:
        whole.pop()
    return _copied(whole)


def beginning_of(events: Iterable[Event], fork: Fork) -> Beginning:
    """What a fork of a session with these events begins with.

    Raises:
        ForkRefused: the conversation is not whole there, or cannot be read.
    """
    conversation = Conversation(events)
    if fork.result is not None:
        return _with_result(conversation, fork, fork.result)
    if fork.text is None:
        return _asked_again(conversation, fork.at)
    return _said_after(conversation, fork.at, fork.text)


def said_before(events: Iterable[Event], run: RunId) -> tuple[Message, ...]:
    """What a run of a session was told of the runs before it, as a fork would be; nothing if that is not known."""
    conversation = Conversation(events)
    own = (turn.number for turn in conversation.turns if turn.run == run)
    turn = next(own, conversation.next)
    place = None if turn is None else conversation.before(turn)
    return () if place is None else _copied(place.state.messages[: place.state.task_end - 1])


def files_of(queued: Queued) -> Sequence[File]:
    """The files that the first request of a run shows."""
    copied = (*queued.context, *queued.taken)
    return [*queued.files, *(file for message in copied for file in message.files)]


def _said_after(conversation: Conversation, at: int | None, text: str) -> Beginning:
    whole = conversation.whole
    turn = at if at is not None else (whole[-1] if whole else None)
    place = None if turn is None else conversation.after(turn)
    if turn is None or place is None or place.queued is None:
        raise _refusal(conversation, turn, "after", [0, *whole] if conversation.has_begun else [])
    _check_readable(conversation, place)
    queued = Queued(
        text=text,
        limits=place.queued.limits,
        context=_copied(place.state.messages),
    )
    return Beginning(queued=queued, turn=turn, is_asked_again=False, model=place.model)


def _asked_again(conversation: Conversation, at: int | None) -> Beginning:
    last = conversation.next or (len(conversation.turns) or None)
    turn = last if at is None else at
    place = None if turn is None else conversation.before(turn)
    if turn is None or place is None or place.queued is None:
        numbers = [turn.number for turn in conversation.turns if not turn.continues]
        more = [] if conversation.next is None else [conversation.next]
        raise _refusal(conversation, turn, "again", [*numbers, *more])
    _check_readable(conversation, place)
    queued = _again(place, place.state.messages, turn)
    return Beginning(queued=queued, turn=turn, is_asked_again=True, model=place.model)


def _again(place: Place, told: Sequence[Message], turn: int) -> Queued:
    """What has a turn answered by a model that was told this.

    Raises:
        ForkRefused: every model would be stopped there.
    """
    if place.queued is None or is_stuck(told):
        raise ForkRefused(
            f"turn {turn} cannot be asked again",
            why="the same call was made over and over until then, and every model would be stopped at once",
            hint="fork it at an earlier turn, or give a text that says what to do instead",
        )
    messages, task = _copied(told), place.state.task_end - 1
    queued = replace(
        place.queued,
        context=messages[:task],
        taken=messages[task + 1 :],
        cache_seconds=0.0,
        ladder=(),
        start="",
        kept=(),
        by="",
    )
    if messages[task].text != task_text(queued.text, queued.input):  # it was shortened there
        queued = replace(queued, text=messages[task].text, input={})
    return queued


def _with_result(conversation: Conversation, fork: Fork, result: str) -> Beginning:
    """What follows a turn of which one call has answered something else."""
    turn = _turn_with_calls(conversation, fork.at)
    number = _call_of(turn, fork.call)
    after = conversation.after(turn.number)
    if after is None or after.queued is None:
        whole = [each.number for each in conversation.turns if each.is_whole and each.calls]
        raise _refusal(conversation, turn.number, "after", whole)
    _check_readable(conversation, after)
    told = after.state.messages[-1]
    part = told.parts[number - 1]
    if not isinstance(part, ToolResult):
        raise _not_told(turn)
    parts = [*told.parts]
    parts[number - 1] = replace(part, content=result, is_error=False)
    other = replace(told, parts=tuple(parts))
    edited = EditedResult(call=number, tool=part.name, before=part.content)
    if fork.text is not None:
        said = _copied([*after.state.messages[:-1], other])
        queued = Queued(text=fork.text, limits=after.queued.limits, context=said)
        place = after
    else:
        place = conversation.before(turn.number + 1)
        if place is None or told not in place.state.messages:
            raise _not_told(turn)
        _check_readable(conversation, place)
        messages = list(place.state.messages)
        last = max(at for at, each in enumerate(messages) if each == told)
        messages[last] = other
        queued = _again(place, messages, turn.number + 1)
    return Beginning(
        queued=queued, turn=turn.number, is_asked_again=False, model=place.model, edited=edited
    )


def _turn_with_calls(conversation: Conversation, at: int | None) -> Turn:
    """The turn of which a call answers something else: by default the last one with calls.

    Raises:
        ForkRefused: there is no such turn, or it calls no tool.
    """
    calling = [turn for turn in conversation.turns if turn.calls]
    if at is None and calling:
        return calling[-1]
    found = next((turn for turn in calling if turn.number == at), None)
    if found is not None:
        return found
    listed = _listed([turn.number for turn in calling])
    hint = f"turns with calls: {listed}" if listed else "give a text in place of a result"
    if at is not None and at > len(conversation.turns):
        raise ForkRefused(f"there is no turn {at}", why=_answered(conversation), hint=hint)
    message = "no turn calls a tool" if at is None else f"turn {at} calls no tool"
    raise ForkRefused(
        f"{message}, so there is no result to edit",
        why="only results of calls are edited; of a message, another one is said after the turn before it",
        hint=hint,
    )


def _call_of(turn: Turn, call: int | None) -> int:
    """The number of the call that is meant.

    Raises:
        ForkRefused: the turn has several, or not so many.
    """
    count = len(turn.calls)
    if count == 1 and call is None:
        return 1
    if call is not None and call <= count:
        return call
    listed = ", ".join(f"{number} {name}" for number, name in enumerate(turn.calls, start=1))
    raise ForkRefused(
        f"turn {turn.number} has {count} calls"
        if call is None
        else f"turn {turn.number} has no call {call}",
        why=f"its calls are {listed}",
        hint="say which one by its number",
    )


def _not_told(turn: Turn) -> ForkRefused:
    return ForkRefused(
        f"the results of turn {turn.number} were not told to the turn after it",
        why="the work began anew there, or the conversation was shortened",
        hint="say also what comes after the turn: the fork then begins right after its results",
    )


def _check_readable(conversation: Conversation, place: Place) -> None:
    if conversation.is_damaged(place):
        raise ForkRefused(
            "the conversation cannot be read as a whole",
            why="an event of it is damaged, or of a newer version",
            hint="see `pagents history NAME`; a newer version of pagents may read it",
        )


def _refusal(
    conversation: Conversation, turn: int | None, how: str, numbers: Sequence[int]
) -> ForkRefused:
    """Why there is no such place, and which places there are."""
    turns = conversation.turns
    known = turns[turn - 1] if turn is not None and 0 < turn <= len(turns) else None
    if turn is None:
        message, why = "there is no turn to fork at", "no model has answered this session yet"
        if turns:
            why = "its calls have no results yet"
    elif known is None:
        message = f"there is no turn {turn}"
        why = _answered(conversation)
        if turn == 0:
            message, why = "there is nothing to ask again before the first turn", ""
    elif how == "after" and known.calls:
        message = f"the conversation is not whole after turn {turn}"
        why = f"it calls {', '.join(dict.fromkeys(known.calls))}, and not every call has a result"
    else:
        message = f"the conversation cannot be forked at turn {turn}"
        why = "a reply that the server paused is one with the turn after it"
    listed = _listed(numbers)
    places = f"turns that work: {listed}" if listed else "spawn the agent instead"
    return ForkRefused(message, why=why, hint=places)


def _answered(conversation: Conversation) -> str:
    count = len(conversation.turns)
    return f"its models have answered {'once' if count == 1 else f'{count} times'}"


def _listed(numbers: Sequence[int]) -> str:
    """Numbers as a person writes them: those that follow each other as a range."""
    ranges: list[list[int]] = []
    for number in numbers:
        if ranges and ranges[-1][1] + 1 == number:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    told = [str(first) if first == last else f"{first} to {last}" for first, last in ranges]
    left = len(told) - _MOST_LISTED
    return ", ".join(told[:_MOST_LISTED]) + (f" and {left} more ranges" if left > 0 else "")


def _copied(messages: Iterable[Message]) -> tuple[Message, ...]:
    return tuple([_without_references(message) for message in messages])


def _without_references(message: Message) -> Message:
    parts = tuple([_part(part) for part in message.parts])
    is_same = all(part is before for part, before in zip(parts, message.parts, strict=True))
    return message if is_same else replace(message, parts=parts)


def _part(part: Part) -> Part:
    match part:
        case Text(text=text) if (told := without_references(text)) != text:
            return replace(part, text=told)
        case ToolResult(content=content) if (told := without_references(content)) != content:
            return replace(part, content=told)
        case _:
            return part
