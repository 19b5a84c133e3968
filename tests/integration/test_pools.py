"""Pools in several processes: a task with a key is done once, whoever begins it."""

from __future__ import annotations

import subprocess
from pathlib import Path

PROGRAM = Path(__file__).with_name("pool_program.py")


def started(
    python: Path, home: Path, keys: list[str], what: str = "ticket"
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [python, PROGRAM, home, what, *keys],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_at_once(*programs: subprocess.Popen[str]) -> list[list[str]]:
    """What each program prints once all of them were told to begin, in order of the keys."""
    for program in programs:
        assert program.stdout is not None
        assert program.stdout.readline() == "ready\n"
    for program in programs:
        assert program.stdin is not None
        program.stdin.write("\n")
        program.stdin.flush()
    ends = [program.communicate(timeout=60) for program in programs]
    assert [errors for _, errors in ends] == [""] * len(programs)
    return [sorted(output.splitlines()) for output, _ in ends]


def test_two_processes_that_begin_the_same_tasks_in_other_places_do_each_once(
    tmp_path: Path, programs: Path
) -> None:
    python, keys = programs / "python", [f"t-{number}" for number in range(8)]
    first, second = run_at_once(
        started(python, tmp_path, keys), started(python, tmp_path, keys[::-1])
    )

    assert first == second
    assert len({line.split()[1] for line in first}) == 8
    assert all(line.endswith(" done") for line in first)


def test_of_two_processes_with_other_work_under_one_key_one_is_refused(
    tmp_path: Path, programs: Path
) -> None:
    python, keys = programs / "python", [f"t-{number}" for number in range(8)]
    tickets, memos = run_at_once(
        started(python, tmp_path, keys, "ticket"), started(python, tmp_path, keys[::-1], "memo")
    )

    for ticket, memo in zip(tickets, memos, strict=True):
        done, refused = sorted((ticket, memo), key=lambda line: "PA-E106" in line)
        assert done.endswith(" done")
        assert "PA-E106 a task of the pool has the same key and other work" in refused
