"""Prices: what an agent or a team would cost is told, and nothing is started."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Serving


async def test_the_price_of_an_agent_is_told_and_nothing_is_started(serving: Serving) -> None:
    async with serving() as served:
        task = {"agent": "code_reviewer", "text": "Look", "input": {"code": "x"}, "budget_usd": 2.0}
        status, price = await served.post("/price", task)
        _, runs = await served.get("/runs")

    (one,) = price["tasks"]
    assert (status, one["agent"], one["from_runs"], one["is_simulated"]) == (
        200,
        "code_reviewer",
        0,
        True,
    )
    assert float(price["first_calls_at_most"]["amount"]) > 0
    assert (price["likely"], price["likely_unknown"], price["budget_usd"]) == (None, 1, 2.0)
    assert runs["items"] == []


async def test_what_runs_cost_before_is_what_the_next_is_likely_to(serving: Serving) -> None:
    async with serving() as served, served.worker():
        task = {"agent": "code_reviewer", "text": "Look", "input": {"code": "x"}}
        _, spawned = await served.post("/runs", task)
        await served.get(f"/wait?names={spawned['id']}")
        _, price = await served.post("/price", task)

    assert (price["tasks"][0]["from_runs"], price["likely_unknown"]) == (1, 0)
    assert float(price["likely"]["amount"]) > 0


async def test_what_lacks_a_key_has_a_price_and_is_not_started(serving: Serving) -> None:
    async with serving() as served:
        task = {"agent": "code_reviewer", "text": "Look", "input": {"code": "x"}}
        asked = {**task, "model": "anthropic/claude-haiku-5-5"}
        status, price = await served.post("/price", asked)
        refused, told = await served.post("/runs", asked)
        _, other = await served.post("/price", task)

    assert (status, price["missing_keys"]) == (200, ["ANTHROPIC_API_KEY"])
    assert float(price["first_calls_at_most"]["amount"]) > 0
    assert (refused >= 400, told["code"]) == (True, "PA-E112")
    assert other["missing_keys"] == []


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        (
            {"agent": "code_reviewer", "text": "Look", "input": {"code": "x"}},
            {"agent": "code_reviewer", "text": "Look", "input": {"code": "y"}},
        ),
        (
            {"team": "content", "input": {"topic": "Tea"}},
            {"team": "content", "input": {"topic": "Ink"}},
        ),
    ],
)
async def test_what_is_there_under_a_key_has_no_price_and_other_work_is_refused(
    serving: Serving, asked: dict[str, object], other: dict[str, object]
) -> None:
    async with serving() as served, served.worker():
        _, spawned = await served.post("/runs", {**asked, "key": "k"})
        await served.get(f"/wait?names={spawned['id']}")
        _, price = await served.post("/price", {**asked, "key": "k"})
        answers = [await served.post(path, {**other, "key": "k"}) for path in ("/price", "/runs")]

    assert price["tasks"] == []
    assert "done already" in price["notes"][0]
    assert answers[0] == answers[1]
    assert answers[0][1]["code"] == "PA-E106"


async def test_each_task_of_a_team_has_a_price(serving: Serving) -> None:
    async with serving() as served:
        _, price = await served.post("/price", {"team": "content", "input": {"topic": "Tea"}})
        _, plan = await served.post(
            "/price", {"team": "development", "input": {"name": "Shop", "features": ["a cart"]}}
        )

    assert len(price["tasks"]) == 5
    assert sum(
        float(each["first_call_at_most"]["amount"]) for each in price["tasks"]
    ) == pytest.approx(float(price["first_calls_at_most"]["amount"]))
    firsts = [each["first_call_at_most"] is not None for each in plan["tasks"]]
    assert (price["is_sketch"], plan["is_sketch"]) == (False, True)
    assert price["worst_case_usd"] is None
    assert firsts == [True, *[False] * plan["first_calls_unknown"]]


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"agent": "coder", "team": "content"},
        {"agent": "../secret", "text": "x"},
        {"team": "nobody"},
        {"agent": "code_reviewer", "text": ""},
        {"agent": "code_reviewer", "text": "x", "input": {"code": "x"}, "label": ""},
        {"team": "content", "input": {}},
    ],
)
async def test_what_cannot_be_started_has_no_price(
    serving: Serving, asked: dict[str, object]
) -> None:
    async with serving() as served:
        status, told = await served.post("/price", asked)

    assert 400 <= status < 500
    assert told["code"].startswith("PA-E")
    assert told["hint"]
