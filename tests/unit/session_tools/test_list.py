"""`sessions_list`: a case for each filter, each refusal and each field of a row."""

from __future__ import annotations

import pytest

from tests.unit.session_tools.contract import (
    Case,
    one_deleted,
    one_done,
    refused,
    rows,
)

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

CASES = [
    Case(
        "list of sessions",
        {},
        {
            "count": 1,
            "hasMore": False,
            "limitApplied": 100,
            "sessions": rows(1, [*SESSION_ROW, "taskName"], status="done", kind="other"),
        },
        one_done,
    ),
    *(
        Case(f"{given} finds it", given, {"count": 1}, one_done)
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
        Case(f"{given} does not find it", given, {"count": 0}, one_done)
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
    Case("kinds", {"kinds": ["x"]}, refused('Invalid kinds "x"')),
    *(
        Case(f"filter by {name}", {name: "x"}, refused(f'sessions_list does not support "{name}"'))
        for name in ("relationship", "ownerId", "owner", "creator", "createdBy", "project")
    ),
    Case("a limit beyond the cap", {"limit": 500}, {"limitApplied": 200}, one_done),
    Case("a deleted session is not listed", {}, {"count": 0}, one_deleted),
    Case("a deleted session is archived", {"archived": True}, {"count": 1}, one_deleted),
]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_sessions_list(case: Case) -> None:
    await case.check("sessions_list")
