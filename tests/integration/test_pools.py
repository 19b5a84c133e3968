"""Pools in several processes: a task with a key is done once, whoever begins it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("pool_program.py")


def started(home: Path, keys: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), str(home), *keys],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_processes_that_begin_the_same_tasks_in_other_places_do_each_once(
    tmp_path: Path,
) -> None:
    keys = [f"t-{number}" for number in range(8)]
    programs = [started(tmp_path, keys), started(tmp_path, keys[::-1])]
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"

    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    ends = [program.communicate(timeout=60) for program in programs]

    assert [errors for _, errors in ends] == ["", ""]
    first, second = (sorted(output.splitlines()) for output, _ in ends)
    assert first == second
    assert len({line.split()[1] for line in first}) == 8
    assert all(line.endswith(" done") for line in first)
