"""Each row of a map counts once, by its last try, alone or in whatever batch that was."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from parallel_agents.core.artifact import Artifact
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.run import Result
from parallel_agents.errors import NotFound
from parallel_agents.sessions.inspection import StoreJournal
from parallel_agents.testing import Rig
from parallel_agents.views.exports.tree import read_tree
from parallel_agents.views.last_tries import LastTries, NotShown, RowCount, last_tries
from parallel_agents.views.member_sessions import member_sessions
from parallel_agents.views.sessions import lines_of
from tests.unit.maps.parts import Batcher, batch_process, run_map, write_rows


async def tries_of(rig: Rig, result: Result) -> tuple[LastTries, list[str]]:
    """The last tries of a map, with their labels."""
    (row,) = await rig.service.rows_of([result.run_id])
    tries = await last_tries(rig.service, StoreJournal(rig.store, time.time), row)
    return tries, [each.session.label for each in await rig.service.rows_of(tries.runs)]


async def test_rows_that_were_asked_again_in_smaller_batches_count_once(tmp_path: Path) -> None:
    batcher = Batcher()
    write_rows(tmp_path, "one", "two", "fail", "four")
    async with batch_process(batcher) as rig:
        found = [
            await tries_of(rig, await run_map(rig, tmp_path, batch=4, rows=5)) for _ in range(3)
        ]
        batcher.is_mended = True
        found.append(await tries_of(rig, await run_map(rig, tmp_path, batch=1, rows=4)))

    assert [tries.rows for tries, _ in found] == [
        RowCount(0, 4, 5),
        RowCount(2, 4, 5),
        RowCount(3, 4, 5),
        RowCount(3, 4, 4),
    ]
    assert [labels for _, labels in found] == [
        ["rows-1-4"],
        ["rows-1-2", "rows-3-4"],
        ["rows-1-2", "row-3", "row-4"],
        ["rows-1-2", "row-3", "row-4"],
    ]
    assert [len(tries.former) for tries, _ in found] == [0, 1, 2, 3]


@pytest.mark.parametrize("batch", [1, 2])
async def test_tasks_stand_in_the_order_of_the_rows_of_the_last_run(
    tmp_path: Path, batch: int
) -> None:
    found: list[list[str]] = []
    async with batch_process(Batcher()) as rig:
        for rows in (("b", "c"), ("a", "b", "c", "d"), ("d", "a", "b", "c")):
            write_rows(tmp_path, *rows)
            result = await run_map(rig, tmp_path, batch=batch)
            tries, labels = await tries_of(rig, result)
            (flow,) = await rig.service.rows_of([result.run_id])
            shown = await rig.service.rows_of(tries.runs)
            found.append([row.run.title for row in shown] if batch == 1 else labels)
            listed = await member_sessions(rig.service, flow)

    assert found == (
        [["b", "c"], ["a", "b", "c", "d"], ["d", "a", "b", "c"]]
        if batch == 1
        else [["rows-1-2"], ["rows-1,4", "rows-1-2"], ["rows-1,4", "rows-1-2"]]
    )
    assert list(listed) == [row.session.key for row in shown]


@pytest.mark.parametrize("batch", [1, 2])
async def test_the_rows_and_the_combination_of_the_last_run_count(
    tmp_path: Path, batch: int
) -> None:
    options: dict[str, Any] = {"reduce": "writer", "batch": batch}
    rounds = (("old", "cafe"), ("new",), ("new", "tea"), ("old", "cafe"))
    counted: list[tuple[RowCount | None, NotShown, dict[str, int]]] = []
    async with batch_process(Batcher()) as rig:
        for texts in rounds:
            write_rows(tmp_path, *texts)
            result = await run_map(rig, tmp_path, **options)
            tries, labels = await tries_of(rig, result)
            (row,) = await rig.service.rows_of([result.run_id])
            (line,) = lines_of(await StoreJournal(rig.store, time.time).look([row]))
            assert sum(label == "reduce-1-1" for label in labels) == 1
            counted.append((tries.rows, tries.not_shown, dict(line.counts)))

    tasks = [3, 2, 3, 3] if batch == 1 else [2, 2, 3, 2]
    former = [0, 3, 4, 4] if batch == 1 else [0, 2, 3, 4]
    assert [each for each, *_ in counted] == [RowCount(len(t), len(t), len(t)) for t in rounds]
    assert [each.answers for _, each, _ in counted] == former
    assert [counts for *_, counts in counted] == [{"done": each} for each in tasks]


async def test_a_name_of_a_map_is_that_of_the_row_which_it_has_now(tmp_path: Path) -> None:
    async with batch_process(Batcher()) as rig:
        for texts in (("old", "cafe"), ("new", "cafe"), ("old",)):
            write_rows(tmp_path, *texts)
            await run_map(rig, tmp_path)
            row = await rig.service.find("one/row-1")
            assert row.run.title == texts[0]
        with pytest.raises(NotFound, match="one/row-3"):
            await rig.service.find("one/row-3")
        assert (await rig.service.find("one/row-2")).run.title == "cafe"


async def test_a_line_of_a_former_try_says_so(tmp_path: Path) -> None:
    batcher = Batcher()
    write_rows(tmp_path, "one", "fail")
    async with batch_process(batcher) as rig:
        await run_map(rig, tmp_path)
        result = await run_map(rig, tmp_path)
        (row,) = await rig.service.rows_of([result.run_id])
        rows = await rig.service.members(row)
        lines = lines_of(await StoreJournal(rig.store, time.time).look(rows))

    assert {(line.row.session.label, line.state, line.is_former) for line in lines} == {
        ("row-1", "done", False),
        ("row-2", "failed", True),
        ("row-2", "failed", False),
    }


async def test_an_export_marks_a_batch_whose_rows_were_asked_again(tmp_path: Path) -> None:
    async def no_artifacts(_: SessionKey) -> Sequence[Artifact]:
        return ()

    batcher = Batcher()
    write_rows(tmp_path, "one", "fail")
    async with batch_process(batcher) as rig:
        await run_map(rig, tmp_path, batch=2)
        result = await run_map(rig, tmp_path, batch=2)
        journal = StoreJournal(rig.store, time.time)
        tree = await read_tree(rig.service, journal, result.session_key, artifacts=no_artifacts)

    former = [line.row.session.label for line in tree.lines if line.is_former]
    assert former == ["rows-1-2"]
