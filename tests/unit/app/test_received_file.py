"""Results from a distance replace those of the same map, whole, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.app.received_file import ReceivedFile, is_of_map
from parallel_agents.errors import InvalidInput

LINE = b'{"row":1,"columns":{},"status":"done","output":1,"session_key":"a"}\n'


def test_the_file_of_before_stays_until_there_is_as_much(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(LINE * 2)

    with ReceivedFile(out) as file:
        file.write(LINE)
        before = out.read_bytes()
        file.write(LINE)
        file.write(LINE)
        after = out.read_bytes()

    assert (before, after) == (LINE * 2, LINE * 3)
    assert [each.name for each in tmp_path.iterdir()] == ["out.jsonl"]


def test_what_is_broken_off_early_changes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_bytes(LINE * 2)

    def receive() -> None:
        with ReceivedFile(out) as file:
            file.write(LINE)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        receive()

    assert out.read_bytes() == LINE * 2
    assert [each.name for each in tmp_path.iterdir()] == ["out.jsonl"]


@pytest.mark.parametrize(
    ("name", "content", "is_there", "expected"),
    [
        ("a.jsonl", LINE, True, True),
        ("a.jsonl", LINE, False, False),
        ("a.jsonl", b"precious\n", True, False),
        ("a.jsonl", b"", False, True),
        ("a.csv", b"id,status,output,error\n", True, True),
        ("a.csv", b"id,name\n", True, False),
    ],
)
def test_a_file_of_something_else_is_not_replaced(
    tmp_path: Path, name: str, content: bytes, *, is_there: bool, expected: bool
) -> None:
    (tmp_path / name).write_bytes(content)

    assert is_of_map(tmp_path / name, is_there=is_there) is expected


def test_a_folder_and_a_place_that_cannot_be_written_are_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    assert is_of_map(tmp_path / "none.jsonl", is_there=False)
    with pytest.raises(InvalidInput, match="cannot be written"):
        is_of_map(tmp_path, is_there=True)
    with (
        pytest.raises(InvalidInput, match="cannot be written"),
        ReceivedFile(tmp_path / "file" / "a.jsonl"),
    ):
        pass
