"""A map does each row once, in a window, and writes the results in the order of the rows."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from parallel_agents.core.event import Queued
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import OnFailure
from parallel_agents.errors import Conflict
from parallel_agents.sessions.inspection import StoreJournal
from parallel_agents.settings import Settings
from parallel_agents.views.sessions import lines_of
from tests.unit.flows.parts import Crash, Writer, lasting_store, process
from tests.unit.maps.parts import begin_map, run_map, write_rows, written

TEXTS = tuple(f"row {n}" for n in range(40))


async def test_results_are_in_the_order_of_the_rows(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)
    writer = Writer()

    async with process(writer) as rig:
        result = await run_map(rig, tmp_path)

    assert result.status is RunStatus.DONE
    assert result.output == {"rows": 40, "done": 40, "out": str(tmp_path / "out.jsonl")}
    assert written(tmp_path) == [(text, "done") for text in TEXTS]
    assert sorted(writer.calls) == sorted(TEXTS)


async def test_only_a_window_of_tasks_is_in_flight(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)

    async with process(Writer()) as rig:
        running = asyncio.create_task(run_map(rig, tmp_path, max_parallel=2))
        await asyncio.sleep(15)
        live = await rig.sessions.list(Filter(is_live=True))
        await running

    assert len(live) <= 1 + 2 * 4


async def test_a_map_that_crashed_goes_on_and_pays_nothing_again(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)
    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        running = asyncio.create_task(run_map(rig, tmp_path, max_parallel=4))
        await asyncio.sleep(35)
        running.cancel()
        raise Crash
    before = written(tmp_path)

    async with process(writer, store) as rig:
        result = await run_map(rig, tmp_path, max_parallel=4)

    assert before == [(text, "done") for text in TEXTS[:12]]
    assert result.status is RunStatus.DONE
    assert result.total_spend.calls == len(TEXTS), "of both processes"
    assert written(tmp_path) == [(text, "done") for text in TEXTS]
    assert all(writer.calls.count(text) == 1 for text in TEXTS[:12])


async def test_a_map_that_is_continued_with_other_options_begins_its_rows_with_these(
    tmp_path: Path,
) -> None:
    write_rows(tmp_path, *TEXTS)
    writer, store = Writer(), lasting_store()
    async with process(writer, store) as rig:
        running = asyncio.create_task(run_map(rig, tmp_path, max_parallel=1))
        await asyncio.sleep(15)
        running.cancel()
        raise Crash
    limits = Limits(timeout_seconds=77)

    async with process(writer, store) as rig:
        result = await run_map(rig, tmp_path, max_parallel=1, limits=limits)
        rows = await rig.sessions.list(Filter(every_run=True))
        bodies = [event.body for event in await store.events(kinds={"queued"})]

    asked = [body.limits.timeout_seconds for body in bodies if isinstance(body, Queued)]
    assert result.status is RunStatus.DONE
    assert asked.count(77) == len(TEXTS) - 2, "one row was done, and one in flight"
    maps = {row.run.number: row.run.status for row in rows if row.session.parent is None}
    assert maps == {1: RunStatus.KILLED, 2: RunStatus.DONE}
    assert sorted(set(writer.calls)) == sorted(TEXTS)
    assert all(writer.calls.count(text) == 1 for text in TEXTS if text != "row 1")


async def test_a_map_that_is_at_work_says_which_options_it_keeps(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)
    first, then, now = (Limits(timeout_seconds=seconds) for seconds in (70, 80, 90))
    writer = Writer()
    async with process(writer) as rig:
        await begin_map(rig, tmp_path, limits=first, max_parallel=1)
        await asyncio.sleep(15)
        await rig.service.kill("one", keeps_session=True)
        await begin_map(rig, tmp_path, limits=then, max_parallel=1)
        again = await begin_map(rig, tmp_path, limits=then, max_parallel=1)
        other = await begin_map(rig, tmp_path, limits=now, batch=2, max_parallel=1)

    assert again.kept == ()
    assert other.kept == ("batch", "limits")


async def test_rows_that_are_added_inserted_or_moved_do_not_run_the_others_again(
    tmp_path: Path,
) -> None:
    writer, store = Writer(), lasting_store()
    write_rows(tmp_path, "one", "two", "two")
    async with process(writer, store) as rig:
        await run_map(rig, tmp_path)
        write_rows(tmp_path, "zero", "two", "one", "two", "two")
        await run_map(rig, tmp_path)

    assert sorted(writer.calls) == ["one", "two", "two", "two", "zero"]
    assert [text for text, _ in written(tmp_path)] == ["zero", "two", "one", "two", "two"]


async def test_a_row_that_fails_ends_nothing_else_and_is_tried_again(tmp_path: Path) -> None:
    writer, store = Writer(), lasting_store()
    write_rows(tmp_path, "one", "fail now", "three")
    async with process(writer, store) as rig:
        first = await run_map(rig, tmp_path)
        letters = await rig.sessions.dead_letters()
        statuses = written(tmp_path)
        writer.is_mended = True
        second = await run_map(rig, tmp_path)

    assert first.status is RunStatus.PARTIAL
    assert first.error is not None
    assert first.error.message == "1 of 3 rows is not done"
    assert [each.session.spawn_key.startswith("row/") for each in letters] == [True]
    assert [status for _, status in statuses] == ["done", "failed", "done"]
    assert second.status is RunStatus.DONE
    assert [status for _, status in written(tmp_path)] == ["done", "done", "done"]
    assert writer.calls.count("one") == 1


@pytest.mark.parametrize("on_failure", [OnFailure.STOP_NEW, OnFailure.CANCEL_SIBLINGS])
async def test_a_failure_can_stop_the_other_rows(tmp_path: Path, on_failure: OnFailure) -> None:
    writer, store = Writer(), lasting_store()
    write_rows(tmp_path, "fail now", *TEXTS)
    async with process(writer, store) as rig:
        first = await run_map(rig, tmp_path, max_parallel=1, on_failure=on_failure)
        made = len(writer.calls)
        writer.is_mended = True
        second = await run_map(rig, tmp_path, max_parallel=1, on_failure=on_failure)

    assert first.status is RunStatus.FAILED
    assert made == 1
    assert second.status is RunStatus.DONE
    assert [status for _, status in written(tmp_path)] == ["done"] * 41


@pytest.mark.parametrize("batch", [1, 2])
async def test_a_row_that_somebody_killed_is_not_asked_again(tmp_path: Path, batch: int) -> None:
    writer, store = Writer(), lasting_store()
    write_rows(tmp_path, "one", "two")
    async with process(writer, store) as rig:
        running = asyncio.create_task(run_map(rig, tmp_path, batch=batch))
        await asyncio.sleep(5)
        (live, *_) = await rig.sessions.list(Filter(is_live=True, labels=("row",)))
        await rig.service.kill(live.session.key)
        first = await running
        calls = len(writer.calls)
        again = [await run_map(rig, tmp_path, batch=batch) for _ in range(2)]

    assert len(writer.calls) == calls
    assert [each.output for each in again] == [first.output] * 2
    assert first.error is not None
    assert "killed stays killed" in (again[1].error or first.error).hint


async def test_another_template_under_the_same_key_is_refused(tmp_path: Path) -> None:
    write_rows(tmp_path, "one")
    async with process(Writer()) as rig:
        await run_map(rig, tmp_path)
        with pytest.raises(Conflict):
            await run_map(rig, tmp_path, text="Other {text}")


async def test_rows_that_change_while_they_are_worked_on_are_noticed(tmp_path: Path) -> None:
    write_rows(tmp_path, *(f"{text} {'x' * 2_000}" for text in TEXTS))
    async with process(Writer()) as rig:
        running = asyncio.create_task(run_map(rig, tmp_path, max_parallel=1))
        await asyncio.sleep(15)
        file = tmp_path / "rows.jsonl"
        file.write_text(file.read_text().replace("row 39", "Row 39"))
        result = await running

    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert "changed while its rows were worked on" in result.error.message


async def test_rows_that_are_appended_meanwhile_are_left_for_the_next_time(tmp_path: Path) -> None:
    write_rows(tmp_path, "one", "two")
    async with process(Writer()) as rig:
        running = asyncio.create_task(run_map(rig, tmp_path, max_parallel=1))
        await asyncio.sleep(5)
        with (tmp_path / "rows.jsonl").open("a") as file:
            file.write('{"text": "three"}\n')
        first = await running
        await run_map(rig, tmp_path)

    assert first.status is RunStatus.DONE
    assert [text for text, _ in written(tmp_path)] == ["one", "two", "three"]


async def test_an_agent_combines_the_results(tmp_path: Path) -> None:
    write_rows(tmp_path, "one", "two")
    writer = Writer()

    async with process(writer) as rig:
        result = await run_map(rig, tmp_path, reduce="writer", reduce_text="Sum up.")

    asked = 'Sum up.\n\nThe results, one to a line:\n"one is done"\n"two is done"\n'
    assert writer.calls[-1] == asked
    assert isinstance(result.output, dict)
    assert result.output["reduced"] == f"{asked} is done"


async def test_results_that_do_not_become_fewer_are_not_combined_for_ever(tmp_path: Path) -> None:
    write_rows(tmp_path, *(letter * 100_000 for letter in "xyz"))
    writer = Writer()

    async with process(writer) as rig:
        result = await run_map(rig, tmp_path, reduce="writer", reduce_text="Sum up.")

    assert result.status is RunStatus.FAILED
    assert result.error is not None
    assert result.error.message == "the results cannot be combined"
    assert result.output == {"rows": 3, "done": 3, "out": str(tmp_path / "out.jsonl")}
    assert len(writer.calls) == 6


async def test_rows_whose_results_were_not_combined_stay_done(tmp_path: Path) -> None:
    write_rows(tmp_path, "one", "two")
    writer, store = Writer(), lasting_store()

    async with process(writer, store) as rig:
        first = await run_map(rig, tmp_path, reduce="writer", reduce_text="fail to sum up.")
    writer.is_mended = True
    async with process(writer, store) as rig:
        second = await run_map(rig, tmp_path, reduce="writer", reduce_text="fail to sum up.")

    assert first.status is RunStatus.FAILED
    assert first.output == {"rows": 2, "done": 2, "out": str(tmp_path / "out.jsonl")}
    assert second.status is RunStatus.DONE
    assert writer.calls.count("one") == 1


async def test_without_a_row_that_is_done_nothing_is_combined(tmp_path: Path) -> None:
    write_rows(tmp_path, "fail one", "fail two")
    writer = Writer()

    async with process(writer) as rig:
        result = await run_map(rig, tmp_path, reduce="writer", reduce_text="Sum up.")

    assert result.status is RunStatus.FAILED
    assert not any(call.startswith("Sum up.") for call in writer.calls)


async def test_a_map_that_is_run_again_took_the_time_of_all_its_runs(tmp_path: Path) -> None:
    writer, store = Writer(), lasting_store()
    write_rows(tmp_path, "one", "two")
    async with process(writer, store) as rig:
        first = await run_map(rig, tmp_path)
        again = await run_map(rig, tmp_path)
        rows = await rig.sessions.list(Filter(session=again.session_key))
        (line,) = lines_of(
            await StoreJournal(rig.store, rig.store.now, Settings().stuck_rules).look(rows)
        )

    assert first.seconds > 1
    assert again.seconds == 0
    assert line.seconds == first.seconds
