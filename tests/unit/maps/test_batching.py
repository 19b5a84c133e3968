"""Rows that are asked together have one call, and each has its own answer, state and share."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from parallel_agents.core.budget import Budget
from parallel_agents.core.dead_letter import DeadLetterFilter
from parallel_agents.core.gate import RegexGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import OnFailure, Task
from parallel_agents.maps.batching import MOST_CHARACTERS, Grouping, batch_task, tokens_with_answer
from parallel_agents.maps.filling import Filled
from parallel_agents.maps.row import Row
from tests.unit.flows.parts import Crash, lasting_store
from tests.unit.maps.parts import Batcher, batch_process, lines, run_map, write_rows, written

TEXTS = tuple(f"row {n}" for n in range(25))


class Asked:
    def __init__(self, number: int, text: str = "x", most: int = 100) -> None:
        task = Task("writer", text)
        self.filled = Filled(Row(number, number, {}), f"row/{number}", task)
        self.most = most


def sizes(asked: list[Asked], size: int) -> list[int]:
    grouping = Grouping[Asked](size)
    groups = [group for each in asked for group in grouping.add(each)]
    return [len(group) for group in [*groups, grouping.rest()]]


def test_batches_are_full_until_the_rows_end() -> None:
    assert sizes([Asked(n) for n in range(25)], 10) == [10, 10, 5]


def test_a_batch_is_closed_before_it_is_too_large() -> None:
    long = "x" * (MOST_CHARACTERS // 3)

    assert sizes([Asked(n, long) for n in range(5)], 10) == [2, 2, 1]


def test_a_row_that_is_too_large_for_any_batch_is_asked_alone() -> None:
    asked = [Asked(1), Asked(2, "x" * (MOST_CHARACTERS + 1)), Asked(3)]

    assert sizes(asked, 10) == [1, 1, 1]


def test_a_batch_is_closed_before_its_rows_and_answers_outgrow_a_known_context() -> None:
    asked = [Asked(n, "word " * 100) for n in range(5)]
    tokens = tokens_with_answer(asked[0].filled.task.text)

    grouping = Grouping[Asked](10, most_tokens=round(tokens * 2.5))
    groups = [group for each in asked for group in grouping.add(each)]

    assert [len(group) for group in [*groups, grouping.rest()]] == [2, 2, 1]


def test_a_row_that_may_be_in_small_batches_only_is() -> None:
    asked = [Asked(1), Asked(2), Asked(3, most=2), Asked(4, most=2), Asked(5, most=1), Asked(6)]

    assert sizes(asked, 10) == [2, 2, 1, 1]


def test_a_batch_is_called_by_the_numbers_of_its_rows() -> None:
    rows = [Asked(n).filled for n in (3, 7, 8, 9, 20)]

    assert batch_task(rows).label == "rows-3,7-9,20"


def test_the_label_of_a_batch_with_many_gaps_is_cut_between_numbers() -> None:
    label = batch_task([Asked(n * 1000).filled for n in range(1, 90)]).label

    assert label is not None
    assert len(label) <= 100
    assert label.endswith(",…")


async def test_rows_are_asked_together_and_have_their_own_answers(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)
    batcher = Batcher()

    async with batch_process(batcher) as rig:
        result = await run_map(rig, tmp_path, batch=10)

    assert sorted(map(len, batcher.calls)) == [5, 10, 10]
    assert result.output == {"rows": 25, "done": 25, "out": str(tmp_path / "out.jsonl")}
    assert [line["output"] for line in lines(tmp_path)] == [f"{text} is done" for text in TEXTS]


async def test_answers_in_another_order_belong_to_their_rows(tmp_path: Path) -> None:
    write_rows(tmp_path, "one", "two", "three")
    shuffled = Batcher(lambda _, answers: orjson.dumps(dict(reversed(answers.items()))).decode())

    async with batch_process(shuffled) as rig:
        await run_map(rig, tmp_path, batch=3)

    assert [line["output"] for line in lines(tmp_path)] == [
        "one is done",
        "two is done",
        "three is done",
    ]


def left_out(answers: dict[str, str]) -> str:
    return orjson.dumps({n: text for n, text in answers.items() if n != "2"}).decode()


def one_too_many(answers: dict[str, str]) -> str:
    return orjson.dumps({**answers, "4": "four"}).decode()


def twice(answers: dict[str, str]) -> str:
    return orjson.dumps(answers).decode()[:-1] + ',"2":"another"}'


def in_a_list(answers: dict[str, str]) -> str:
    return orjson.dumps(list(answers.values())).decode()


@pytest.mark.parametrize("wrong", [left_out, one_too_many, twice, in_a_list])
async def test_an_answer_without_exactly_one_for_each_row_is_corrected(
    tmp_path: Path, wrong: Callable[[dict[str, str]], str]
) -> None:
    write_rows(tmp_path, "one", "two", "three")
    batcher = Batcher(
        lambda call, answers: wrong(answers) if call == 1 else orjson.dumps(answers).decode()
    )

    async with batch_process(batcher) as rig:
        result = await run_map(rig, tmp_path, batch=3)

    assert result.is_done
    assert len(batcher.calls) == 2
    assert [line["output"] for line in lines(tmp_path)] == [
        "one is done",
        "two is done",
        "three is done",
    ]


async def test_a_gate_judges_each_row_and_names_those_that_it_rejects(tmp_path: Path) -> None:
    write_rows(tmp_path, "one", "two", "three")

    def better(call: int, answers: dict[str, str]) -> str:
        return orjson.dumps({**answers, "2": "bad"} if call == 1 else answers).decode()

    batcher = Batcher(better)
    async with batch_process(batcher) as rig:
        options: dict[str, Any] = {
            "gates": (RegexGate(pattern="is done$"),),
            "limits": Limits(attempts=2),
        }
        result = await run_map(rig, tmp_path, batch=3, **options)
        (_, child) = sorted(await rig.sessions.list(Filter()), key=lambda row: row.session.depth)
        events = await rig.service.history(child.session.key)

    critiques = [e.body.verdict.critique for e in events if e.body.kind == "gated"]
    assert result.is_done
    assert critiques == ["Item 2: The text must match is done$.", ""]


async def test_a_crash_between_the_batches_pays_for_none_twice(tmp_path: Path) -> None:
    write_rows(tmp_path, *(f"row {n}" for n in range(100)))
    batcher, store = Batcher(), lasting_store()
    async with batch_process(batcher, store) as rig:
        running = asyncio.create_task(run_map(rig, tmp_path, batch=10, max_parallel=2))
        await asyncio.sleep(25)
        running.cancel()
        raise Crash
    done = list(batcher.calls[:4])

    async with batch_process(batcher, store) as rig:
        result = await run_map(rig, tmp_path, batch=10, max_parallel=2)

    assert result.is_done
    assert [text for text, _ in written(tmp_path)] == [f"row {n}" for n in range(100)]
    assert all(batcher.calls.count(call) == 1 for call in done)


async def test_rows_that_are_added_or_removed_leave_the_others_done(tmp_path: Path) -> None:
    batcher, store = Batcher(), lasting_store()
    write_rows(tmp_path, "one", "two", "three", "four")
    async with batch_process(batcher, store) as rig:
        await run_map(rig, tmp_path, batch=4)
        write_rows(tmp_path, "zero", "four", "two", "five", "one")
        await run_map(rig, tmp_path, batch=4)

    assert batcher.calls == [["one", "two", "three", "four"], ["zero", "five"]]
    assert [line["output"] for line in lines(tmp_path)] == [
        f"{text} is done" for text in ("zero", "four", "two", "five", "one")
    ]


async def test_rows_that_were_done_alone_or_together_stay_done_with_another_size(
    tmp_path: Path,
) -> None:
    batcher, store = Batcher(), lasting_store()
    write_rows(tmp_path, "one", "two")
    async with batch_process(batcher, store) as rig:
        await run_map(rig, tmp_path)
        write_rows(tmp_path, "one", "two", "three", "four")
        await run_map(rig, tmp_path, batch=2)
        write_rows(tmp_path, "one", "two", "three", "four", "five")
        result = await run_map(rig, tmp_path)

    assert result.is_done
    assert sorted(batcher.calls) == [["five"], ["one"], ["three", "four"], ["two"]]


async def test_a_batch_that_fails_is_halved_until_the_row_is_found(tmp_path: Path) -> None:
    batcher, store = Batcher(), lasting_store()
    write_rows(tmp_path, "one", "two", "fail", "four")
    async with batch_process(batcher, store) as rig:
        first = await run_map(rig, tmp_path, batch=4)
        letters = [await rig.service.dead_letters(DeadLetterFilter())]
        second = await run_map(rig, tmp_path, batch=4)
        letters += [await rig.service.dead_letters(DeadLetterFilter())]
        third = await run_map(rig, tmp_path, batch=4)
        letters += [await rig.service.dead_letters(DeadLetterFilter())]

    assert [first.status, second.status, third.status] == [
        RunStatus.FAILED,
        RunStatus.PARTIAL,
        RunStatus.PARTIAL,
    ]
    assert [[letter.session.label for letter in each] for each in letters] == [
        ["rows-1-4"],
        ["rows-3-4"],
        ["row-3"],
    ]
    assert [status for _, status in written(tmp_path)] == ["done", "done", "failed", "done"]


async def test_rows_of_a_batch_are_done_once_its_dead_letter_is_retried(tmp_path: Path) -> None:
    batcher, store = Batcher(), lasting_store()
    write_rows(tmp_path, "one", "fail", "three")
    async with batch_process(batcher, store) as rig:
        await run_map(rig, tmp_path, batch=3)
        batcher.is_mended = True
        (letter,) = await rig.service.dead_letters(DeadLetterFilter())
        retried = await rig.service.retry(letter)
        await rig.service.wait([retried.run_id])
        result = await run_map(rig, tmp_path, batch=3)

    assert result.is_done
    assert len(batcher.calls) == 2
    assert [line["output"] for line in lines(tmp_path)] == [
        "one is done",
        "fail is done",
        "three is done",
    ]


async def test_another_failure_ends_the_rows_that_wait_for_a_batch(tmp_path: Path) -> None:
    batcher = Batcher()
    write_rows(tmp_path, "fail", *(f"row {n}" for n in range(600)))
    async with batch_process(batcher) as rig:
        result = await run_map(
            rig, tmp_path, batch=7, max_parallel=1, on_failure=OnFailure.STOP_NEW
        )

    assert result.status is RunStatus.FAILED
    assert len(batcher.calls) == 1
    assert len(lines(tmp_path)) < 601


@pytest.mark.parametrize("on_failure", [OnFailure.STOP_NEW, OnFailure.CANCEL_SIBLINGS])
async def test_batches_that_were_ended_with_others_are_asked_again_as_they_were(
    tmp_path: Path, on_failure: OnFailure
) -> None:
    batcher, store = Batcher(), lasting_store()
    texts = ("fail", *(f"row {n}" for n in range(11)))
    write_rows(tmp_path, *texts)
    async with batch_process(batcher, store) as rig:
        first = await run_map(rig, tmp_path, batch=3, max_parallel=2, on_failure=on_failure)
        again = await run_map(rig, tmp_path, batch=3, max_parallel=2)

    assert len([status for _, status in written(tmp_path) if status == "done"]) == 11
    assert [first.status, again.status] == [RunStatus.PARTIAL, RunStatus.PARTIAL]


async def test_batches_that_were_over_budget_are_asked_again_with_a_larger_one(
    tmp_path: Path,
) -> None:
    batcher, store = Batcher(), lasting_store()
    texts = tuple(f"row {n}" for n in range(12))
    write_rows(tmp_path, *texts)
    async with batch_process(batcher, store) as rig:
        first = await run_map(rig, tmp_path, batch=3, budget=Budget(tokens=13_000))
        again = await run_map(rig, tmp_path, batch=3, budget=Budget(tokens=1_000_000))

    assert first.status is RunStatus.OVER_BUDGET
    assert again.is_done
    assert [line["output"] for line in lines(tmp_path)] == [f"{text} is done" for text in texts]


async def test_batches_of_which_one_row_is_rejected_pause_no_agent(
    tmp_path: Path,
) -> None:
    batcher = Batcher()
    write_rows(tmp_path, *(f"{'bad' if n % 10 == 7 else 'row'} {n}" for n in range(150)))
    async with batch_process(batcher) as rig:
        await run_map(rig, tmp_path, batch=10, max_parallel=1, gates=(RegexGate(pattern="^row"),))

    found = lines(tmp_path)
    assert Counter(line["status"] for line in found) == {"done": 135, "failed": 15}
    assert {line["error"]["code"] for line in found if line["error"]} == {"PA-E310"}
