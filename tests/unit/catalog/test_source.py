from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.catalog.source import MAX_BYTES, read_source
from parallel_agents.errors import InvalidFile


def written(folder: Path, content: bytes) -> Path:
    file = folder / "writer.md"
    file.write_bytes(content)
    return file


def refusal(file: Path) -> InvalidFile:
    with pytest.raises(InvalidFile) as caught:
        read_source(file)
    return caught.value


def test_line_ends_and_a_byte_order_mark_of_other_systems_are_read_alike(tmp_path: Path) -> None:
    file = written(tmp_path, b"\xef\xbb\xbfone\r\ntwo\rthree\n")

    assert read_source(file).text == "one\ntwo\nthree\n"


def test_a_file_in_another_encoding_is_refused_on_the_line_of_the_first_odd_byte(
    tmp_path: Path,
) -> None:
    file = written(tmp_path, b"one\ntwo\nthr\xe9e\n")

    error = refusal(file)

    assert error.message == f"{file}:3: byte 0xe9 is not UTF-8"
    assert error.hint == "save the file as UTF-8"


def test_a_control_character_is_refused_on_its_line(tmp_path: Path) -> None:
    file = written(tmp_path, b"one\ntwo\x00\n")

    assert refusal(file).message.startswith(f"{file}:2: character U+0000 ")


def test_a_file_is_read_up_to_256_kb_and_refused_above(tmp_path: Path) -> None:
    file = written(tmp_path, b"x" * MAX_BYTES)
    assert len(read_source(file).text) == MAX_BYTES

    file = written(tmp_path, b"x" * (MAX_BYTES + 1))

    assert refusal(file).message == f"{file}: larger than 256 KB"


@pytest.mark.parametrize("name", ["missing.md", ".", "nul\0.md"])
def test_an_unreadable_file_is_refused_with_the_reason(tmp_path: Path, name: str) -> None:
    file = tmp_path / name

    error = refusal(file)

    assert error.message == f"{file}: cannot be read"
    assert error.why
