from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.folder import Folder
from parallel_agents.ignore_files import IgnoreFiles


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in {
        ".gitignore": "*.log\nbuild/\n/top.txt\n",
        "src/.gitignore": "!kept.log\nlocal.py\n",
        "src/a.py": "",
        "src/kept.log": "",
        "src/lost.log": "",
        "src/local.py": "",
        "src/top.txt": "",
        "build/deep/b.py": "",
        "top.txt": "",
        ".git/config": "",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_files_of_a_folder_are_those_that_no_ignore_file_names(project: Path) -> None:
    (project / "link.py").symlink_to("src/a.py")

    kept = [file for found in IgnoreFiles(Folder(project)).walk() for file in found.files]

    assert kept == [".gitignore", "src/.gitignore", "src/a.py", "src/kept.log", "src/top.txt"]


def test_those_above_a_folder_count_too(project: Path) -> None:
    kept = [file for found in IgnoreFiles(Folder(project)).walk("src") for file in found.files]

    assert "src/lost.log" not in kept
    assert "src/a.py" in kept


def test_a_folder_that_a_caller_does_not_enter_is_left_out(project: Path) -> None:
    (project / "src/deep").mkdir()
    walking = IgnoreFiles(Folder(project))

    assert [found.path for found in walking.walk("src")] == ["src", "src/deep"]
    assert [found.path for found in walking.walk("src", lambda path: path != "src/deep")] == ["src"]
