"""`sessions_send`: a case for each target, each mode and each refusal."""

from __future__ import annotations

import pytest

from tests.unit.session_tools.contract import (
    AGENT,
    ANY,
    RUN,
    Case,
    one_done,
    one_killed,
    one_live,
    refused,
)

CASES = [
    Case(
        "a message and its reply",
        {"sessionKey": "research", "message": "And now?"},
        {
            "status": "ok",
            "runId": RUN,
            "sessionKey": AGENT,
            "reply": "re: And now?",
            "delivery": ANY,
        },
        one_done,
    ),
    Case(
        "a message by label",
        {"label": "research", "message": "And now?"},
        {"status": "ok"},
        one_done,
    ),
    Case(
        "a message by agent", {"agentId": "main", "message": "And now?"}, {"status": "ok"}, one_done
    ),
    Case(
        "no wait for the reply",
        {"sessionKey": "research", "message": "x", "timeoutSeconds": 0},
        {"status": "accepted", "targetDisposition": "queued", "delivery": {"status": "pending"}},
        one_done,
    ),
    Case(
        "a message whose reply is late",
        {"sessionKey": "research", "message": "x", "timeoutSeconds": 1},
        {"status": "accepted", "targetDisposition": "queued"},
        one_done,
    ),
    Case(
        "steering the live run",
        {"sessionKey": "research", "message": "x", "mode": "steer"},
        {"status": "accepted", "targetDisposition": "steered"},
        one_live,
    ),
    Case(
        "steering a run that has ended",
        {"sessionKey": "research", "message": "x", "mode": "steer"},
        refused("Target has no active run that accepts steering. Use mode=followup"),
        one_done,
    ),
    Case(
        "a notification",
        {"sessionKey": "research", "message": "x", "mode": "notify"},
        {"status": "queued", "notificationId": ANY, "durability": "store", "runStarted": False},
        one_live,
    ),
    Case(
        "a notification without a live run",
        {"sessionKey": "research", "message": "x", "mode": "notify"},
        refused("a notification starts none", runStarted=False),
        one_done,
    ),
    Case(
        "a message to a killed session",
        {"sessionKey": "research", "message": "x"},
        refused("was killed"),
        one_killed,
    ),
    *(
        Case(
            f"{mode} to a killed session",
            {"sessionKey": "research", "message": "x", "mode": mode},
            refused("It was killed and starts none: spawn a new session."),
            one_killed,
        )
        for mode in ("steer", "notify")
    ),
    *(
        Case(f"a message to {given}", {**given, "message": "x"}, answer)
        for given, answer in (
            ({}, refused("Either sessionKey or label is required")),
            ({"sessionKey": "k"}, refused("No session found: k")),
            ({"label": "l"}, refused("No session found with label: l")),
            ({"agentId": "ghost"}, refused('Agent "ghost" not found')),
        )
    ),
    Case("no message", {"sessionKey": "$key"}, refused("message required"), one_done),
]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_sessions_send(case: Case) -> None:
    await case.check("sessions_send")
