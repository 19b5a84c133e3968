"""`sessions_history`: a case for each parameter and each refusal."""

from __future__ import annotations

import pytest

from tests.unit.session_tools.contract import (
    AGENT,
    ANY,
    Case,
    one_deleted,
    one_done,
    one_live,
    refused,
    rows,
)
from tests.unit.session_tools.world import open_world

CASES = [
    *(
        Case(
            f"history by {name}",
            {"sessionKey": name},
            {
                "sessionKey": AGENT,
                "messages": rows(
                    2, ["role", "content", "text", "timestamp", "id", "runId"], role="user"
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
            one_done,
        )
        for name in ("$key", "$run", "research", "part")
    ),
    Case(
        "history after cleanup delete",
        {"sessionKey": "research"},
        {"messages": rows(2), "status": "done"},
        one_deleted,
    ),
    Case(
        "history, the newest",
        {"sessionKey": "research", "limit": 1},
        {
            "messages": rows(1, role="assistant", text="re: Write."),
            "truncated": True,
            "hasMore": True,
            "nextOffset": 1,
        },
        one_done,
    ),
    Case(
        "history, further back",
        {"sessionKey": "research", "offset": 1, "limit": 1},
        {"messages": rows(1, role="user"), "hasMore": False},
        one_done,
    ),
    Case(
        "history before the run starts",
        {"sessionKey": "research"},
        {"messages": rows(1), "pendingInputs": ANY},
        one_live,
    ),
    Case("history of an unknown session", {"sessionKey": "x"}, refused("No session")),
    Case("history without a key", {}, refused("sessionKey required")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_sessions_history(case: Case) -> None:
    await case.check("sessions_history")


async def test_a_message_has_blocks_and_their_plain_text() -> None:
    async with open_world() as world:
        spawned = await world.done()
        history = await world.call("sessions_history", {"sessionKey": spawned["childSessionKey"]})
        _, reply = history["messages"]

    assert reply["content"] == [{"type": "text", "text": "re: Write."}]
    assert reply["text"] == "re: Write."
