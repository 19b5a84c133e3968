"""A card's page says what failed, on which version and when, and what models wrote has no markup."""

from __future__ import annotations

from dataclasses import replace

import orjson

from parallel_agents.cases.card import AgentCard, ModelCard
from parallel_agents.views.agent_cards import as_json, index, page, verdict

MODEL = ModelCard(
    model="local/one",
    passed=3,
    tried=4,
    seconds=2.0,
    cost_usd=0.0,
    is_simulated=False,
    failing=("a (0 of 1 passed)",),
    not_tried=("<b>no</b> key",),
    not_judged=("weak",),
    at=0.0,
)
CARD = AgentCard(
    agent="writer", description="Writes.", version="v", cases=4, models=(MODEL,), other_versions=0
)


def test_a_page_has_the_numbers_the_command_and_the_date() -> None:
    text = page(CARD, "pagents agents test writer")

    assert "| local/one | 3 of 4 | 75% | 30% to 95% | 2.0s | free | 1970-01-01 |" in text
    assert "pagents agents test writer" in text
    assert "It fails cases on local/one." in text


def test_what_a_model_or_a_server_wrote_has_no_markup() -> None:
    assert r"\<b\>no\</b\> key" in page(CARD, "c")


def test_simulated_numbers_prove_nothing() -> None:
    card = replace(CARD, models=(replace(MODEL, is_simulated=True),))

    assert verdict(card) == "It was not tested in this version on a real model."
    assert "simulated" in page(card, "c")


def test_the_index_links_each_page_and_has_a_row_for_each_real_model() -> None:
    untested = replace(CARD, agent="idle", models=(replace(MODEL, is_simulated=True),))

    text = index([CARD, untested], "2026-01-01")

    assert "| [writer](writer.md) | local/one | 3 of 4 | 30% to 95% | 2.0s |" in text
    assert "| [idle](idle.md) | not tested in this version | — | — | — |" in text


def test_json_has_the_rate_its_interval_and_a_time_that_programs_read() -> None:
    card = replace(CARD, models=(replace(MODEL, passed=3, tried=3),))

    text = orjson.dumps(as_json(card)).decode()

    assert '"rate":1.0,"interval":[0.43' in text
    assert '"at":"1970-01-01T00:00:00' in text
