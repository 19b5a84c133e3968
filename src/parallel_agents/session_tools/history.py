"""`sessions_history`: the messages of a session."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.core.event import Event, Finished, Queued, Started
from parallel_agents.core.ids import RunId
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.verbs import whole_history
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.rows import millis
from parallel_agents.session_tools.transcript import render_messages

_DEFAULT_LIMIT, _MAX_LIMIT = 100, 1000
_MAX_BYTES = 80 * 1024
_PENDING_CHARACTERS = 4096


async def read_history(call: Call, arguments: Arguments) -> JsonObject:
    """The newest messages, oldest first; `offset` counts from the newest, to read further back."""
    key = arguments.name("sessionKey") or arguments.name("sessionId")
    if not key:
        raise Refusal("sessionKey required")
    row = await call.find(key)
    limit = min(arguments.whole("limit", least=1) or _DEFAULT_LIMIT, _MAX_LIMIT)
    offset = arguments.whole("offset") or 0
    events = await whole_history(call.sessions, row.session.key)
    messages = render_messages(
        events,
        with_tools=arguments.flag("includeTools"),
        max_tokens=call.settings.hand_back_tokens,
        offset=arguments.whole("textOffset") or 0,
    )
    last = {str(message["runId"]): str(message["id"]) for message in messages}
    if "messageId" in arguments:
        messages = [m for m in messages if m["id"] == arguments.name("messageId")]
    end = max(len(messages) - offset, 0)
    window = messages[max(end - limit, 0) : end]
    shown = _newest_within_bytes(window)
    await call.mark_reported(_told(events, last, shown))
    is_more = end > len(shown)
    answer: dict[str, Json] = {
        "sessionKey": row.session.key,
        "status": row.run.status.value,
        "messages": shown,
        "truncated": is_more,
        "droppedMessages": len(window) - len(shown),
        "contentTruncated": any(message.get("truncated") for message in shown),
        "contentRedacted": False,
        "bytes": len(orjson.dumps(shown)),
        "pendingInputs": _pending(events),
        "offset": offset,
        "hasMore": is_more,
        "totalMessages": len(messages),
    }
    if is_more:
        answer["nextOffset"] = offset + len(shown)
    return answer


def _told(
    events: Iterable[Event], last: Mapping[str, str], shown: Sequence[Mapping[str, Json]]
) -> list[RunId]:
    """The runs that have ended and whose last message, by run, is shown."""
    seen = {str(message["id"]) for message in shown}
    return [
        event.run
        for event in events
        if isinstance(event.body, Finished) and last.get(event.run) in seen
    ]


def _newest_within_bytes(messages: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """The newest messages that fit into one answer, and at least one."""
    newest: list[dict[str, Json]] = []
    left = _MAX_BYTES
    for message in reversed(messages):
        left -= len(orjson.dumps(message))
        if left < 0 and newest:
            break
        newest.append(message)
    return newest[::-1]


def _pending(events: Iterable[Event]) -> JsonObject:
    """Messages that no run has begun to answer."""
    waiting: dict[str, Event] = {}
    for event in events:
        if isinstance(event.body, Queued):
            waiting[event.run] = event
        elif isinstance(event.body, Started | Finished):
            waiting.pop(event.run, None)
    items = [
        {
            "runId": event.run,
            "text": head(event.body.text, _PENDING_CHARACTERS),
            "timestamp": millis(event.at),
        }
        for event in waiting.values()
        if isinstance(event.body, Queued)
    ]
    return {"items": items, "total": len(items)}
