"""What a run costs at most is told with what its answers make of it, where shorter ones would halve that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parallel_agents.app.output_hint import output_hint
from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.pricing import pricing
from parallel_agents.core.task import Task
from parallel_agents.testing import RepliesWith
from tests.unit.surfaces.cli.parts import open_process

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "anthropic/claude-haiku-5-5"
AGENTS = (
    Agent("novelist", instructions="Write.", limits=Limits(max_output_tokens=400_000, max_turns=2)),
    Agent("poet", instructions="Write.", limits=Limits(max_output_tokens=3_000, max_turns=2)),
    Agent(
        "rewriter",
        instructions="Write.",
        limits=Limits(max_output_tokens=400_000),
        refine=Refine(rounds=2),
    ),
)


async def hint(home: Path, *tasks: tuple[str, int]) -> str:
    async with open_process(home, RepliesWith(lambda _: "x"), AGENTS) as app:
        with pricing():
            plans = [
                (await app.sessions.plan_task(Task(name, "x", model=MODEL)), count)
                for name, count in tasks
            ]
            return output_hint(app, plans)


async def test_whose_answers_are_most_of_it_is_named_with_what_shorter_ones_would_make_of_it(
    tmp_path: Path,
) -> None:
    told = await hint(tmp_path, ("novelist", 3), ("poet", 1))

    assert told == (
        "Most of the worst case, $11.02 if every run makes all of its calls, is for answers of up to 400,000 tokens"
        " of novelist: with max_output_tokens 2,000, in the limits of the agent or in the settings, it would be $5.04."
    )


@pytest.mark.parametrize(
    "tasks",
    [(("poet", 1),), (("novelist", 1), ("poet", 9)), (("novelist", 1), ("rewriter", 1)), ()],
    ids=["short already", "not most of all", "one is unknown", "nothing"],
)
async def test_nothing_is_said_where_shorter_answers_would_not_lower_it_much(
    tasks: tuple[tuple[str, int], ...], tmp_path: Path
) -> None:
    assert await hint(tmp_path, *tasks) == ""
