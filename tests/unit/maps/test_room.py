"""A row that used up its own budget says nothing about that of the map."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.run import RunStatus
from parallel_agents.testing import RepliesWith, open_rig
from tests.unit.maps.parts import run_map, write_rows, written

if TYPE_CHECKING:
    from pathlib import Path

WRITER = Agent("writer", instructions="Write.", output=str, budget=Budget(tokens=20_000))
LONG = "word " * 20_000
TEXTS = ("one", LONG, *(f"row {n}" for n in range(30)))


async def test_a_row_over_its_own_budget_ends_alone(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)

    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER]) as rig:
        result = await run_map(rig, tmp_path, max_parallel=1, budget=Budget(tokens=10**9))

    assert result.status is RunStatus.PARTIAL
    assert [status for _, status in written(tmp_path)].count("done") == len(TEXTS) - 1


@pytest.mark.parametrize("agent", [WRITER, replace(WRITER, budget=Budget())])
async def test_a_map_whose_budget_is_used_up_begins_no_more_rows(
    agent: Agent[str], tmp_path: Path
) -> None:
    write_rows(tmp_path, *(f"row {n}" for n in range(60)))

    async with open_rig(RepliesWith(lambda _: "done"), agents=[agent]) as rig:
        result = await run_map(rig, tmp_path, max_parallel=1, budget=Budget(tokens=12_000))

    assert result.status is RunStatus.OVER_BUDGET
    assert len(written(tmp_path)) < 60
