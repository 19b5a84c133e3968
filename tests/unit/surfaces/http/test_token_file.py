"""Token file: one token for all who start at once, which only its user can read."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from parallel_agents.errors import ConfigError
from parallel_agents.surfaces.http.token_file import own_token, replace_token


def test_a_token_stays_the_same_and_is_private(tmp_path: Path) -> None:
    file = tmp_path / "home" / "token"

    first = own_token(file)

    assert own_token(file) == first
    assert len(first) >= 40
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [each.name for each in file.parent.iterdir()] == ["token"]


def test_of_several_starts_at_once_all_have_the_same_token(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = set(pool.map(own_token, [tmp_path / "token"] * 32))

    assert len(found) == 1


def test_a_new_token_replaces_the_old_one(tmp_path: Path) -> None:
    before = own_token(tmp_path / "token")

    replace_token(tmp_path / "token")

    assert own_token(tmp_path / "token") != before


def test_a_file_that_others_could_read_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("x" * 40)
    file.chmod(0o644)

    own_token(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("content", ["", "short", "with blank in the middle of it"])
def test_a_file_without_a_token_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "token").write_text(content)

    with pytest.raises(ConfigError, match="holds no token"):
        own_token(tmp_path / "token")


def test_a_pipe_in_the_place_of_a_token_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token")

    with pytest.raises(ConfigError, match="is not a file"):
        own_token(tmp_path / "token")
