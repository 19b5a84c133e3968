"""Choosing: one answer of several, by their scores or by the most votes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic

import orjson

from parallel_agents.core.agent import T, T_co
from parallel_agents.core.gate import AnyGate
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.errors import InvalidInput, StepFailed
from parallel_agents.flows.gathered import Gathered, why_not_done
from parallel_agents.flows.steps import Steps

_MOST = 100


@dataclass(frozen=True, slots=True)
class BestOf(Gathered[T_co]):
    """The results of tries of one task.

    Attributes:
        best: the one with the highest score; the first of those with the same.
    """

    best: Result[T_co]


@dataclass(frozen=True, slots=True)
class Vote(Gathered[T_co], Generic[T_co]):
    """The answers of voters.

    Attributes:
        winner: what most of them answered.
        counts: the number of votes for each answer, the most first.
    """

    winner: Json
    counts: tuple[tuple[Json, int], ...]

    @property
    def share(self) -> float:
        """The part of the votes that the winner has, above 0 and up to 1."""
        return self.counts[0][1] / sum(count for _, count in self.counts)


async def best_of(
    steps: Steps,
    name: str,
    task: Task[T],
    *,
    count: int,
    gates: Sequence[AnyGate],
    score: Callable[[T], float] | None,
) -> BestOf[T]:
    """The best of several tries of a task.

    Raises:
        StepFailed: no try is done, or none has a score.
    """
    _check_count(name, count)
    # A reply that is kept would be the same one each time.
    tried = replace(task, gates=(*task.gates, *gates), cache_seconds=0.0, key=None)
    gathered = await steps.results(name, [tried] * count, min_done=0)
    scored = [
        (found, result)
        for result in gathered.done
        if (found := result.score if score is None else float(score(result.output))) is not None
        and not math.isnan(found)
    ]
    if not scored:
        lost = [result for result in gathered.results if not result.is_done]
        raise StepFailed(
            f"the step {name} has no best answer",
            why="; ".join(map(why_not_done, lost[:3])) or "no gate of the task gives a score",
            hint="" if lost else "add a JudgeGate or a ScoreGate, or pass score=",
        )
    best = max(scored, key=lambda each: each[0])[1]
    return BestOf(gathered.results, best)


async def vote(
    steps: Steps,
    name: str,
    tasks: Sequence[Task[T]],
    *,
    of: Callable[[T], Json] | None,
    at_least: float,
) -> Vote[T]:
    """What most of several tasks answer.

    Raises:
        InvalidInput: `at_least` is not a part of the votes.
        StepFailed: no answer has more than that part, or nobody voted.
    """
    if not 0 <= at_least < 1:
        raise InvalidInput(
            f"at_least of the step {name} is {at_least:g}",
            why="it is the part of the votes that the winner must have more of",
            hint="pass a number from 0 to below 1; 0.5 is a majority",
        )
    gathered = await steps.results(name, tasks, min_done=0)
    ballots = [_ballot(result, of) for result in gathered.done]
    counted = Counter(ballots)
    answers = dict(zip(ballots, (_voted(result, of) for result in gathered.done), strict=True))
    ranked = counted.most_common()
    if not ranked:
        lost = "; ".join(map(why_not_done, gathered.results[:3]))
        raise StepFailed(f"nobody voted in the step {name}", why=lost)
    counts = tuple((answers[ballot], count) for ballot, count in ranked)
    is_tied = len(ranked) > 1 and ranked[0][1] == ranked[1][1]
    if is_tied or ranked[0][1] <= at_least * len(ballots):
        listed = ", ".join(f"{count} for {ballot}" for ballot, count in ranked[:5])
        raise StepFailed(
            f"the step {name} has no winner",
            why=f"the votes are {listed}",
            hint="ask an odd number of voters, or lower at_least",
        )
    return Vote(gathered.results, counts[0][0], counts)


def _voted(result: Result[T], of: Callable[[T], Json] | None) -> Json:
    return result.output_json if of is None else of(result.output)


def _ballot(result: Result[T], of: Callable[[T], Json] | None) -> str:
    """An answer in a form in which the same answers are the same text."""
    voted = _voted(result, of)
    if isinstance(voted, str):
        return " ".join(voted.split()).casefold()
    return orjson.dumps(voted, option=orjson.OPT_SORT_KEYS).decode()


def _check_count(name: str, count: int) -> None:
    if not 1 <= count <= _MOST:
        raise InvalidInput(
            f"the step {name} cannot have {count} tries",
            why=f"it has 1 to {_MOST}",
            hint="choose a number in this range",
        )
