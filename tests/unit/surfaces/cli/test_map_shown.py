"""How far a map is, in words."""

from __future__ import annotations

import pytest

from parallel_agents.core.usage import Spend
from parallel_agents.maps.progress import MapProgress
from parallel_agents.surfaces.cli.map_shown import describe


@pytest.mark.parametrize(
    ("spend", "told"),
    [
        (Spend(), "0/9 rows"),
        (Spend(calls=1), "0/9 rows   $0 so far"),
        (Spend(calls=1, unpriced_calls=1), "0/9 rows   cost unknown so far"),
    ],
)
def test_a_cost_is_told_once_there_is_one(spend: Spend, told: str) -> None:
    assert describe(MapProgress(rows=9, spend=spend)) == told
