"""Transcript: messages in the contract's blocks, each with its plain `text` added."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.core.event import Body, Event, Shortened, ToolFinished
from parallel_agents.core.ids import RunId
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
from parallel_agents.core.schema import Json
from parallel_agents.core.told import BYTES_PER_TOKEN
from parallel_agents.core.transcript import Transcript
from parallel_agents.session_tools.rows import millis

_ROLES = {Role.USER: "user", Role.ASSISTANT: "assistant", Role.TOOL: "toolResult"}


def render_messages(
    events: Iterable[Event], *, with_tools: bool, max_tokens: int | None, offset: int = 0
) -> list[dict[str, Json]]:
    """The messages of a session, oldest first.

    Args:
        events: all events of the session.
        with_tools: whether tool calls and their results are included.
        max_tokens: the most tokens of each text; a longer one says how much is left. None for all.
        offset: the character of each text to begin with.
    """
    most = None if max_tokens is None else max_tokens * BYTES_PER_TOKEN
    window = _Window(offset, most)
    return [
        rendered
        for event, message in _messages(events)
        if (rendered := _message(event, message, with_tools, window))
    ]


class _Window(NamedTuple):
    """The characters of each text that are shown: `most` of them from `offset` on."""

    offset: int
    most: int | None

    @property
    def end(self) -> int | None:
        return None if self.most is None else self.offset + self.most


def _messages(events: Iterable[Event]) -> Iterator[tuple[Event, Message]]:
    """Each message with the event that brought it, run by run."""
    by_run: dict[RunId, list[Event]] = {}
    for event in events:
        by_run.setdefault(event.run, []).append(event)
    state = Transcript()
    for events_of_run in by_run.values():
        for event in events_of_run:
            if isinstance(event.body, Shortened):
                continue  # the messages remain, although the model no longer has them
            known = len(state.messages)
            state.apply(event.key, _whole(event.body))
            for message in state.messages[known:]:
                yield event, message


def _whole(body: Body) -> Body:
    """The event with a tool's whole result, of which the model may have been told a part."""
    return replace(body, cut=None) if isinstance(body, ToolFinished) else body


def _message(
    event: Event, message: Message, with_tools: bool, window: _Window
) -> dict[str, Json] | None:
    parts = [part for part in message.parts if with_tools or isinstance(part, Text | File)]
    if not parts:
        return None
    blocks = [_block(part, window) for part in parts]
    rendered: dict[str, Json] = {
        "role": _ROLES[message.role],
        "content": [block for block, _ in blocks],
        "text": "".join(str(block.get("text", "")) for block, _ in blocks),
        "timestamp": millis(event.at),
        "id": str(event.seq),
        "runId": event.run,
    }
    if left := max(left for _, left in blocks):
        rendered["truncated"] = True
        rendered["nextTextOffset"] = window.end
        rendered["charactersLeft"] = left
    return rendered


def _block(part: Part, window: _Window) -> tuple[dict[str, Json], int]:
    """A part as a block, and how many characters of its text follow what is shown."""
    match part:
        case Text(text=text):
            return _cut({"type": "text"}, text, window)
        case Thinking(text=text):
            return _cut({"type": "thinking"}, text, window)
        case ToolResult():
            block: dict[str, Json] = {
                "type": "toolResult",
                "toolCallId": part.call_id,
                "name": part.name,
                "isError": part.is_error,
            }
            return _cut(block, part.content, window)
        case ToolCall():
            called: dict[str, Json] = {"type": "toolCall", "id": part.id, "name": part.name}
            return {**called, "arguments": part.arguments}, 0
        case File():
            return {"type": "text", "text": f"{part}\n"}, 0


def _cut(block: dict[str, Json], text: str, window: _Window) -> tuple[dict[str, Json], int]:
    end = len(text) if window.end is None else window.end
    return {**block, "text": text[window.offset : end]}, max(len(text) - end, 0)
