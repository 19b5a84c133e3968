"""Sharing: the part of a batch's result that belongs to one of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from parallel_agents.core.cutting import head
from parallel_agents.core.run import Failure, Result, RunStatus
from parallel_agents.errors import AnswerMissing
from parallel_agents.maps.batches import Part

_MOST_WHY = 200


def part_of(result: Result, part: Part | None) -> Result:
    """The result of a row: its own answer and score, and its part of the spend.

    The parts of the spend are whole units, and together exactly what the batch has used.
    """
    if part is None:
        return result
    number = str(part.number)
    mine = replace(
        result,
        output_json=None,
        spend=result.spend.share(part.number, part.of),
        spend_below=result.spend_below.share(part.number, part.of),
        score=result.scores.get(number),
        scores={},
        accepted_items={},
        rejected_items={},
    )
    if not result.is_done:
        return _of_failed(result, mine, number)
    answers = result.output_json
    if not isinstance(answers, Mapping) or number not in answers:
        return replace(mine, status=RunStatus.FAILED, error=_missing(result, number))
    return replace(mine, output_json=answers[number])


def is_answered(result: Result, part: Part) -> bool:
    """Whether a row of a batch is done, even if the batch is not."""
    return result.is_done or str(part.number) in result.accepted_items


def _of_failed(result: Result, mine: Result, number: str) -> Result:
    """The result of a row whose batch is not done: gates may have accepted its own answer."""
    if item := result.accepted_items.get(number):
        return replace(
            mine,
            status=RunStatus.DONE,
            output_json=item.output,
            score=item.score,
            error=None,
        )
    error = _of_batch(result)
    if error is not None and (why := result.rejected_items.get(number)):
        message = f"its answer in the batch {result.label} was rejected: {head(why, _MOST_WHY)}"
        error = replace(error, message=message, why=why)
    return replace(mine, error=error)


def _of_batch(result: Result) -> Failure | None:
    """Why a batch is not done; which of its rows is to blame, nobody may know."""
    error = result.error
    if error is None:
        return None
    return replace(error, message=f"the batch {result.label} is not done: {error.message}")


def _missing(result: Result, number: str) -> Failure:
    return Failure.of(
        AnswerMissing(
            f"the batch {result.label} has no answer for its item {number}",
            why="its session was given another task since, by a message or a retry",
            hint=f"see `pagents history {result.session_key}`; with another --id, in Python key=, the row is done anew",
        )
    )
