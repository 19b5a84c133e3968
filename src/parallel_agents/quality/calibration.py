"""Calibration: pairs of work, of which one has a planted defect; a judge must see which.

A judge that scores both alike, or the worse one higher, is no gate. A tie counts as wrong. A part of
the pairs is enough to find that a model may not judge, never that it may.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple, TypedDict

import yaml

from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import Sessions
from parallel_agents.quality.judge import MIN_AGREEMENT, vote_of
from parallel_agents.quality.judge_registry import Calibration, JudgeRegistry

PAIRS = 10


class Pair(TypedDict):
    """A task, a rubric, good work, and the same with a defect, which is named."""

    task: str
    rubric: str
    good: str
    bad: str
    defect: str


class Judgement(NamedTuple):
    """A pair as a judge scored it; None where it gave no score."""

    pair: Pair
    good: float | None
    bad: float | None

    @property
    def is_right(self) -> bool:
        return self.good is not None and self.bad is not None and self.good > self.bad


def read_pairs() -> list[Pair]:
    """All `PAIRS` of them."""
    text = resources.files("parallel_agents.quality").joinpath("pairs.yaml").read_text("utf-8")
    return yaml.safe_load(text)


async def calibrate(
    sessions: Sessions, bench: JudgeRegistry, model: str | None, pairs: Sequence[Pair]
) -> tuple[Calibration, list[Judgement]]:
    """Have a model judge both of each of these pairs, and keep how often it was right."""
    name = bench.model_for(model)
    runs = [
        (await sessions.spawn(_task(bench, pair, work, name))).run_id
        for pair in pairs
        for work in (pair["good"], pair["bad"])
    ]
    results = await sessions.wait(runs)
    judgements = [
        Judgement(pair, _score(good), _score(bad))
        for pair, good, bad in zip(pairs, results[::2], results[1::2], strict=True)
    ]
    agreement = sum(judgement.is_right for judgement in judgements) / len(pairs)
    counts = agreement < MIN_AGREEMENT or len(pairs) >= PAIRS
    calibration = Calibration(
        model=name, agreement=agreement, pairs=len(pairs), at=time.time(), counts=counts
    )
    bench.keep(calibration)
    return calibration, judgements


def _task(bench: JudgeRegistry, pair: Pair, work: str, model: str) -> Task:
    given: dict[str, Json] = {"task": pair["task"], "rubric": pair["rubric"], "work": work}
    return Task(
        bench.judge(),
        "Judge the work by the rubric.",
        input=given,
        model=model,
        label="calibration",
    )


def _score(result: Result) -> float | None:
    vote = vote_of(result)
    return None if vote is None else vote[0]
