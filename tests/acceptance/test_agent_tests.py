"""Tests and cards of agents as a user runs them: what is asked for wrongly is said, and numbers are data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.acceptance.support.command import Pagents


@pytest.mark.parametrize("command", ["test", "card"])
def test_a_misspelt_agent_is_told_the_right_name(pagents: Pagents, command: str) -> None:
    refused = pagents("agents", command, "cod_reviewer")

    assert refused.code == 4
    assert "did you mean 'code_reviewer'?" in refused.err


def test_cases_that_need_the_web_are_not_tried_and_all_cards_have_a_line(pagents: Pagents) -> None:
    tested = pagents("agents", "test", "researcher", "--model", "sim/calm")
    cards = pagents("agents", "card", "--all")
    data = json.loads(pagents("agents", "card", "researcher", "--json").out)

    assert tested.code == 3
    assert "not tried: no search engine is set up" in tested.out
    assert "0 of 5 passed, 5 not tried" in tested.out
    assert "researcher" in cards.out
    assert "Not tested in this version" in cards.err
    assert data["items"][0]["models"][0]["rate"] is None
