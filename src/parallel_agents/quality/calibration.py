"""Calibration: a judge scores pairs of works, one with a planted defect, and must tell which.

A judge that scores both alike, or the worse one higher, is useless as a gate; a tie counts as wrong.
Some of the pairs are enough to rule a model out; only a run on all of them can allow it.
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
from parallel_agents.quality.judge import vote_of
from parallel_agents.quality.judge_registry import MIN_AGREEMENT, Calibration, JudgeRegistry

PAIRS = 10


class Pair(TypedDict):
    """A task, a rubric, good work, and the same work with a defect, which is described."""

    task: str
    rubric: str
    good: str
    bad: str
    defect: str


class Judgement(NamedTuple):
    """A judge's scores of a pair; None for a work that it did not score."""

    pair: Pair
    good: float | None
    bad: float | None

    @property
    def is_right(self) -> bool:
        return self.good is not None and self.bad is not None and self.good > self.bad


def read_pairs() -> list[Pair]:
    """All `PAIRS` pairs of the package."""
    text = resources.files("parallel_agents.quality").joinpath("pairs.yaml").read_text("utf-8")
    return yaml.safe_load(text)


async def calibrate(
    sessions: Sessions, registry: JudgeRegistry, model: str | None, pairs: Sequence[Pair]
) -> tuple[Calibration, list[Judgement]]:
    """Have a model judge both works of each pair, and keep how often it was right."""
    name = registry.model_for(model)
    runs = [
        (await sessions.spawn(_task(registry, pair, work, name))).run_id
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
    registry.keep(calibration)
    return calibration, judgements


def _task(registry: JudgeRegistry, pair: Pair, work: str, model: str) -> Task:
    values: dict[str, Json] = {"task": pair["task"], "rubric": pair["rubric"], "work": work}
    return Task(
        registry.judge(),
        "Judge the work by the rubric.",
        input=values,
        model=model,
        label="calibration",
    )


def _score(result: Result) -> float | None:
    vote = vote_of(result)
    return None if vote is None else vote[0]
