"""What a person saved in the editor is lost in no case: the next edit begins with it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from parallel_agents.errors import InvalidFile, InvalidInput
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
        file = tmp_path / "file"
        if not file.exists():
            file.write_text("first\n", "utf-8")
        variables = {"EDITOR": str(editor)}
        return edit_file(tmp_path / "draft", file, file.read_text("utf-8"), variables, check)

    return edit


def test_an_edit_begins_with_what_was_saved_and_refused(edit: Edit, tmp_path: Path) -> None:
    for script in ('echo "wrong, my hour of work" > "$1"', "exit 0"):
        with pytest.raises(InvalidFile):
            edit(script)
    mended = edit("""sed -i 's/wrong/right/' "$1" """)

    assert (tmp_path / "seen").read_text("utf-8") == "wrong, my hour of work\n"
    assert mended == "right, my hour of work\n"


def test_a_file_that_was_changed_since_is_not_written_over(edit: Edit, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile):
        edit('echo "wrong, my hour of work" > "$1"')
    (tmp_path / "file").write_text("typed by hand\n", "utf-8")
    os.utime(tmp_path / "draft", ns=(0, 0))
    edited = edit('echo more >> "$1"')

    assert edited == "typed by hand\nmore\n"
    kept = (tmp_path / "draft.older").read_text("utf-8")
    assert kept == "wrong, my hour of work\n"


def test_an_editor_that_was_left_without_saving_leaves_no_draft(edit: Edit, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="exit code 1"):
        edit("exit 1")
    assert not (tmp_path / "draft").exists()


def test_a_file_that_is_left_as_it_was_is_not_written(edit: Edit, tmp_path: Path) -> None:
    assert edit("exit 0") is None
    assert (tmp_path / "seen").read_text("utf-8") == "first\n"
