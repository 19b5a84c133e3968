"""Interpreter: a file in the current folder is never taken for a module that we import."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from parallel_agents.interpreter import leave_current_folder, python_command

TRAP = 'raise SystemExit("the file in the current folder was executed")'


@pytest.fixture
def trap(tmp_path: Path) -> Path:
    """A folder with a file for each module that our processes import first."""
    for name in (
        "pathlib",
        "fnmatch",
        "re",
        "urllib",
        "typing",
        "typer",
        "pydantic",
        "orjson",
        "aiohttp",
        "yaml",
        "xllamacpp",
        "pip",
        "venv",
    ):
        (tmp_path / f"{name}.py").write_text(TRAP)
    return tmp_path


@pytest.mark.parametrize(
    "command",
    [
        python_command("parallel_agents", "--version"),
        python_command("pip", "--version"),
        python_command("venv", "--help"),
        [sys.executable, "-m", "parallel_agents", "--version"],
        [str(Path(sys.executable).with_name("pagents")), "--version"],
    ],
    ids=lambda command: " ".join(command[1:]),
)
def test_a_module_in_the_current_folder_is_not_executed(command: list[str], trap: Path) -> None:
    done = subprocess.run(command, cwd=trap, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_nor_through_an_empty_entry_of_the_module_path(trap: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep}

    done = subprocess.run(
        python_command("parallel_agents", "--version"),
        cwd=trap,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_server_child_imports_nothing_of_the_current_folder(trap: Path) -> None:
    done = subprocess.run(
        python_command("parallel_agents.models.local.child"),
        cwd=trap,
        input="",
        capture_output=True,
        text=True,
        check=False,
    )

    assert "the file in the current folder" not in done.stderr


def test_the_current_folder_leaves_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", ["", str(tmp_path), "/elsewhere"])

    leave_current_folder()

    assert sys.path == ["/elsewhere"]


def test_the_folder_of_this_package_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    package = Path(sys.modules["parallel_agents"].__file__ or "").parents[1]
    monkeypatch.chdir(package)
    monkeypatch.setattr(sys, "path", [str(package)])

    leave_current_folder()

    assert sys.path == [str(package)]
