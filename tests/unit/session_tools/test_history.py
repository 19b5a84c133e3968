"""`sessions_history`: a case for each parameter and each refusal."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import pytest

from parallel_agents.core.ids import RunId
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


class Told:
    """A run that notes of which runs it was told; it never waits."""

    def __init__(self) -> None:
        self.runs: list[RunId] = []

    def park(self) -> None:
        raise AssertionError

    def queued(self) -> AbstractContextManager[None]:
        return nullcontext()

    async def wait_message(self) -> None:
        raise AssertionError

    def hand_back(self, runs: Sequence[RunId]) -> None:
        self.runs += runs

    def has_reported(self, run: RunId) -> bool:
        return run in self.runs


@pytest.mark.parametrize(("place", "is_told"), [(0, False), (1, True)], ids=["task", "answer"])
async def test_one_message_tells_of_a_run_only_if_it_is_its_last(place: int, is_told: bool) -> None:
    async with open_world() as world:
        lead = await world.requester()
        spawned = await world.done(lead, label="cafe\u0301")
        messages = (await world.call("sessions_history", {"sessionKey": "caf\u00e9"}))["messages"]
        told = Told()
        one = {"sessionKey": "cafe\u0301", "messageId": messages[place]["id"]}

        await world.call("sessions_history", one, replace(lead, caller=told))

    assert told.runs == ([spawned["runId"]] if is_told else [])
