"""`subagents`: a case for each action, each target and each state."""

from __future__ import annotations

import orjson
import pytest

from tests.unit.session_tools.contract import (
    AGENT,
    ANY,
    RUN,
    Case,
    containing,
    one_done,
    one_killed,
    one_late,
    one_live,
    refused,
    rows,
)
from tests.unit.session_tools.world import open_world

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

CASES = [
    Case(
        "list",
        {},
        {
            "status": "ok",
            "action": "list",
            "requesterSessionKey": "main",
            "callerSessionKey": "main",
            "callerIsSubagent": False,
            "total": 1,
            "taskTotal": 1,
            "tasks": rows(1, TASK_ROW, status="queued"),
            "active": rows(1, LIST_ROW, status="queued", label="research"),
            "recent": [],
            "text": containing("1. research: queued"),
        },
        one_live,
    ),
    Case(
        "list of ended runs",
        {"action": "list", "recentMinutes": 5},
        {
            "active": [],
            "recent": rows(1, [*LIST_ROW, "endedAt"], status="done"),
            "tasks": rows(1, TASK_ROW, status="completed", deliveryStatus="delivered"),
        },
        one_done,
    ),
    Case(
        "list of killed runs",
        {},
        {
            "recent": rows(1, status="killed"),
            "tasks": rows(1, [*TASK_ROW, "error"], status="cancelled"),
        },
        one_killed,
    ),
    Case(
        "list of timed out runs",
        {},
        {
            "recent": rows(1, status="timeout"),
            "tasks": rows(1, status="timed_out"),
        },
        one_late,
    ),
    Case("an unknown action", {"action": "x"}, refused("Invalid")),
    Case(
        "recentMinutes",
        {"recentMinutes": 0},
        refused("recentMinutes must be an integer of at least 1"),
    ),
    Case(
        "wait",
        {"action": "wait", "taskIds": ["$run"], "timeoutSeconds": 60},
        {
            "status": "ok",
            "action": "wait",
            "reason": "completed",
            "tasks": rows(1, [*TASK_ROW, "result"], status="completed"),
            "completed": ANY,
            "attention": [],
            "unavailable": [],
        },
        one_live,
    ),
    Case(
        "wait for all live children",
        {"action": "wait", "timeoutSeconds": 60},
        {"reason": "completed", "completed": ANY},
        one_live,
    ),
    Case(
        "a wait that times out",
        {"action": "wait", "taskId": "$run", "timeoutSeconds": 1},
        {"reason": "timeout", "completed": [], "tasks": rows(1)},
        one_live,
    ),
    Case(
        "wait for a failed run",
        {"action": "wait", "taskIds": ["research"]},
        {
            "reason": "attention",
            "attention": ANY,
            "tasks": rows(1, ["error"], status="timed_out"),
        },
        one_late,
    ),
    Case(
        "wait for an unknown child",
        {"action": "wait", "taskIds": ["ghost"]},
        {"reason": "unavailable", "unavailable": ["ghost"]},
    ),
    Case(
        "cancel",
        {"action": "cancel", "taskId": "$run"},
        {"status": "cancelled", "taskId": ANY, "found": True, "cancelled": True},
        one_live,
    ),
    Case(
        "cancel again",
        {"action": "cancel", "taskId": "$run"},
        {"status": "error", "reason": "Task is already terminal.", "cancelled": False},
        one_killed,
    ),
    Case(
        "cancel an unknown child",
        {"action": "cancel", "taskId": "ghost"},
        refused("Task outside session tree.", "forbidden"),
    ),
    Case("cancel without a task id", {"action": "cancel"}, refused("taskId required")),
    *(
        Case(
            f"steer by {what}",
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
            one_live,
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
    Case(
        "steer a run that has ended",
        {"action": "steer", "target": "research", "message": "x"},
        refused("research has ended; sessions_send starts its next run"),
        one_done,
    ),
    Case(
        "steer a killed run",
        {"action": "steer", "target": "research", "message": "x"},
        refused("research has ended; it was killed and starts none: spawn a new session"),
        one_killed,
    ),
    Case(
        "steer without a message",
        {"action": "steer", "target": "research"},
        refused("message required"),
        one_live,
    ),
    Case("steer without a target", {"action": "steer"}, refused("target required")),
    Case(
        "kill",
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
        one_live,
    ),
    Case(
        "kill all",
        {"action": "kill", "target": "all"},
        {"status": "ok", "killed": 1, "labels": ["research"]},
        one_live,
    ),
    Case(
        "kill an unknown child",
        {"action": "kill", "target": "zzz"},
        refused("Unknown subagent target: zzz"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_subagents(case: Case) -> None:
    await case.check("subagents")


async def test_a_list_is_at_most_24_kb_with_all_that_is_around_its_rows() -> None:
    async with open_world() as world:
        for number in range(60):
            await world.spawn(agentId="writer", label=f"{number} {'part ' * 18}".strip())
        pages = [await world.call("subagents", {"action": "list"})]
        while "nextOffset" in pages[-1]:
            offset = pages[-1]["nextOffset"]
            pages.append(await world.call("subagents", {"action": "list", "offset": offset}))

    assert len(pages) > 1
    assert max(len(orjson.dumps(page)) for page in pages) <= 24 * 1024
    assert sum(len(page["tasks"]) for page in pages) == 60


async def test_a_session_that_was_given_no_label_has_none_anywhere() -> None:
    async with open_world() as world:
        ended, live = await world.done(agentId="writer"), await world.spawn(agentId="writer")
        runs = [ended["runId"], live["runId"]]
        waited = await world.call("agents_wait", {"ids": runs, "timeoutSeconds": 0})
        tasks = await world.call(
            "subagents", {"action": "wait", "taskIds": runs, "timeoutSeconds": 0}
        )
        target = live["childSessionKey"]
        killed = await world.call("subagents", {"action": "kill", "target": target})

    rows = [*waited["completed"], *waited["pending"], *tasks["tasks"], killed]
    assert len(rows) == 5
    assert not [row for row in rows if "label" in row]
