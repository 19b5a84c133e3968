"""A path names what the journal keeps of a run, and only that."""

from __future__ import annotations

import pytest

from parallel_agents.core.ids import RunId
from parallel_agents.core.kept_path import KeptPath, read_kept_path
from parallel_agents.core.kept_text import kept_path, line_at, lines_of, reads_kept
from parallel_agents.core.message import Place, ToolCall

RUN = RunId("1f0c2a34-8c1e-4a39-9f0e-0c4f5a2b7d11")


def test_a_path_is_read_as_it_is_written() -> None:
    path = kept_path(RUN, Place(3, 1))

    assert path == "@kept/1f0c2a34/turn-3/call/1"
    assert read_kept_path(path) == KeptPath("1f0c2a34", "turn-3/call/1")


@pytest.mark.parametrize(
    "path",
    [
        *("", "@kept", "@kept/", "@kept/1f0c2a34", "@kept/1f0c2a34/", "@kept//turn-3/call/1"),
        *("kept/1f0c2a34/turn-3/call/1", "a/@kept/1f0c2a34/x", "@kept/1/x", "/@kept/1f0c2a34/x"),
    ],
)
def test_any_other_path_is_one_of_a_file(path: str) -> None:
    assert read_kept_path(path) is None


def test_a_call_of_another_tool_reads_a_file() -> None:
    path = kept_path(RUN, Place(3, 1))

    assert reads_kept(ToolCall("1", "read_file", {"path": path}))
    assert not reads_kept(ToolCall("1", "write_file", {"path": path}))
    assert not reads_kept(ToolCall("1", "read_file", {"path": ["a"]}))


def test_a_long_line_is_read_as_several() -> None:
    text = f"one\n\n{'x' * 4_500}\nend"

    assert [len(line) for line in lines_of(text)] == [3, 0, 2_000, 2_000, 500, 3]
    assert "".join(lines_of("y" * 9_001)) == "y" * 9_001


@pytest.mark.parametrize("position", [0, 1, 3, 4, 5, 100, 2_100, 4_400, 4_510])
def test_a_line_is_the_one_that_has_a_position(position: int) -> None:
    text = f"one\n\n{'x' * 4_500}\nend"

    number = line_at(text, position)

    assert sum(len(line) for line in lines_of(text)[: number - 1]) <= position
