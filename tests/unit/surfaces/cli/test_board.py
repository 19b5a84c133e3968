"""The file of a board is found by its name, whatever the name is, and read whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import InvalidInput, NotFound
from parallel_agents.surfaces.cli.board import board


def test_a_name_that_no_file_can_have_is_not_a_board(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        board("a" * 300, home=tmp_path)


def test_what_is_not_a_file_is_not_offered_as_a_board(tmp_path: Path) -> None:
    (tmp_path / "boards" / "nightly.toml").mkdir(parents=True)

    with pytest.raises(NotFound) as refused:
        board("nightly", home=tmp_path)

    assert "nightly" not in refused.value.hint


def test_a_large_board_is_refused_and_not_cut(tmp_path: Path) -> None:
    (tmp_path / "boards").mkdir()
    first = '[[tiles]]\ntitle = "x"\nmetric = "cost"\n'
    (tmp_path / "boards" / "nightly.toml").write_text(
        f'title = "t"\n{first}#{"x" * 100_000}\n{first}'
    )

    with pytest.raises(InvalidInput, match="larger than 100 kB"):
        board("nightly", home=tmp_path)
