"""What a person saved in the editor is lost in no case: the next edit begins with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from parallel_agents.errors import InvalidFile
from parallel_agents.surfaces.cli.editor import edit_file

Edit = Callable[[str], str | None]


def check(text: str) -> None:
    if "wrong" in text:
        raise InvalidFile("the file is wrong")


@pytest.fixture
def edit(tmp_path: Path) -> Edit:
    def edit(script: str) -> str | None:
        editor = tmp_path / "editor.sh"
        editor.write_text(f'#!/bin/sh\ncat "$1" > {tmp_path}/seen\n{script}\n', "utf-8")
        editor.chmod(0o700)
        return edit_file(tmp_path / "draft", "first\n", {"EDITOR": str(editor)}, check)

    return edit


def test_an_edit_begins_with_what_was_saved_and_refused(edit: Edit, tmp_path: Path) -> None:
    for script in ('echo "wrong, my hour of work" > "$1"', "exit 0"):
        with pytest.raises(InvalidFile):
            edit(script)
    mended = edit("""sed -i 's/wrong/right/' "$1" """)

    assert (tmp_path / "seen").read_text("utf-8") == "wrong, my hour of work\n"
    assert mended == "right, my hour of work\n"


def test_a_file_that_is_left_as_it_was_is_not_written(edit: Edit, tmp_path: Path) -> None:
    assert edit("exit 0") is None
    assert (tmp_path / "seen").read_text("utf-8") == "first\n"
