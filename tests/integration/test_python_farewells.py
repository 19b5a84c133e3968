"""What a program says on stderr when a Ctrl-C stops it: what happens, what is kept, how it goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.pythons import needs_threads_at_the_end

PROGRAM = Path(__file__).with_name("stopped_program.py")
LEFT = Path(__file__).with_name("left_program.py")
STOPPING = [
    "pagents: Stopping: nothing new starts; waiting for 1 call in flight.",
    "pagents: Ctrl-C again stops at once.",
]
AGAIN = "Run the same tasks with key='tea'"
ENDED = f"pagents: Everything had ended when it stopped. {AGAIN} for the results."
STOPPED = "pagents: Stopped; everything so far is stored. "
SPAWN = f"{STOPPED}Spawn the same keys again to continue."
PATIENCE_SECONDS = 30


@contextmanager
def calling(python: Path, how: str, home: Path) -> Generator[subprocess.Popen[str]]:
    """The program with a call in flight."""
    process = subprocess.Popen(
        [python, PROGRAM, how, home],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def told(process: subprocess.Popen[str], lines: int) -> list[str]:
    assert process.stderr is not None
    return [process.stderr.readline().rstrip() for _ in range(lines)]


@pytest.mark.parametrize(
    ("how", "last"),
    [
        ("run", ENDED),
        ("arun", ENDED),
        ("stream", ENDED),
        ("astream", ENDED),
        ("open", SPAWN),
    ],
)
def test_the_first_ctrl_c_lets_the_call_end_and_says_so(
    how: str, last: str, tmp_path: Path, programs: Path
) -> None:
    with calling(programs / "python", how, tmp_path) as process:
        process.send_signal(signal.SIGINT)
        at_once = told(process, 2)
        (tmp_path / "go-on").touch()
        in_the_end = told(process, 1)
        process.communicate(timeout=PATIENCE_SECONDS)

    assert at_once == STOPPING
    assert in_the_end == [last]
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize(
    ("how", "last"),
    [
        ("run", f"{STOPPED}{AGAIN} to continue."),
        ("arun", f"{STOPPED}{AGAIN} to continue."),
        ("stream", f"{STOPPED}{AGAIN} to continue."),
        ("astream", f"{STOPPED}{AGAIN} to continue."),
        ("open", SPAWN),
    ],
)
def test_the_second_ctrl_c_stops_at_once_and_says_how_to_continue(
    how: str, last: str, tmp_path: Path, programs: Path
) -> None:
    with calling(programs / "python", how, tmp_path) as process:
        process.send_signal(signal.SIGINT)
        told(process, 2)
        process.send_signal(signal.SIGINT)
        in_the_end = told(process, 1)
        process.communicate(timeout=PATIENCE_SECONDS)

    assert in_the_end == [last]
    assert process.returncode == -signal.SIGINT


def test_a_ctrl_c_that_ends_the_main_thread_lets_the_call_of_another_end(
    tmp_path: Path, programs: Path
) -> None:
    with calling(programs / "python", "thread", tmp_path) as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        at_once = list(iter(lambda: told(process, 1), [STOPPING[-1]]))
        (tmp_path / "go-on").touch()
        in_the_end = told(process, 1)
        process.communicate(timeout=PATIENCE_SECONDS)

    assert at_once[-1] == [STOPPING[0]]
    assert in_the_end == [ENDED]
    assert process.returncode == -signal.SIGINT


@pytest.mark.parametrize(
    ("how", "is_patient", "last"),
    [
        ("left", True, ENDED),
        ("left-arun", True, ENDED),
        ("left-stream", False, f"{STOPPED}{AGAIN} to continue."),
    ],
)
def test_a_ctrl_c_after_the_main_thread_has_ended_stops_what_another_waits_for(
    how: str, is_patient: bool, last: str, tmp_path: Path, programs: Path
) -> None:
    with calling(programs / "python", how, tmp_path) as process:
        process.send_signal(signal.SIGINT)
        at_once = list(iter(lambda: told(process, 1), [STOPPING[-1]]))
        if is_patient:
            (tmp_path / "go-on").touch()
        else:
            process.send_signal(signal.SIGINT)
        in_the_end = told(process, 1)
        process.communicate(timeout=PATIENCE_SECONDS)

    assert at_once[-1] == [STOPPING[0]]
    assert in_the_end == [last]


@pytest.mark.parametrize("how", ["run", "stream", "arun"])
def test_what_a_thread_has_begun_is_done_after_the_main_thread_has_ended(
    how: str, tmp_path: Path, programs: Path
) -> None:
    done = subprocess.run(
        [programs / "python", LEFT, how, tmp_path],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )

    assert done.stdout == "calling\nDone.\n"
    assert done.stderr == ""


@needs_threads_at_the_end
def test_a_thread_may_load_the_package_and_work_after_the_main_thread_has_ended(
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, LEFT, "late", tmp_path],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=True,
    )

    assert done.stdout == "calling\nDone.\n" * 3
    assert done.stderr == ""


@pytest.mark.parametrize("how", ["run", "arun"])
def test_a_program_whose_stderr_nobody_reads_stops_as_any_other(
    how: str, tmp_path: Path, programs: Path
) -> None:
    with calling(programs / "python", how, tmp_path) as process:
        assert process.stderr is not None
        process.stderr.close()
        process.send_signal(signal.SIGINT)
        (tmp_path / "go-on").touch()
        status = process.wait(PATIENCE_SECONDS)

    assert status == -signal.SIGINT
