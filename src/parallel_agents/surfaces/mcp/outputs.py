"""Outputs: the JSON Schemas of what the tools answer when a call was not refused.

They name what a program can rely on; an answer may have more.
"""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.core.schema import Json, JsonObject

_TEXT: JsonObject = {"type": "string"}
_NUMBER: JsonObject = {"type": "integer"}
_FLAG: JsonObject = {"type": "boolean"}
_ROWS: JsonObject = {"type": "array", "items": {"type": "object"}}
_TEXTS: JsonObject = {"type": "array", "items": _TEXT}


def _object(required: Mapping[str, Json], **more: Json) -> JsonObject:
    return {"type": "object", "properties": {**required, **more}, "required": list(required)}


OUTPUTS: Mapping[str, JsonObject] = {
    "sessions_spawn": _object(
        {
            "status": {"const": "accepted"},
            "childSessionKey": _TEXT,
            "runId": _TEXT,
            "mode": {"enum": ["run", "session"]},
            "note": _TEXT,
        },
        label=_TEXT,
        taskName=_TEXT,
        resolvedProvider=_TEXT,
        resolvedModel=_TEXT,
    ),
    "agents_wait": _object(
        {"completed": _ROWS, "pending": _ROWS}, errors=_ROWS, success=_FLAG, note=_TEXT
    ),
    "subagents": _object(
        {"status": {"enum": ["ok", "accepted", "cancelled"]}},
        action={"enum": ["list", "wait", "steer", "kill"]},
        total=_NUMBER,
        tasks=_ROWS,
        active=_ROWS,
        recent=_ROWS,
        reason=_TEXT,
        completed=_TEXTS,
        attention=_TEXTS,
        unavailable=_TEXTS,
        text=_TEXT,
    ),
    "sessions_send": _object(
        {"status": {"enum": ["ok", "accepted", "no_reply", "queued"]}, "sessionKey": _TEXT},
        runId=_TEXT,
        reply=_TEXT,
        note=_TEXT,
    ),
    "sessions_list": _object(
        {"count": _NUMBER, "sessions": _ROWS, "hasMore": _FLAG}, nextOffset=_NUMBER
    ),
    "sessions_history": _object(
        {"sessionKey": _TEXT, "messages": _ROWS, "hasMore": _FLAG}, nextOffset=_NUMBER
    ),
    "agents_list": _object({"requester": _TEXT, "allowAny": _FLAG, "agents": _ROWS}, more=_TEXT),
    "session_status": _object({"ok": _FLAG, "sessionKey": _TEXT, "statusText": _TEXT}),
    "teams_list": _object({"status": {"const": "ok"}, "teams": _ROWS}, total=_NUMBER),
    "team_run": _object(
        {"status": {"const": "accepted"}, "runId": _TEXT, "sessionKey": _TEXT, "note": _TEXT}
    ),
    "run_status": _object(
        {"status": {"const": "ok"}, "run": _TEXT, "runId": _TEXT, "tasks": _ROWS},
        counts={"type": "object"},
        needs={"type": "object"},
        asks=_TEXT,
        result={"type": "object"},
        nextOffset=_NUMBER,
    ),
    "cost_report": _object({"status": {"const": "ok"}, "agents": _ROWS, "tokens": _NUMBER}),
    "dead_letters": _object(
        {"status": {"enum": ["ok", "accepted"]}}, letters=_ROWS, total=_NUMBER, runId=_TEXT
    ),
    "questions_list": _object({"status": {"const": "ok"}, "questions": _ROWS}),
    "question_answer": _object({"status": {"const": "ok"}, "answered": _TEXT, "asks": _TEXT}),
}
