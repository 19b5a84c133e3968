"""Whether a folder can be written is found out by trying it, and nothing is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.app.writable import why_unwritable


@pytest.mark.parametrize("within", ["", "not/there/yet"])
def test_a_folder_that_can_be_written_or_made_has_no_reason_against_it(
    tmp_path: Path, within: str
) -> None:
    assert why_unwritable(tmp_path / within) == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_nobody_can_make_says_which_folder_above_refuses() -> None:
    assert why_unwritable(Path("/proc/nowhere/in")).startswith("/proc: ")
