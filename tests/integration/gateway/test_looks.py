"""Looks: what a token may do, what people answered, and what the versions of an agent changed, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parallel_agents.agent_versions.record import Files, Origin
from parallel_agents.agent_versions.registry import AgentRegistry
from parallel_agents.settings import Settings

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Serving


async def test_a_token_is_told_what_it_may_do_and_what_the_day_may_cost(serving: Serving) -> None:
    async with (
        serving(Settings(model="sim/calm", day_budget_tokens=50_000)) as served,
        served.worker(),
    ):
        _, spawned = await served.post("/runs", {"agent": "main", "text": "Hi"})
        await served.get(f"/wait?names={spawned['id']}")
        _, full = await served.get("/access")
        _, health = await served.get("/health")
        reading = {"Authorization": f"Bearer {served.tokens.read}"}
        _, part = await served.get("/access", **reading)

    assert (full["access"], full["hint"]) == ("operate", "")
    assert (part["access"], "gateway-token" in part["hint"]) == ("read", True)
    assert full["day"]["limit_tokens"] == 50_000
    assert 0 < full["day"]["spent_tokens"] < 40_000
    assert [sign["level"] for sign in health["signs"] if sign["about"] == "budget"] == ["ok"]


async def test_what_was_answered_is_listed_with_who_and_from_where(serving: Serving) -> None:
    async with serving() as served, served.worker():
        task = {"agent": "main", "text": "Hi", "budget_tokens": 5, "on_limit": "ask"}
        _, spawned = await served.post("/runs", {**task, "label": "asker"})
        while not (asked := (await served.get("/questions"))[1]["items"]):
            await served.get(f"/wait?names={spawned['id']}&timeout=0.1")
        _, before = await served.get("/answers")
        await served.post(f"/questions/{asked[0]['id']}/answer", {"answer": "stop"})
        _, after = await served.get("/answers")

    (answered,) = after["items"]
    assert before["items"] == []
    assert (answered["id"], answered["label"], answered["kind"]) == (
        asked[0]["id"],
        "asker",
        "budget",
    )
    assert (answered["answer"], answered["text"]) == ("stop", asked[0]["text"])
    assert answered["by"].startswith("ana by gateway (operate token, 127.0.0.1)")


async def test_the_versions_of_an_agent_say_what_they_changed(serving: Serving) -> None:
    async with serving() as served:
        registry = AgentRegistry(served.environment.home)
        for text in ("Say hello.", "Say goodbye."):
            about = "---\nname: greeter\ndescription: Greets people.\n---\n"
            await registry.register("greeter", Files(f"{about}{text}\n"), Origin.CREATED)
        _, found = await served.get("/agents/greeter/versions")
        _, none = await served.get("/agents/judge/versions")

    newest, first = found["items"]
    assert (newest["version"], newest["in_effect"], first["patch"]) == (2, True, "")
    assert "\n-Say hello.\n+Say goodbye." in newest["patch"]
    assert none["items"] == []
