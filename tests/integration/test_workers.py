"""The workers that run this suite lose no test, whatever becomes of the process that runs it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
FILES = {
    "conftest.py": """\
from pathlib import Path

import pytest
from tests.conftest import pytest_addoption, pytest_runtestloop

@pytest.fixture(scope="session")
def shared():
    yield
    Path(__file__).with_name("given-back").touch()
""",
    "test_broken.py": """\
import os
import signal

def test_it_fails(shared):
    print("it printed this")
    assert 1 == 2

def test_its_process_ends():
    os._exit(0)

def test_its_process_is_killed():
    os.kill(os.getpid(), signal.SIGKILL)

def test_it_follows(): ...
""",
    "test_sound.py": """\
def test_it_passes(): ...
""",
    "test_more.py": """\
def test_it_comes_last(): ...
""",
}


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run a small suite by two workers."""
    for name, text in FILES.items():
        (folder / name).write_text(text, "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "--workers=2", "-p", "no:cacheprovider", *options, folder],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_test_is_reported_when_processes_end_early(tmp_path: Path) -> None:
    ran = run(tmp_path, "-rfp")

    told = set(re.findall(r"^(PASSED|FAILED) \S*::(\w+)", ran.stdout, re.MULTILINE))
    assert told == {
        ("FAILED", "test_it_fails"),
        ("FAILED", "test_its_process_ends"),
        ("FAILED", "test_its_process_is_killed"),
        ("PASSED", "test_it_follows"),
        ("PASSED", "test_it_passes"),
        ("PASSED", "test_it_comes_last"),
    }
    assert "the process that ran it ended with -9" in ran.stdout
    assert "it printed this" in ran.stdout
    assert ran.returncode == pytest.ExitCode.TESTS_FAILED


def test_what_is_shared_is_given_back_when_a_failure_ends_the_run(tmp_path: Path) -> None:
    ran = run(tmp_path, "--exitfirst")

    assert "stopping after 1 failures" in ran.stdout
    assert (tmp_path / "given-back").exists()
