"""Specs: what a model is told of the session tools: keywords first, and no word that it can do without.

Only what has one spelling is required here; what has a second is asked for by the tools themselves.
All nine together cost a prompt at most 1,500 tokens; what is taken beyond these fields is in the
documentation.
"""

from __future__ import annotations

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import Effect, ToolSpec

_TEXT: JsonObject = {"type": "string"}
_WHOLE: JsonObject = {"type": "integer", "minimum": 0}
_FLAG: JsonObject = {"type": "boolean"}
_UNTIL: JsonObject = {"enum": ["all", "any", "first_done"]}


def _told(schema: JsonObject, words: str) -> JsonObject:
    return {**schema, "description": words}


def _texts(words: str) -> JsonObject:
    return {"type": "array", "items": _TEXT, "description": words}


def _spec(
    name: str, words: str, effect: Effect, properties: dict[str, Json], *required: str
) -> ToolSpec:
    schema: dict[str, Json] = {"type": "object", "properties": properties}
    if required:
        schema["required"] = list(required)
    return ToolSpec(name, words, schema, effect)


SPECS = (
    _spec(
        "sessions_spawn",
        "Spawn a subagent: an agent in a session of its own that works in parallel. Returns at "
        "once; have its result by sessions_yield or agents_wait.",
        Effect.IDEMPOTENT,
        {
            "task": _told(_TEXT, "All that it needs to know"),
            "agentId": _told(_TEXT, "From agents_list; yours by default"),
            "label": _told(_TEXT, "Short name; stands for the session"),
            "model": _told(_TEXT, "provider/model"),
            "thinking": {"enum": ["off", "minimal", "low", "medium", "high"]},
            "context": _told({"enum": ["isolated", "fork"]}, "fork: with this conversation"),
            "mode": _told({"enum": ["run", "session"]}, "session: goes on taking messages"),
            "runTimeoutSeconds": _WHOLE,
            "outputSchema": _told({"type": "object"}, "JSON Schema of its answer"),
            "cwd": _TEXT,
            "attachments": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"name": _TEXT, "content": _TEXT},
                    "required": ["name", "content"],
                },
            },
            "cleanup": {"enum": ["keep", "delete"]},
            "expectsCompletionMessage": _told(_FLAG, "false: you do not want its result"),
        },
        "task",
    ),
    _spec(
        "sessions_yield",
        "Wait for all subagents that you spawned and have their results: ends your turn until they "
        "have finished or a message comes.",
        Effect.PURE,
        {
            "message": _told(_TEXT, "What you wait for"),
            "waitFor": _told({"enum": ["message"]}, "Wait for a message alone"),
        },
    ),
    _spec(
        "agents_wait",
        "Wait for (join) certain subagents: all, any, or the first that is done; gives results.",
        Effect.PURE,
        {
            "ids": _texts("Run ids, session keys or labels"),
            "until": _UNTIL,
            "timeoutSeconds": _told(_WHOLE, "Default 30"),
        },
        "ids",
    ),
    _spec(
        "subagents",
        "Manage your subagents: list their status, wait, steer with a message, kill or cancel.",
        Effect.IDEMPOTENT,
        {
            "action": {"enum": ["list", "wait", "steer", "kill", "cancel"]},
            "target": _told(_TEXT, "Label, number, run id, last; all to kill all"),
            "message": _told(_TEXT, "To steer"),
            "taskIds": _texts("To wait for"),
            "timeoutSeconds": _WHOLE,
        },
    ),
    _spec(
        "sessions_send",
        "Send a message to another session: starts its next run and gives its reply.",
        Effect.ONCE,
        {
            "sessionKey": _told(_TEXT, "Key or label"),
            "message": _TEXT,
            "timeoutSeconds": _told(_WHOLE, "Wait for the reply, default 30; 0 not at all"),
            "mode": _told(
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
            "messageLimit": _told(_WHOLE, "Last messages of each, at most 20"),
        },
    ),
    _spec(
        "sessions_history",
        "Read a session's messages (transcript), or the rest of a long result.",
        Effect.PURE,
        {
            "sessionKey": _told(_TEXT, "Key or label"),
            "limit": _told(_WHOLE, "Newest messages"),
            "offset": _WHOLE,
            "textOffset": _told(_WHOLE, "Character of each text to begin with"),
            "includeTools": _FLAG,
        },
    ),
    _spec(
        "agents_list",
        "List the agents that can be spawned, with what each is for.",
        Effect.PURE,
        {},
    ),
    _spec(
        "session_status",
        "Status, model, tokens and cost of a session; yours by default.",
        Effect.PURE,
        {"sessionKey": _TEXT},
    ),
)
