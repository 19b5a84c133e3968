"""A flow whose process is killed in the middle goes on, whatever its pattern, and pays nothing twice."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import orjson
import pytest

PROGRAM = Path(__file__).with_name("flow_program.py")
PATIENCE_SECONDS = 60
# The calls that each flow makes in all.
CALLS = {
    "parallel": 3,
    "sequence": 2,
    "branch": 2,
    "loop_until": 3,
    "best_of": 3,
    "vote": 3,
    "refine": 2,
    "hand_off": 2,
    "manager": 4,
    "nested": 3,
    "step": 3,
    "on_event": 2,
}
# Those whose calls are made at the same time: all are made while the second one hangs.
AT_ONCE = ("parallel", "best_of", "vote")


class Ended(NamedTuple):
    status: str
    output: object
    error: str


def finish(name: str, home: Path, programs: Path) -> Ended:
    ran = subprocess.run(
        [programs / "python", str(PROGRAM), name, str(home), "0"],
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr.decode()
    return Ended(*orjson.loads(ran.stdout))


def calls(home: Path) -> list[str]:
    return (home / "calls").read_text("utf-8").splitlines()


def kill_at(name: str, home: Path, number: int, programs: Path) -> int:
    """Run the flow until its call of that number hangs and all others are stored; then kill it.

    Returns:
        How many calls were in flight: more than one if another began in the very moment.
    """
    process = subprocess.Popen(
        [programs / "python", str(PROGRAM), name, str(home), str(number)], stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_quiet(name, home):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        # Not the process that was started, which only stands for one that was forked.
        os.kill(int((home / "pid").read_text("utf-8")), signal.SIGKILL)
        process.wait()
    return in_flight(name, home)


def is_quiet(name: str, home: Path) -> bool:
    """Whether the call hangs, and every other call of the flow that was made is stored."""
    if not (home / "hangs").exists():
        return False
    if name in AT_ONCE and len(calls(home)) < CALLS[name]:
        return False
    return in_flight(name, home) == 1


def in_flight(name: str, home: Path) -> int:
    """How many calls were made whose replies are not stored."""
    made = len([line for line in calls(home) if line not in ("one", "three") or name != "step"])
    store = sqlite3.connect(f"file:{home / 'store.db'}?mode=ro", uri=True)
    try:
        found = store.execute(
            "SELECT COUNT(*) FROM events WHERE json_extract(CAST(body AS TEXT), '$.kind') = 'replied'"
        )
        (stored,) = found.fetchone()
    finally:
        store.close()
    return made - stored


@pytest.mark.parametrize("name", CALLS)
def test_a_flow_that_is_killed_goes_on_and_pays_nothing_twice(
    name: str, tmp_path: Path, programs: Path
) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    undisturbed.mkdir()
    killed.mkdir()
    expected = finish(name, undisturbed, programs)
    assert expected.status == "done", expected.error
    assert len(calls(undisturbed)) == CALLS[name]

    lost = kill_at(name, killed, 2, programs)
    found = finish(name, killed, programs)

    if name != "step":  # whose numbers count the calls
        assert found == expected
    assert found.status == "done"
    assert len(calls(killed)) == CALLS[name] + lost
    assert lost >= 1
    assert sorted(set(calls(killed))) == sorted(set(calls(undisturbed)))
