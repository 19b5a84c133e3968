"""As JSON: unknown is not zero."""

from __future__ import annotations

from parallel_agents.views.as_json import money_json


def test_an_unknown_amount_is_null() -> None:
    assert money_json(None) is None
