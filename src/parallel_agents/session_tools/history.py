"""`sessions_history`: what was said in a session."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from parallel_agents.core.event import Event, Finished, Queued, Started
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Row
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Backing, Requester
from parallel_agents.session_tools.rows import millis
from parallel_agents.session_tools.transcript import transcript

_LIMIT, _MOST = 100, 1000
_MOST_BYTES = 80 * 1024
_PENDING_CHARACTERS = 4096


async def read_history(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    """The newest messages, oldest first; `offset` counts from the newest, to read further back."""
    key = arguments.text("sessionKey") or arguments.text("sessionId")
    if not key:
        raise Refusal("sessionKey required")
    row = await backing.find(key, requester)
    limit = min(arguments.whole("limit", least=1) or _LIMIT, _MOST)
    offset = arguments.whole("offset") or 0
    events = await backing.sessions.history(row.session.key)
    told = transcript(
        events,
        with_tools=arguments.flag("includeTools"),
        most_tokens=backing.hand_back_tokens,
        begin=arguments.whole("textOffset") or 0,
    )
    if "messageId" in arguments:
        told = [m for m in told if m["id"] == arguments.text("messageId")]
    if requester.session is not None and row.run.status.is_over:
        requester.hand_back([row.run.id])
    last = max(len(told) - offset, 0)
    window = told[max(last - limit, 0) : last]
    kept = _within_bytes(window)
    shown = len(kept)
    is_more = last - shown > 0
    answer: dict[str, Json] = {
        "sessionKey": row.session.key,
        "status": _status(row),
        "messages": kept,
        "truncated": is_more,
        "droppedMessages": len(window) - shown,
        "contentTruncated": any(message.get("truncated") for message in kept),
        "contentRedacted": False,
        "bytes": len(orjson.dumps(kept)),
        "pendingInputs": _pending(events),
        "offset": offset,
        "hasMore": is_more,
        "totalMessages": len(told),
    }
    if is_more:
        answer["nextOffset"] = offset + shown
    return answer


def _status(row: Row) -> str:
    return row.run.status.value


def _within_bytes(messages: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """The newest of the messages that fit into one answer; one that alone is too large is kept."""
    kept: list[dict[str, Json]] = []
    left = _MOST_BYTES
    for message in reversed(messages):
        left -= len(orjson.dumps(message))
        if left < 0 and kept:
            break
        kept.append(message)
    return kept[::-1]


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
            "text": event.body.text[:_PENDING_CHARACTERS],
            "timestamp": millis(event.at),
        }
        for event in waiting.values()
        if isinstance(event.body, Queued)
    ]
    return {"items": items, "total": len(items)}
