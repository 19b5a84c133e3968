"""Messages: a transcript in the contract's blocks, with a plain `text` beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from parallel_agents.core.event import Event
from parallel_agents.core.ids import RunId
from parallel_agents.core.message import Message, Part, Role, Text, Thinking, ToolCall, ToolResult
from parallel_agents.core.schema import Json
from parallel_agents.core.transcript import Transcript
from parallel_agents.session_tools.results import CHARACTERS_PER_TOKEN
from parallel_agents.session_tools.rows import millis

_ROLES = {Role.USER: "user", Role.ASSISTANT: "assistant", Role.TOOL: "toolResult"}


def transcript(
    events: Iterable[Event], *, with_tools: bool, most_tokens: int | None, begin: int = 0
) -> list[dict[str, Json]]:
    """The messages of a session, oldest first.

    Args:
        events: all that happened in it.
        with_tools: also tool calls and what they gave.
        most_tokens: of each text; what is beyond is left out and said to be. None for the whole.
        begin: the character of each text to begin with.
    """
    return [
        shown
        for event, message in _spoken(events)
        if (shown := _message(event, message, with_tools, most_tokens, begin))
    ]


def _spoken(events: Iterable[Event]) -> Iterator[tuple[Event, Message]]:
    """Each message with the event that brought it, a run's after those of the runs before it."""
    by_run: dict[RunId, list[Event]] = {}
    for event in events:
        by_run.setdefault(event.run, []).append(event)
    state = Transcript()
    for its_events in by_run.values():
        for event in its_events:
            known = len(state.messages)
            state.apply(event.key, event.body)
            for message in state.messages[known:]:
                yield event, message


def _message(
    event: Event, message: Message, with_tools: bool, most_tokens: int | None, begin: int
) -> dict[str, Json] | None:
    parts = [part for part in message.parts if with_tools or isinstance(part, Text)]
    if not parts:
        return None
    most = None if most_tokens is None else most_tokens * CHARACTERS_PER_TOKEN
    blocks = [_block(part, begin, most) for part in parts]
    shown: dict[str, Json] = {
        "role": _ROLES[message.role],
        "content": [block for block, _ in blocks],
        "text": "".join(str(block.get("text", "")) for block, _ in blocks),
        "timestamp": millis(event.at),
        "id": str(event.seq),
        "runId": event.run,
    }
    if left := max(left for _, left in blocks):
        shown["truncated"] = True
        shown["nextTextOffset"] = begin + (most or 0)
        shown["charactersLeft"] = left
    return shown


def _block(part: Part, begin: int, most: int | None) -> tuple[dict[str, Json], int]:
    """A part as a block, and how many characters of its text are left out behind it."""
    match part:
        case Text(text=text):
            return _cut({"type": "text"}, text, begin, most)
        case Thinking(text=text):
            return _cut({"type": "thinking"}, text, begin, most)
        case ToolResult():
            block: dict[str, Json] = {
                "type": "toolResult",
                "toolCallId": part.call_id,
                "name": part.name,
                "isError": part.is_error,
            }
            return _cut(block, part.content, begin, most)
        case ToolCall():
            called: dict[str, Json] = {"type": "toolCall", "id": part.id, "name": part.name}
            return {**called, "arguments": part.arguments}, 0


def _cut(
    block: dict[str, Json], text: str, begin: int, most: int | None
) -> tuple[dict[str, Json], int]:
    end = len(text) if most is None else begin + most
    return {**block, "text": text[begin:end]}, max(len(text) - end, 0)
