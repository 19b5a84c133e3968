"""Every case of tests/wires/cases, as a plain call and as a stream; README.md says how to add one.

What takes time in a case is mostly its waits, so that many are played at once. The workers of a test
run share them out, and each test reports the outcome of one.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from tests.support.workers import SHARED
from tests.wires.case import read_cases
from tests.wires.drive import Mismatch
from tests.wires.runs import Run, play_all, runs_of

Problems = Mapping[str, str]


def _param(run: Run) -> ParameterSet:
    why = run.why_it_fails
    fails = pytest.mark.xfail(bool(why), reason=why, raises=Mismatch, strict=True)
    return pytest.param(run, id=run.id, marks=fails)


@pytest.fixture(scope="session")
def problems(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Problems:
    """What the product does not meet, by the id of each selected run."""
    config = request.config
    folder = config.stash.get(SHARED, None) or tmp_path_factory.getbasetemp()
    items = [item for item in request.session.items if isinstance(item, pytest.Function)]
    given = [item.callspec.params.get("run") for item in items if hasattr(item, "callspec")]
    runs = [run for run in given if isinstance(run, Run)]
    count = config.getoption("--workers") or 1
    parts = [(folder / f"cases-{part}.json", runs[part::count]) for part in range(count)]
    for is_last_round in (False, True):
        for file, part in parts:
            _play_part(file, part, waits=is_last_round)
    return {run: text for file, _ in parts for run, text in json.loads(file.read_text()).items()}


def _play_part(file: Path, runs: Sequence[Run], *, waits: bool) -> None:
    """Play a part and write its problems, unless another worker does or has done that."""
    with file.with_suffix(".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
        except BlockingIOError:
            return
        if not file.exists():
            play_all(runs)
            file.write_text(json.dumps({run.id: run.problem for run in runs}))


@pytest.mark.timeout(600)  # of the first test, which waits for all
@pytest.mark.parametrize("run", [_param(run) for run in runs_of(read_cases())])
def test_a_provider_that_behaves_so_is_met_so(run: Run, problems: Problems) -> None:
    if problems[run.id]:
        raise Mismatch(problems[run.id])
