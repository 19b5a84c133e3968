"""Judges are calibrated on all pairs or on some: some can rule a model out, but only all can allow it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import orjson
import pytest

from parallel_agents.app.client import App
from parallel_agents.app.opening import open_app
from parallel_agents.app.parts import Parts
from parallel_agents.core.model import ModelRequest
from parallel_agents.quality.calibration import PAIRS, calibrate, read_pairs
from parallel_agents.quality.judge_registry import Calibration, JudgeRegistry
from parallel_agents.settings import Environment, Settings
from parallel_agents.testing import Answer, RepliesWith

MODEL = "scripted/judge"
BAD = [orjson.dumps(pair["bad"]).decode() for pair in read_pairs()]


def judging(blind_to: Sequence[int]) -> RepliesWith:
    """A judge that sees all defects but those of these pairs."""

    def answer(request: ModelRequest) -> Answer:
        shown = request.messages[0].text
        found = [n for n, bad in enumerate(BAD) if bad in shown and n not in blind_to]
        item = {"name": "c", "evidence": "e", "reason": "r", "score": 3 if found else 9}
        return orjson.dumps({"criteria": [item], "critique": ""}).decode()

    return RepliesWith(answer, MODEL)


async def calibrated(
    home: Path, *rounds: tuple[int, Sequence[int]]
) -> tuple[list[Calibration], JudgeRegistry]:
    """Calibrations on so many pairs, by a judge that is blind to some, and the bench after them."""

    def opened(model: RepliesWith) -> AbstractAsyncContextManager[App]:
        environment = Environment(home=home, variables={})
        return open_app(
            environment, Settings(model=MODEL), Parts(models={"scripted": lambda _: model})
        )

    found: list[Calibration] = []
    for count, blind_to in rounds:
        async with opened(judging(blind_to)) as app:
            pairs = read_pairs()[:count]
            found.append((await calibrate(app.sessions, app.judges, None, pairs))[0])
    async with opened(judging(())) as app:
        return found, app.judges


def test_the_package_has_the_stated_number_of_pairs() -> None:
    assert len(read_pairs()) == PAIRS


@pytest.mark.parametrize(
    ("count", "blind_to", "agreement", "known"),
    [
        (PAIRS, (), 1.0, 1.0),
        (PAIRS, (0, 1, 2), 0.7, 0.7),
        (3, (0,), 2 / 3, 2 / 3),
        (3, (), 1.0, None),
        (PAIRS - 1, (), 1.0, None),
    ],
)
async def test_some_pairs_can_refuse_a_model_but_not_allow_it(
    tmp_path: Path, count: int, blind_to: Sequence[int], agreement: float, known: float | None
) -> None:
    (found,), bench = await calibrated(tmp_path, (count, blind_to))

    assert found.pairs == count
    assert found.agreement == agreement
    assert bench.agreement_of(MODEL) == known
    assert bench.calibrations() == {MODEL: found}


@pytest.mark.parametrize("blind_to", [(), (0, 1, 2)])
async def test_a_result_on_all_pairs_stays_when_some_pairs_do_not_contradict_it(
    tmp_path: Path, blind_to: Sequence[int]
) -> None:
    (whole, _), bench = await calibrated(tmp_path, (PAIRS, blind_to), (3, ()))

    assert bench.calibrations() == {MODEL: whole}


async def test_some_wrong_pairs_refuse_a_model_that_all_pairs_had_allowed(tmp_path: Path) -> None:
    (_, few), bench = await calibrated(tmp_path, (PAIRS, ()), (2, (0,)))

    assert bench.agreement_of(MODEL) == few.agreement == 0.5


async def test_an_older_calibration_counts_as_one_on_all_pairs(tmp_path: Path) -> None:
    kept = {MODEL: {"model": MODEL, "agreement": 0.9, "pairs": 10, "at": 1.0}}
    (tmp_path / "judges.json").write_bytes(orjson.dumps(kept))

    _, bench = await calibrated(tmp_path)

    assert bench.agreement_of(MODEL) == 0.9
