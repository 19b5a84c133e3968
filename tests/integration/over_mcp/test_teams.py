"""Teams over MCP: a client runs a team, follows it, and reaches no team of the person."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from parallel_agents.core.message import ToolCall
from tests.integration.over_mcp.test_server import ask, connect

if TYPE_CHECKING:
    from tests.integration.over_mcp.conftest import Place


async def test_a_team_is_started_followed_and_paid_for(place: Place) -> None:
    place.answer = lambda _: '{"content": "rain", "hashtags": []}'
    async with connect(place, "stdio", "legacy") as client:
        _, teams = await ask(client, "teams_list")
        is_error, started = await ask(
            client, "team_run", team_id="content", input='{"topic": "rain"}', runTimeoutSeconds="60"
        )
        assert not is_error
        _, status = await ask(client, "run_status", runId=started["runId"], timeoutSeconds=40)
        _, later = await ask(client, "subagents", action="wait")
        _, waited = await ask(client, "agents_wait", labels=[started["runId"]], timeoutMs=1000)
        _, cost = await ask(client, "cost_report")
        _, lacking = await ask(client, "team_run", team="content", input="{}")
        _, unknown = await ask(client, "team_run", teamId="contend")
        _, misspelt = await ask(client, "team_run", teamId="content", inputs={"topic": "rain"})
        _, foreign = await ask(client, "teams_list", colour="red")
        _, file = await ask(client, "team_run", teamId="/etc/hosts.yaml")

    assert "content" in {team["id"] for team in teams["teams"]}
    assert sum(status["counts"].values()) == 5
    assert not later["tasks"]
    assert status["run"] in ("done", "partial", "failed")
    assert {task["label"] for task in status["tasks"]} == {
        task["label"] for task in waited["completed"][0]["tasks"]
    }
    assert cost["calls"] >= 5
    assert 'add "input": {"topic": "..."}' in lacking["error"]
    assert "did you mean" in unknown["error"] or "use one of" in unknown["error"]
    assert misspelt["error"] == 'team_run does not know "inputs": did you mean input?'
    assert foreign["error"] == 'teams_list does not know "colour": it takes teamId.'
    assert "there is no team" in file["error"]


async def test_a_run_of_the_person_is_not_reached(place: Place) -> None:
    place.pagents("spawn", "main", "x", "--label", "mine", "--wait")

    async with connect(place, "stdio", "legacy") as client:
        is_error, status = await ask(client, "run_status", run="mine")
        _, cost = await ask(client, "cost_report")

    assert is_error
    assert "work of the person" in status["error"]
    assert cost["calls"] == 0


async def test_a_wait_that_only_a_person_could_end_returns_at_once_and_says_so(
    place: Place,
) -> None:
    place.answer = lambda _: (ToolCall("c1", "ask_human", {"question": "Which tea?"}),)
    agents = place.home / "agents"
    agents.mkdir(parents=True)
    (agents / "asker.md").write_text(
        "---\nname: asker\ndescription: Asks.\ntools: [ask_human]\n---\nAsk.\n"
    )
    async with connect(place, "stdio", "legacy") as client:
        await ask(client, "sessions_spawn", task="Tea?", agentId="asker", label="tea")
        begun = time.monotonic()
        _, waited = await ask(
            client, "subagents", action="wait", target="tea", timeout_seconds="45"
        )
        _, status = await ask(client, "run_status", label="tea")
        took = time.monotonic() - begun
        await ask(client, "subagents", action="kill", target="tea")

    assert took < 40
    assert waited["tasks"][0]["asks"] == status["asks"] == "asks you: Which tea?"
    assert waited["tasks"][0]["needs"] == status["needs"] == {"question": 1}
    assert "`pagents inbox`" in waited["note"]
    assert "It continues" not in status["note"]


async def test_a_retry_of_a_failed_task_is_called_by_its_own_label(place: Place) -> None:
    place.answer = lambda _: "not what was asked for"
    async with connect(place, "stdio", "legacy") as client:
        task = {"agentId": "content_writer_funny", "task": "Tea.", "label": "tea"}
        _, started = await ask(client, "sessions_spawn", **task)
        await ask(client, "agents_wait", ids=[started["runId"]], timeoutSeconds=40)
        place.answer = lambda _: '{"content": "rain", "hashtags": []}'
        _, retried = await ask(client, "dead_letters", action="retry", runId=started["runId"])
        _, status = await ask(client, "run_status", run=retried["label"], timeoutSeconds=40)

    assert retried["label"] != "tea"
    assert status["run"] == "done"
