from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.chat_files import read_mentions


def test_a_path_adds_the_text_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "my notes.txt"
    file.write_text("buy tea")

    found = read_mentions(f'What is in @"{file}"?')

    assert found.text == f'What is in @"{file}"?\n\nFile my notes.txt:\n```\nbuy tea\n```'
    assert found.files == ()


def test_an_image_is_shown(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))

    found = read_mentions(f"See @{image}.")

    assert found.text == f"See @{image}."
    assert [file.path for file in found.files] == [str(image)]


@pytest.mark.parametrize("text", ["ask @ana about it", "mail bob@example.com", "at @ noon"])
def test_what_is_no_path_stays_as_it_is(text: str) -> None:
    assert read_mentions(text) == (text, ())


def test_two_signs_are_one() -> None:
    assert read_mentions("npm i @@types/node").text == "npm i @types/node"


def test_a_path_to_no_file_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"no file 'notes/none\.md'"):
        read_mentions("read @notes/none.md")
