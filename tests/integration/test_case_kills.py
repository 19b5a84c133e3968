"""A test of an agent whose process is killed in the middle goes on, and tries no case twice."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

from pydantic import TypeAdapter

from parallel_agents.cases.report import TestReport

PROGRAM = Path(__file__).with_name("case_program.py")
PATIENCE_SECONDS = 60
CASES = 5


def finish(home: Path, programs: Path) -> TestReport:
    ran = subprocess.run(
        [programs / "python", str(PROGRAM), str(home), "0"],
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    (report,) = TypeAdapter(list[TestReport]).validate_json(ran.stdout)
    return report


def kill_at(home: Path, number: int, programs: Path) -> None:
    """Run the test until its call of that number hangs, which is after all before it; then kill it."""
    process = subprocess.Popen(
        [programs / "python", str(PROGRAM), str(home), str(number)], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (home / "hangs").exists():
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        # Not the process that was started, which only stands for one that was forked.
        os.kill(int((home / "pid").read_text("utf-8")), signal.SIGKILL)
        process.wait()


def test_a_test_that_is_killed_goes_on_and_pays_for_no_case_twice(
    tmp_path: Path, programs: Path
) -> None:
    kill_at(tmp_path, 3, programs)
    report = finish(tmp_path, programs)

    calls = (tmp_path / "calls").read_text("utf-8").splitlines()
    assert len(calls) == CASES + 1  # the one that hung brought no reply
    assert len(set(calls)) == CASES
    assert report.passed == CASES, report
    assert not list((tmp_path / "flows").iterdir())
