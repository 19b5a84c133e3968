"""A conversation is forked over HTTP, once for a key, and a client at a distance gets what the home has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from parallel_agents.api.connected_sessions import ConnectedSessions
from parallel_agents.core.filter import Filter
from parallel_agents.core.fork import Fork
from parallel_agents.core.run import RunStatus
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import Conflict, ForkRefused, NotAtDistance
from tests.integration.gateway.test_client_contract import distant_of

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Served, Serving


async def talked(served: Served) -> str:
    """The key of a session with two turns in two runs."""
    served.add_greeter()
    _, first = await served.post("/runs", {"agent": "greeter", "text": "Hi", "label": "hi"})
    await served.get(f"/wait?names={first['id']}")
    await served.post(f"/runs/{first['id']}/messages", {"text": "And bye"})
    await served.get(f"/wait?names={first['id']}")
    return first["session_key"]


async def test_a_session_is_forked_once_for_a_key_after_its_price_was_told(
    serving: Serving,
) -> None:
    async with serving() as served, served.worker():
        key = await talked(served)
        _, turns = await served.get(f"/runs/{key}/turns?limit=1")
        _, rest = await served.get(turns["next"].removeprefix("/api/v1"))
        asked = {"at": 1, "text": "In French", "model": "sim/calm"}
        dry, price = await served.post(f"/runs/{key}/fork", {**asked, "dry_run": True})
        _, before = await served.get("/runs")
        made, forked = await served.post(f"/runs/{key}/fork", asked, idempotency_key="one")
        found, same = await served.post(f"/runs/{key}/fork", asked, idempotency_key="one")
        other, _ = await served.post(f"/runs/{key}/fork", {"at": 2}, idempotency_key="one")
        refused, why = await served.post(f"/runs/{key}/fork", {"at": 7, "text": "x"})
        no_call, edit = await served.post(f"/runs/{key}/fork", {"at": 1, "result": "x"})
        nothing, _ = await served.post(f"/runs/{key}/fork", {"at": 1, "call": 1})
        wrong, _ = await served.post(f"/runs/{key}/fork", {"at": -1})
        await served.get(f"/wait?names={forked['id']}")
        _, run = await served.get(f"/runs/{forked['id']}")
        _, audit = await served.get(f"/audit?in={forked['session_key']}")

    assert [(each["turn"], each["is_whole"]) for each in (*turns["items"], *rest["items"])] == [
        (1, True),
        (2, True),
    ]
    assert (turns["counts"]["total"], turns["next_turn"]) == (2, None)
    assert (dry, float(price["first_calls_at_most"]["amount"]) > 0) == (200, True)
    assert len(before["items"]) == 1, "a price starts nothing"
    assert (made, found, other, refused, wrong) == (201, 200, 409, 409, 422)
    assert same["session_key"] == forked["session_key"]
    assert (why["code"], why["hint"]) == ("PA-E114", "turns that work: 0 to 2")
    assert (no_call, nothing) == (409, 422)
    assert "turn 1 calls no tool" in edit["title"]
    link: dict[str, Any] = run["forked_from"]
    assert (link["session_key"], link["turn"], link["is_asked_again"]) == (key, 1, False)
    assert run["label"] == "hi-fork-1"
    first = audit["items"][0]
    assert (first["what"], "gateway (operate token" in first["who"]) == ("fork", True)


async def test_a_client_at_a_distance_forks_as_the_home_does(serving: Serving) -> None:
    async with serving() as served, served.worker():
        key = await talked(served)
        async with distant_of(served) as distant:
            sessions = ConnectedSessions(distant)
            fork = await sessions.fork(key, at=1, text="In French", key="k")
            same = await sessions.fork(key, at=1, text="In French", key="k")
            again = await sessions.fork(key, model="sim/calm")
            results = await sessions.wait([fork, again])
            rows = [(await sessions.list(Filter(session=each.key)))[0] for each in (fork, again)]
            with pytest.raises(Conflict):
                await sessions.fork(key, at=2, text="In French", key="k")
            with pytest.raises(ForkRefused, match="no turn 7"):
                await sessions.fork(key, at=7)
            with pytest.raises(NotAtDistance):
                await sessions.fork(key, at=1, workspace=Workspace.own("."))
            price = await distant.sessions.price_fork(key, Fork(at=1, text="x"))
        here = [
            (await served.gateway.client.sessions.list(Filter(session=each.key)))[0]
            for each in (fork, again)
        ]

    links = [row.session.options.forked_from for row in rows]
    assert links == [row.session.options.forked_from for row in here]
    assert [(link.turn, link.is_asked_again) for link in links if link] == [(1, False), (2, True)]
    assert [result.status for result in results] == [RunStatus.DONE] * 2
    assert (same.key, same.is_new) == (fork.key, False)
    assert price.tasks[0].label == "hi-fork-1-2"
