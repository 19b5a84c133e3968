"""A row that a gate rejects is asked again without the others of its batch, and fails without them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import orjson

from parallel_agents.core.dead_letter import DeadLetterFilter, Edits
from parallel_agents.core.gate import RegexGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.run import RunStatus
from tests.unit.flows.parts import Crash, lasting_store
from tests.unit.maps.parts import Batcher, batch_process, lines, run_map, write_rows, written

TEXTS = ("one", "two", "three")


def gated(attempts: int, *, batch: int = 3) -> dict[str, Any]:
    return {
        "gates": (RegexGate(pattern="e? is done$"), RegexGate(pattern="done$")),
        "limits": Limits(attempts=attempts),
        "batch": batch,
    }


def bad_until(call: int, *wrong: str) -> Batcher:
    """A model that answers these texts badly before this call."""

    def answer(number: int, answers: dict[str, str]) -> str:
        is_bad = number < call
        given = {
            n: "bad" if is_bad and text.removesuffix(" is done") in wrong else text
            for n, text in answers.items()
        }
        return orjson.dumps(given).decode()

    return Batcher(answer)


async def test_only_the_rows_that_a_gate_rejects_are_asked_again(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS, "four")
    batcher = bad_until(3, "two", "three")

    async with batch_process(batcher) as rig:
        result = await run_map(rig, tmp_path, **gated(3, batch=4))

    assert result.is_done
    assert batcher.calls == [["one", "two", "three", "four"], ["two", "three"], ["two", "three"]]
    assert [line["output"] for line in lines(tmp_path)] == [
        f"{text} is done" for text in (*TEXTS, "four")
    ]


async def test_a_row_has_as_many_attempts_in_a_batch_as_alone(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)
    batcher = bad_until(100, "two")

    async with batch_process(batcher) as rig:
        result = await run_map(rig, tmp_path, **gated(2))

    assert batcher.calls == [list(TEXTS), ["two"]]
    assert result.status is RunStatus.PARTIAL
    assert [status for _, status in written(tmp_path)] == ["done", "failed", "done"]


async def test_with_one_attempt_the_rejected_row_alone_fails_and_says_why(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)
    batcher = bad_until(2, "two")

    async with batch_process(batcher) as rig:
        result = await run_map(rig, tmp_path, **gated(1))
        letters = await rig.service.dead_letters(DeadLetterFilter())

    one, two, three = lines(tmp_path)
    assert result.output == {"rows": 3, "done": 2, "failed": 1, "out": str(tmp_path / "out.jsonl")}
    assert [one["output"], two["output"], three["output"]] == ["one is done", None, "three is done"]
    assert two["error"]["message"] == (
        "its answer in the batch rows-1-3 was rejected: The text must match e? is done$."
    )
    assert len(letters) == 1


async def test_the_same_map_asks_a_rejected_row_alone_and_pays_for_no_other(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)
    batcher = bad_until(2, "two")

    async with batch_process(batcher) as rig:
        await run_map(rig, tmp_path, **gated(1))
        result = await run_map(rig, tmp_path, **gated(1))
        letters = await rig.service.dead_letters(DeadLetterFilter())

    assert result.is_done
    assert batcher.calls == [list(TEXTS), ["two"]]
    assert letters == []


async def test_a_retry_of_the_batch_asks_for_the_rejected_rows_alone(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)
    batcher = bad_until(2, "two")

    async with batch_process(batcher) as rig:
        await run_map(rig, tmp_path, **gated(1))
        (letter,) = await rig.service.dead_letters(DeadLetterFilter())
        retried = await rig.service.retry(letter)
        (answer,) = await rig.service.wait([retried.run_id])
        result = await run_map(rig, tmp_path, **gated(1))

    assert answer.output_json == {"1": "one is done", "2": "two is done", "3": "three is done"}
    assert result.is_done
    assert batcher.calls == [list(TEXTS), ["two"]]


async def test_a_retry_with_another_text_for_a_row_asks_for_it_again(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)
    batcher = bad_until(2, "two")

    async with batch_process(batcher) as rig:
        await run_map(rig, tmp_path, **gated(1))
        (letter,) = await rig.service.dead_letters(DeadLetterFilter())
        retried = await rig.service.retry(letter, Edits(input={"3": "drei"}))
        await rig.service.wait([retried.run_id])

    assert batcher.calls == [list(TEXTS), ["two", "drei"]]


async def test_after_a_crash_accepted_rows_are_not_asked_again(tmp_path: Path) -> None:
    write_rows(tmp_path, *TEXTS)
    batcher, store = bad_until(2, "two"), lasting_store()
    async with batch_process(batcher, store) as rig:
        running = asyncio.create_task(run_map(rig, tmp_path, **gated(2)))
        await asyncio.sleep(15)
        running.cancel()
        raise Crash

    async with batch_process(batcher, store) as rig:
        result = await run_map(rig, tmp_path, **gated(2))

    assert result.is_done
    assert batcher.calls[0] == list(TEXTS)
    assert all(call == ["two"] for call in batcher.calls[1:])
