"""Results are combined in parts, few of them at once, in their order."""

from __future__ import annotations

import asyncio
from pathlib import Path

from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.errors import AuthFailed
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig
from tests.unit.flows.parts import WRITER
from tests.unit.maps.parts import run_map, write_rows

# Each fills a part.
LONG = "x" * 100_000


def answer(request: ModelRequest) -> Answer:
    """A row's own text; of a part, what its rows begin with."""
    text = request.messages[0].text
    _, _, given = text.partition("one to a line:\n")
    if not given:
        return text
    found = [line.strip('"').partition(" ")[0] for line in given.splitlines()]
    return AuthFailed("no key") if "bad" in found else f"{'+'.join(found)} "


async def most_reducing(rig: Rig, running: asyncio.Task[object]) -> int:
    """The most tasks that combine at once."""
    most = 0
    while not running.done():
        live = await rig.sessions.list(Filter(is_live=True))
        most = max(most, sum(row.session.label.startswith("reduce-") for row in live))
        await asyncio.sleep(1)
    return most


async def test_few_parts_are_in_flight_and_stay_in_order(tmp_path: Path) -> None:
    write_rows(tmp_path, *(f"{n} {LONG}" for n in range(9)))

    async with open_rig(RepliesWith(answer, latency_seconds=10), agents=[WRITER]) as rig:
        running = asyncio.create_task(run_map(rig, tmp_path, reduce="writer", max_parallel=2))
        most = await most_reducing(rig, running)
        result = await running

    assert most == 2
    assert isinstance(result.output, dict)
    assert result.output["reduced"] == "0+1+2+3+4+5+6+7+8 "


async def test_after_a_part_that_fails_no_further_one_begins(tmp_path: Path) -> None:
    write_rows(tmp_path, *(f"{n} {LONG}" for n in ("a", "bad", "c", "d", "e")))

    async with open_rig(RepliesWith(answer, latency_seconds=10), agents=[WRITER]) as rig:
        result = await run_map(rig, tmp_path, reduce="writer", max_parallel=2)
        rows = await rig.sessions.list(Filter())

    parts = {row.session.label: row.run.status for row in rows if "reduce" in row.session.label}
    assert result.status is RunStatus.FAILED
    assert parts["reduce-1-2"] is RunStatus.FAILED
    assert "reduce-1-5" not in parts
    assert all(status.is_over for status in parts.values())


async def test_a_result_that_no_task_can_have_leaves_the_rows_done(tmp_path: Path) -> None:
    write_rows(tmp_path, "a")
    huge = RepliesWith(lambda _: "x" * 4_000_000, latency_seconds=1)

    async with open_rig(huge, agents=[WRITER]) as rig:
        result = await run_map(rig, tmp_path, reduce="writer")

    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert result.error.code == "PA-E101"
    assert result.output == {"rows": 1, "done": 1, "out": str(tmp_path / "out.jsonl")}
