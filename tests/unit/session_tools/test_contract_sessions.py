"""The tools that list, read, send, wait and tell: for each parameter and refusal a case."""

from __future__ import annotations

import pytest

from tests.unit.session_tools.contract import (
    AGENT,
    ANY,
    RUN,
    Fields,
    Rows,
    Scene,
    check_scene,
    nothing,
    one_deleted,
    one_done,
    one_killed,
    one_live,
    refused,
    words,
)
from tests.unit.session_tools.world import World, in_world

SESSION_ROW = [
    "key",
    "sessionId",
    "agentId",
    "kind",
    "channel",
    "label",
    "displayName",
    "archived",
    "pinned",
    "updatedAt",
    "model",
    "contextTokens",
    "totalTokens",
    "status",
    "abortedLastRun",
    "estimatedCostUsd",
    "startedAt",
    "endedAt",
    "runtimeMs",
]


SCENES = [
    Scene(
        "list of sessions",
        "sessions_list",
        one_done,
        {},
        {
            "count": 1,
            "hasMore": False,
            "limitApplied": 100,
            "sessions": Rows(1, [*SESSION_ROW, "taskName"], {"status": "done", "kind": "other"}),
        },
    ),
    *(
        Scene(f"{given} finds it", "sessions_list", one_done, given, {"count": 1})
        for given in (
            {"kinds": ["subagent"]},
            {"kinds": ["other"]},
            {"kinds": ["subagent"], "activeMinutes": 60},
            {"label": "research"},
            {"label": "part"},
            {"agentId": "main"},
            {"search": "RESEARCH"},
            {"archived": "all"},
            {"archived": False},
            {"limit": "5"},
            {"messageLimit": 5},
            {"includeDerivedTitles": True},
            {"includeLastMessage": True},
            {"active_minutes": 1},
        )
    ),
    *(
        Scene(f"{given} finds it not", "sessions_list", one_done, given, {"count": 0})
        for given in (
            {"kinds": ["cron"]},
            {"kinds": ["main", "group", "hook", "node"]},
            {"label": "other"},
            {"agentId": "writer"},
            {"search": "nothing"},
            {"archived": True},
            {"activeOnly": True},
            {"excludeSubagents": True},
            {"pinned": True},
            {"group": "g"},
            {"workspaceDir": "/elsewhere"},
            {"offset": 1},
        )
    ),
    Scene("kinds", "sessions_list", nothing, {"kinds": ["x"]}, refused('Invalid kinds "x"')),
    *(
        Scene(
            f"filter by {name}",
            "sessions_list",
            nothing,
            {name: "x"},
            refused(f'sessions_list does not support "{name}"'),
        )
        for name in ("relationship", "ownerId", "creatorId", "projectId")
    ),
    Scene(
        "a limit beyond the cap", "sessions_list", one_done, {"limit": 500}, {"limitApplied": 200}
    ),
    Scene("what is deleted is out of the list", "sessions_list", one_deleted, {}, {"count": 0}),
    Scene("and is archived", "sessions_list", one_deleted, {"archived": True}, {"count": 1}),
    *(
        Scene(
            f"history by {name}",
            "sessions_history",
            one_done,
            {"sessionKey": name},
            {
                "sessionKey": AGENT,
                "messages": Rows(
                    2, ["role", "content", "text", "timestamp", "id", "runId"], {"role": "user"}
                ),
                "truncated": False,
                "droppedMessages": 0,
                "contentTruncated": False,
                "contentRedacted": False,
                "bytes": ANY,
                "pendingInputs": {"items": [], "total": 0},
                "hasMore": False,
                "totalMessages": 2,
            },
        )
        for name in ("$key", "$run", "research", "part")
    ),
    Scene(
        "history after cleanup delete",
        "sessions_history",
        one_deleted,
        {"sessionKey": "research"},
        {"messages": Rows(2), "status": "done"},
    ),
    Scene(
        "history, the newest",
        "sessions_history",
        one_done,
        {"sessionKey": "research", "limit": 1},
        {
            "messages": Rows(1, [], {"role": "assistant", "text": "re: Write."}),
            "truncated": True,
            "hasMore": True,
            "nextOffset": 1,
        },
    ),
    Scene(
        "history, further back",
        "sessions_history",
        one_done,
        {"sessionKey": "research", "offset": 1, "limit": 1},
        {"messages": Rows(1, [], {"role": "user"}), "hasMore": False},
    ),
    Scene(
        "history before it begins",
        "sessions_history",
        one_live,
        {"sessionKey": "research"},
        {"messages": Rows(1), "pendingInputs": ANY},
    ),
    Scene(
        "history of nobody", "sessions_history", nothing, {"sessionKey": "x"}, refused("No session")
    ),
    Scene("history of nothing", "sessions_history", nothing, {}, refused("sessionKey required")),
    Scene(
        "a message and its reply",
        "sessions_send",
        one_done,
        {"sessionKey": "research", "message": "And now?"},
        {
            "status": "ok",
            "runId": RUN,
            "sessionKey": AGENT,
            "reply": "re: And now?",
            "delivery": ANY,
        },
    ),
    Scene(
        "a message by label",
        "sessions_send",
        one_done,
        {"label": "research", "message": "And now?"},
        {"status": "ok"},
    ),
    Scene(
        "a message by agent",
        "sessions_send",
        one_done,
        {"agentId": "main", "message": "And now?"},
        {"status": "ok"},
    ),
    Scene(
        "a message that is not waited for",
        "sessions_send",
        one_done,
        {"sessionKey": "research", "message": "x", "timeoutSeconds": 0},
        {"status": "accepted", "targetDisposition": "queued", "delivery": {"status": "pending"}},
    ),
    Scene(
        "a message whose reply is late",
        "sessions_send",
        one_done,
        {"sessionKey": "research", "message": "x", "timeoutSeconds": 1},
        {"status": "accepted", "targetDisposition": "queued"},
    ),
    Scene(
        "a message into the live run",
        "sessions_send",
        one_live,
        {"sessionKey": "research", "message": "x", "mode": "steer"},
        {"status": "accepted", "targetDisposition": "steered"},
    ),
    Scene(
        "a message into a run that is over",
        "sessions_send",
        one_done,
        {"sessionKey": "research", "message": "x", "mode": "steer"},
        refused("Target has no active run that accepts steering. Use mode=followup"),
    ),
    Scene(
        "a notification",
        "sessions_send",
        one_live,
        {"sessionKey": "research", "message": "x", "mode": "notify"},
        {"status": "queued", "notificationId": ANY, "durability": "store", "runStarted": False},
    ),
    Scene(
        "a message to one that was killed",
        "sessions_send",
        one_killed,
        {"sessionKey": "research", "message": "x"},
        refused("was killed"),
    ),
    *(
        Scene(f"a message to {given}", "sessions_send", nothing, {**given, "message": "x"}, answer)
        for given, answer in (
            ({}, refused("Either sessionKey or label is required")),
            ({"sessionKey": "k"}, refused("No session found: k")),
            ({"label": "l"}, refused("No session found with label: l")),
            ({"agentId": "ghost"}, refused('Agent "ghost" not found')),
        )
    ),
    Scene(
        "no message", "sessions_send", one_done, {"sessionKey": "$key"}, refused("message required")
    ),
    Scene(
        "agents_wait",
        "agents_wait",
        one_live,
        {"ids": ["$run", "ghost"], "timeoutSeconds": 60},
        {
            "completed": Rows(
                1, ["runId", "sessionKey", "status", "result", "label", "usage"], {"status": "done"}
            ),
            "pending": Rows(0),
            "errors": [{"runId": "ghost", "error": "not_found"}],
            "success": False,
        },
    ),
    Scene(
        "agents_wait that is over too soon",
        "agents_wait",
        one_live,
        {"ids": ["research"], "timeoutSeconds": 1},
        {"completed": Rows(0), "pending": Rows(1, ["runId", "status"])},
    ),
    Scene("agents_wait for nobody", "agents_wait", nothing, {"ids": []}, refused("ids required")),
    Scene(
        "yield of who is no run",
        "sessions_yield",
        nothing,
        {"message": "x"},
        refused("Yield not supported in this context"),
    ),
    Scene(
        "agents_list",
        "agents_list",
        nothing,
        {},
        {"requester": "main", "allowAny": True, "agents": ANY},
    ),
    Scene(
        "session_status",
        "session_status",
        one_done,
        {"sessionKey": "research"},
        {
            "ok": True,
            "sessionKey": AGENT,
            "agentId": "main",
            "changedModel": False,
            "stateVersion": 1,
            "statusText": words("research: done on scripted/model"),
        },
    ),
    Scene(
        "session_status with a model",
        "session_status",
        one_done,
        {"sessionKey": "research", "model": "a/b"},
        refused("session_status cannot change a session's model"),
    ),
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.tool}: {scene.what}")
def test_the_tools_that_read_and_send(scene: Scene) -> None:
    check_scene(scene)


def test_messages_carry_blocks_and_the_same_as_plain_text() -> None:
    async def play(world: World) -> list[Fields]:
        spawned = await world.done()
        told = await world.call("sessions_history", {"sessionKey": spawned["childSessionKey"]})
        return told["messages"]

    _, reply = in_world(play)

    assert reply["content"] == [{"type": "text", "text": "re: Write."}]
    assert reply["text"] == "re: Write."
