"""Files are read in parts, and folders are listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.tool import ToolContext, ToolError
from parallel_agents.tools.files.reading import MOST_ENTRIES, list_files, read_file
from parallel_agents.tools.function import FunctionTool

pytestmark = pytest.mark.real_time


async def call(tool: FunctionTool, root: Path, **arguments: str | int) -> str:
    return await tool.call(arguments, ToolContext(SessionKey("s"), RunId("r"), cwd=str(root)))


async def test_a_file_is_read_with_line_ends_of_one_form(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"\xef\xbb\xbfa\r\nb\r\n")

    assert await call(read_file, tmp_path, path="f") == "a\nb"


async def test_a_long_file_is_read_in_parts_that_follow_each_other(tmp_path: Path) -> None:
    lines = [f"line {number} {'x' * 80}" for number in range(1, 5001)]
    (tmp_path / "f").write_text("\n".join(lines))
    read: list[str] = []
    offset: int | None = 1

    while offset is not None:
        *part, last = (await call(read_file, tmp_path, path="f", offset=offset)).split("\n")
        read += part
        offset = int(last.rpartition(" ")[2].rstrip("]")) if "read on" in last else None
        if offset is None:
            read.append(last)

    assert read == lines


async def test_a_long_line_is_cut_and_the_rest_is_told(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("x" * 10_000_000)

    text = await call(read_file, tmp_path, path="f")

    assert len(text) < 2100
    assert text.endswith("[the line goes on for 9,998,000 characters]")


async def test_an_empty_file_is_told_as_such(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("")

    assert await call(read_file, tmp_path, path="f") == "[f is empty]"


async def test_a_line_behind_the_end_is_refused(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("a\nb\n")

    with pytest.raises(ToolError, match="f has 2 lines; there is no line 3"):
        await call(read_file, tmp_path, path="f", offset=3)


async def test_a_folder_is_listed_to_a_depth(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "c.txt").write_text("")
    (tmp_path / ".git" / "objects").mkdir(parents=True)
    (tmp_path / "link").symlink_to("a")

    assert (await call(list_files, tmp_path)).split() == [".git/", "a/", "link"]
    assert (await call(list_files, tmp_path, depth=2)).split() == [
        ".git/",
        "a/",
        "a/b/",
        "a/c.txt",
        "link",
    ]


async def test_a_large_folder_is_listed_to_a_bound_that_is_told(tmp_path: Path) -> None:
    for number in range(MOST_ENTRIES + 1):
        (tmp_path / f"{number:05}").touch()

    assert (await call(list_files, tmp_path)).split("\n")[-1].startswith("[1,000 of more entries")


async def test_an_empty_folder_is_told_as_such(tmp_path: Path) -> None:
    assert await call(list_files, tmp_path) == "[. is empty]"
