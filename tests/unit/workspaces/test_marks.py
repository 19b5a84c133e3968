"""A conflict is open for as long as a line of the marks that a merge wrote is in the file."""

from __future__ import annotations

import pytest

from parallel_agents.workspaces.marks import has_marks, is_in_conflict, label

OURS, THEIRS, BASE = "a" * 40, "b" * 40, "4e639c4"
OF_GIT = f"<<<<<<< {OURS}\nmine\n||||||| {BASE}\nold\n=======\nnew\n>>>>>>> {THEIRS}\n"
MARKED = label(OF_GIT.encode(), OURS, THEIRS)
LINES = MARKED.splitlines(keepends=True)
HEADING = b"Changes\n=======\n"


@pytest.mark.parametrize("kept", [0, 2, 4, 6])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_one_line_of_the_marks_that_is_left_keeps_a_conflict_open(kept: int, end: bytes) -> None:
    left = (b"mine\n" + LINES[kept] + b"new\n").replace(b"\n", end)

    assert is_in_conflict(left, b"old\n", b"new\n")


def test_a_text_without_marks_is_in_no_conflict() -> None:
    assert not is_in_conflict(b"mine\nnew\n| a | b |\n====\n", b"old\n", b"new\n")


@pytest.mark.parametrize(("base", "theirs"), [(HEADING, b""), (b"", HEADING)])
def test_a_heading_of_the_base_or_the_workspace_is_no_mark(base: bytes, theirs: bytes) -> None:
    assert not is_in_conflict(HEADING + b"mine\n", base, theirs)


def test_a_heading_of_the_source_is_no_mark_of_an_earlier_merge() -> None:
    assert not has_marks(HEADING, b"old\n")
    assert not has_marks(MARKED, MARKED)
