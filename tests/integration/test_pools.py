"""Pools in several processes: a task with a key is done once, whoever begins it."""

from __future__ import annotations

import subprocess
from pathlib import Path

PROGRAM = Path(__file__).with_name("pool_program.py")


def started(python: Path, home: Path, keys: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, PROGRAM, home, *keys],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_that_begin_the_same_tasks_in_other_places_do_each_once(
    tmp_path: Path, programs: Path
) -> None:
    keys = [f"t-{number}" for number in range(8)]
    running = [started(programs / "python", tmp_path, each) for each in (keys, keys[::-1])]
    for program in running:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"

    for program in running:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    ends = [program.communicate(timeout=60) for program in running]

    assert [errors for _, errors in ends] == ["", ""]
    first, second = (sorted(output.splitlines()) for output, _ in ends)
    assert first == second
    assert len({line.split()[1] for line in first}) == 8
    assert all(line.endswith(" done") for line in first)
