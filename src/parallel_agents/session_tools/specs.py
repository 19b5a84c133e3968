"""Specs: what a model reads of the session tools: keywords first, and nothing that it does not need.

A parameter is required here if it has one spelling only; the tools themselves ask for the others.
All nine together cost a prompt at most 1,500 tokens. The documentation lists the fields that the
tools take beyond these.
"""

from __future__ import annotations

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import Effect, ToolSpec

_TEXT: JsonObject = {"type": "string"}
_WHOLE: JsonObject = {"type": "integer", "minimum": 0}
_FLAG: JsonObject = {"type": "boolean"}
_UNTIL: JsonObject = {"enum": ["all", "any", "first_done"]}


def _described(schema: JsonObject, description: str) -> JsonObject:
    return {**schema, "description": description}


def _texts(description: str) -> JsonObject:
    return {"type": "array", "items": _TEXT, "description": description}


def _spec(
    name: str, description: str, effect: Effect, properties: dict[str, Json], *required: str
) -> ToolSpec:
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return ToolSpec(name, description, schema, effect)


SPECS = (
    _spec(
        "sessions_spawn",
        "Spawn a subagent: an agent in a session of its own that works in parallel. Returns at "
        "once; get its result by sessions_yield or agents_wait.",
        Effect.IDEMPOTENT,
        {
            "task": _described(_TEXT, "Everything it needs to know"),
            "agentId": _described(_TEXT, "From agents_list; yours by default"),
            "input": _described({"type": "object"}, "Its named inputs, if agents_list shows some"),
            "label": _described(_TEXT, "Short name to find the session by"),
            "model": _described(_TEXT, "provider/model"),
            "thinking": {"enum": ["off", "minimal", "low", "medium", "high"]},
            "context": _described({"enum": ["isolated", "fork"]}, "fork: with this conversation"),
            "mode": _described({"enum": ["run", "session"]}, "session: keeps taking messages"),
            "runTimeoutSeconds": _WHOLE,
            "outputSchema": _described({"type": "object"}, "JSON Schema of its answer"),
            "cwd": _TEXT,
            "attachments": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "name": _TEXT,
                        "content": _TEXT,
                        "encoding": {"enum": ["utf8", "base64"]},
                    },
                    "required": ["name", "content"],
                },
            },
            "cleanup": {"enum": ["keep", "delete"]},
            "expectsCompletionMessage": _described(_FLAG, "false: you do not want its result"),
        },
        "task",
    ),
    _spec(
        "sessions_yield",
        "Wait for all subagents that you spawned and get their results: ends your turn until they "
        "have finished or a message arrives.",
        Effect.PURE,
        {
            "message": _described(_TEXT, "What you wait for"),
            "waitFor": _described({"enum": ["message"]}, "Wait only for a message"),
        },
    ),
    _spec(
        "agents_wait",
        "Wait for (join) certain subagents: all, any, or the first that is done; returns results.",
        Effect.PURE,
        {
            "ids": _texts("Run ids, session keys or labels"),
            "until": _UNTIL,
            "timeoutSeconds": _described(_WHOLE, "Default 30"),
        },
        "ids",
    ),
    _spec(
        "subagents",
        "Manage your subagents: list their status, wait, steer with a message, kill or cancel.",
        Effect.IDEMPOTENT,
        {
            "action": {"enum": ["list", "wait", "steer", "kill", "cancel"]},
            "target": _described(_TEXT, "Label, number, run id, last; all to kill all"),
            "message": _described(_TEXT, "To steer"),
            "taskIds": _texts("To wait for"),
            "timeoutSeconds": _WHOLE,
        },
    ),
    _spec(
        "sessions_send",
        "Send a message to another session: starts its next run and returns its reply.",
        Effect.ONCE,
        {
            "sessionKey": _described(_TEXT, "Key or label"),
            "message": _TEXT,
            "timeoutSeconds": _described(_WHOLE, "Wait for the reply, default 30; 0: do not wait"),
            "mode": _described(
                {"enum": ["auto", "notify", "steer", "followup"]}, "steer: into its live run"
            ),
        },
        "message",
    ),
    _spec(
        "sessions_list",
        "List agent sessions with status, model, tokens and cost.",
        Effect.PURE,
        {
            "activeMinutes": _WHOLE,
            "limit": _WHOLE,
            "offset": _WHOLE,
            "search": _TEXT,
            "messageLimit": _described(_WHOLE, "Last messages of each, at most 20"),
        },
    ),
    _spec(
        "sessions_history",
        "Read a session's messages (transcript), or the rest of a long result.",
        Effect.PURE,
        {
            "sessionKey": _described(_TEXT, "Key or label"),
            "limit": _described(_WHOLE, "Newest messages"),
            "offset": _WHOLE,
            "textOffset": _described(_WHOLE, "Character of each text to begin with"),
            "includeTools": _FLAG,
        },
    ),
    _spec(
        "agents_list",
        "List the agents that can be spawned; agentId or search describes some in full.",
        Effect.PURE,
        {"agentId": _TEXT, "search": _TEXT},
    ),
    _spec(
        "session_status",
        "Status, model, tokens and cost of a session; yours by default.",
        Effect.PURE,
        {"sessionKey": _TEXT},
    ),
)
