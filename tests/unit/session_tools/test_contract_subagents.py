"""`subagents`: for each action, target and state of both generations a case."""

from __future__ import annotations

import pytest

from tests.unit.session_tools.contract import (
    AGENT,
    ANY,
    RUN,
    Rows,
    Scene,
    check_scene,
    nothing,
    one_done,
    one_killed,
    one_late,
    one_live,
    refused,
    words,
)

LIST_ROW = [
    "index",
    "runId",
    "sessionKey",
    "taskName",
    "label",
    "task",
    "status",
    "execution",
    "deliveryStatus",
    "pendingDescendants",
    "runtime",
    "runtimeMs",
    "model",
    "totalTokens",
    "startedAt",
]
TASK_ROW = ["taskId", "runtime", "status", "deliveryStatus", "execution", "label"]

SCENES = [
    Scene(
        "list",
        "subagents",
        one_live,
        {},
        {
            "status": "ok",
            "action": "list",
            "requesterSessionKey": "main",
            "callerSessionKey": "main",
            "callerIsSubagent": False,
            "total": 1,
            "taskTotal": 1,
            "tasks": Rows(1, TASK_ROW, {"status": "queued"}),
            "active": Rows(1, LIST_ROW, {"status": "queued", "label": "research"}),
            "recent": Rows(0),
            "text": words("1. research: queued"),
        },
    ),
    Scene(
        "list of what is over",
        "subagents",
        one_done,
        {"action": "list", "recentMinutes": 5},
        {
            "active": Rows(0),
            "recent": Rows(1, [*LIST_ROW, "endedAt"], {"status": "done"}),
            "tasks": Rows(1, TASK_ROW, {"status": "completed", "deliveryStatus": "delivered"}),
        },
    ),
    Scene(
        "list of what was killed",
        "subagents",
        one_killed,
        {},
        {
            "recent": Rows(1, [], {"status": "killed"}),
            "tasks": Rows(1, [*TASK_ROW, "error"], {"status": "cancelled"}),
        },
    ),
    Scene(
        "list of what ran out of time",
        "subagents",
        one_late,
        {},
        {
            "recent": Rows(1, [], {"status": "timeout"}),
            "tasks": Rows(1, [], {"status": "timed_out"}),
        },
    ),
    Scene("an action that nobody knows", "subagents", nothing, {"action": "x"}, refused("Invalid")),
    Scene(
        "recentMinutes",
        "subagents",
        nothing,
        {"recentMinutes": 0},
        refused("recentMinutes must be an integer of at least 1"),
    ),
    Scene(
        "wait",
        "subagents",
        one_live,
        {"action": "wait", "taskIds": ["$run"], "timeoutSeconds": 60},
        {
            "status": "ok",
            "action": "wait",
            "reason": "completed",
            "completed": Rows(1, ["runId", "result"], {"status": "done"}),
            "attention": Rows(0),
            "unavailable": Rows(0),
        },
    ),
    Scene(
        "wait for all that is live",
        "subagents",
        one_live,
        {"action": "wait", "timeoutSeconds": 60},
        {"reason": "completed", "completed": Rows(1)},
    ),
    Scene(
        "wait that is over too soon",
        "subagents",
        one_live,
        {"action": "wait", "taskId": "$run", "timeoutSeconds": 1},
        {"reason": "timeout", "completed": Rows(0), "tasks": Rows(1)},
    ),
    Scene(
        "wait for one that failed",
        "subagents",
        one_late,
        {"action": "wait", "taskIds": ["research"]},
        {"reason": "attention", "attention": Rows(1, ["error"], {"status": "timeout"})},
    ),
    Scene(
        "wait for nobody",
        "subagents",
        nothing,
        {"action": "wait", "taskIds": ["ghost"]},
        {"reason": "unavailable", "unavailable": ["ghost"]},
    ),
    Scene(
        "cancel",
        "subagents",
        one_live,
        {"action": "cancel", "taskId": "$run"},
        {"status": "cancelled", "taskId": ANY, "found": True, "cancelled": True},
    ),
    Scene(
        "cancel again",
        "subagents",
        one_killed,
        {"action": "cancel", "taskId": "$run"},
        {"status": "error", "reason": "Task is already terminal.", "cancelled": False},
    ),
    Scene(
        "cancel of nobody",
        "subagents",
        nothing,
        {"action": "cancel", "taskId": "ghost"},
        refused("Task outside session tree.", "forbidden"),
    ),
    Scene(
        "cancel of nothing", "subagents", nothing, {"action": "cancel"}, refused("taskId required")
    ),
    *(
        Scene(
            f"steer by {what}",
            "subagents",
            one_live,
            {"action": "steer", "target": target, "message": "Shorter."},
            {
                "status": "accepted",
                "action": "steer",
                "target": ANY,
                "runId": RUN,
                "sessionKey": AGENT,
                "sessionId": ANY,
                "label": "research",
                "text": "steered research.",
            },
        )
        for what, target in (
            ("label", "research"),
            ("start of a label", "rese"),
            ("task name", "part"),
            ("number", 1),
            ("run id", "$run"),
            ("key", "$key"),
            ("last", "last"),
        )
    ),
    Scene(
        "steer of one that is over",
        "subagents",
        one_done,
        {"action": "steer", "target": "research", "message": "x"},
        refused("research has ended; sessions_send starts its next run"),
    ),
    Scene(
        "steer without a word",
        "subagents",
        one_live,
        {"action": "steer", "target": "research"},
        refused("message required"),
    ),
    Scene("steer of nobody", "subagents", nothing, {"action": "steer"}, refused("target required")),
    Scene(
        "kill",
        "subagents",
        one_live,
        {"action": "kill", "target": "research"},
        {
            "status": "ok",
            "action": "kill",
            "target": "research",
            "runId": RUN,
            "sessionKey": AGENT,
            "label": "research",
            "cascadeKilled": 0,
            "text": "killed research.",
        },
    ),
    Scene(
        "kill of all",
        "subagents",
        one_live,
        {"action": "kill", "target": "all"},
        {"status": "ok", "killed": 1, "labels": ["research"]},
    ),
    Scene(
        "kill of nobody",
        "subagents",
        nothing,
        {"action": "kill", "target": "zzz"},
        refused("Unknown subagent target: zzz"),
    ),
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: f"{scene.tool}: {scene.what}")
def test_subagents(scene: Scene) -> None:
    check_scene(scene)
