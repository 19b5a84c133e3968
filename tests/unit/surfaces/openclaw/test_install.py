"""The skill's folder is written whole, brought up to date, and never over what is its user's."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import Conflict, InvalidInput
from parallel_agents.surfaces.openclaw.install import install


def test_a_file_that_is_as_it_was_written_is_brought_up_to_date(tmp_path: Path) -> None:
    first = install(tmp_path)
    helpers = first.folder / "helpers.py"
    helpers.unlink()

    again = install(tmp_path)

    assert first.files == first.written == again.files
    assert again.written == ("helpers.py",)
    assert sorted(p.name for p in first.folder.iterdir() if p.name.startswith(".")) == [
        ".installed.json"
    ]


def test_no_mark_of_a_template_is_left(tmp_path: Path) -> None:
    folder = install(tmp_path).folder

    for file in folder.rglob("*.*"):
        text = file.read_text("utf-8")
        assert "@PYTHON@" not in text
        assert "@FOLDER@" not in text
        assert "@VERSION@" not in text


def test_nothing_is_written_where_one_file_is_the_users(tmp_path: Path) -> None:
    folder = install(tmp_path).folder
    (folder / "tools.py").write_text("mine = 1\n", "utf-8")
    (folder / "helpers.py").unlink()

    with pytest.raises(Conflict, match="files that this skill did not write") as refused:
        install(tmp_path)

    assert refused.value.why == "tools.py"
    assert not (folder / "helpers.py").exists()
    assert install(tmp_path, overwrites=True).written == ("helpers.py", "tools.py")


def test_without_its_note_every_file_that_differs_is_the_users(tmp_path: Path) -> None:
    folder = install(tmp_path).folder
    (folder / ".installed.json").write_text("[1]", "utf-8")
    for name in ("tools.py", "helpers.py"):
        (folder / name).write_text("old = 1\n", "utf-8")

    with pytest.raises(Conflict) as refused:
        install(tmp_path)

    assert refused.value.why == "helpers.py, tools.py"


def test_a_place_where_no_folder_can_be_is_an_error_with_its_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    (tmp_path / "skills" / "parallel-agents" / "tools.py").mkdir(parents=True)

    with pytest.raises(InvalidInput, match="cannot be written"):
        install(tmp_path / "file")
    with pytest.raises(InvalidInput, match=r"tools\.py cannot be read"):
        install(tmp_path / "skills")
