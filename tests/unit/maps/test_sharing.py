"""A row of a batch has its own answer and score, and a part of the spend that adds up."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Failure, Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.errors import GateRefused
from parallel_agents.maps.batches import Part
from parallel_agents.maps.sharing import part_of

SPEND = Spend(Usage(101, 52), calls=1, cost_nanousd=1000, unpriced_calls=0)


def batch(output: Json, status: RunStatus = RunStatus.DONE, spend: Spend = SPEND) -> Result:
    return Result(
        agent="writer",
        label="rows-1-3",
        status=status,
        output_json=output,
        text="",
        error=None,
        notices=(),
        model="scripted/m",
        spend=spend,
        seconds=1.0,
        attempts=1,
        session_key=SessionKey("agent:writer:one"),
        run_id=RunId("one"),
        score=7.0,
        scores={"1": 9.0, "2": 7.0},
    )


def test_each_row_has_its_answer_and_score() -> None:
    whole = batch({"1": "one", "2": "two", "3": "three"})

    parts = [part_of(whole, Part("batch/a", n, 3)) for n in (1, 2, 3)]

    assert [part.output_json for part in parts] == ["one", "two", "three"]
    assert [part.score for part in parts] == [9.0, 7.0, None]


def test_the_parts_of_the_spend_are_the_whole() -> None:
    parts = [part_of(batch({}), Part("batch/a", n, 7)).spend for n in range(1, 8)]

    assert sum(parts, Spend()) == SPEND
    assert {part.cost_nanousd for part in parts} == {142, 143}


def test_the_cost_of_rows_that_failed_is_known_even_if_their_call_counts_for_another_row() -> None:
    failed = batch(None, RunStatus.FAILED)

    parts = [part_of(failed, Part("batch/a", n, 5)) for n in range(1, 6)]

    assert [part.cost_usd for part in parts] == [2e-7] * 5


def test_an_unknown_cost_is_unknown_for_each_row() -> None:
    unpriced = Spend(Usage(10, 10), calls=1, unpriced_calls=1)

    parts = [part_of(batch({}, spend=unpriced), Part("batch/a", n, 3)).spend for n in (1, 2, 3)]

    assert [part.cost_usd for part in parts] == [None, None, None]


def test_a_row_of_a_batch_that_failed_has_no_answer() -> None:
    error = Failure.of(GateRefused("the answer did not pass good"))
    failed = replace(batch("half an ans", RunStatus.FAILED), error=error)

    part = part_of(failed, Part("batch/a", 1, 3))

    assert part.status is RunStatus.FAILED
    assert part.output_json is None
    assert part.error is not None
    assert part.error.message == "the batch rows-1-3 is not done: the answer did not pass good"


def test_a_row_without_an_answer_in_a_batch_that_is_done_has_failed() -> None:
    part = part_of(batch({"1": "one"}), Part("batch/a", 2, 3))

    assert part.status is RunStatus.FAILED
    assert part.error is not None
    assert part.error.code == "PA-E352"


def test_the_result_of_a_row_of_its_own_is_as_it_is() -> None:
    whole = batch("one")

    assert part_of(whole, None) is whole
