"""A program that is done ends at once, and in everything else as an interpreter does."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BEGIN = """
import atexit, sys, threading
from parallel_agents.ending import end_process

class Freed:
    def __del__(self):
        print("freed")

kept = Freed()
"""


def end(program: str) -> subprocess.CompletedProcess[str]:
    return run("-c", BEGIN + program)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(("code", "expected"), [("None", 0), ("7", 7), ("True", 1), ("-1", 255)])
def test_a_process_ends_with_its_exit_code_and_frees_nothing(code: str, expected: int) -> None:
    ended = end(f"print('a result', end=''); end_process(SystemExit({code}))")

    assert ended.returncode == expected
    assert ended.stdout == "a result"


def test_threads_are_waited_for_before_the_functions_of_atexit_are_called() -> None:
    ended = end("""
atexit.register(print, "at exit")
is_ending = threading.Event()
thread = threading.Thread(target=lambda: (is_ending.wait(), print("a thread")))
thread.start()
threading.Timer(0, is_ending.set).start()
end_process(SystemExit(0))
""")

    assert ended.stdout == "a thread\nat exit\n"


def test_a_code_that_is_a_text_is_printed_by_the_interpreter() -> None:
    ended = end("end_process(SystemExit('the reason'))")

    assert ended.returncode == 1
    assert ended.stderr == "the reason\n"
    assert ended.stdout == "freed\n"


@pytest.mark.parametrize(
    ("observer", "shown"),
    [(("cProfile",), "function calls"), (("trace", "--count", "--summary", "-C"), "cov%")],
)
def test_a_process_that_is_observed_is_left_to_its_observer(
    observer: tuple[str, ...], shown: str, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(f"{BEGIN}end_process(SystemExit(0))")
    places = [str(tmp_path)] if "-C" in observer else []

    ended = run("-m", *observer, *places, str(program))

    assert shown in ended.stdout


def test_a_stream_that_fails_at_the_end_is_reported_by_the_interpreter() -> None:
    ended = end("sys.stdout = open('/dev/full', 'w'); print('x'); end_process(SystemExit(0))")

    assert ended.returncode == 120
    assert "No space left on device" in ended.stderr
