"""Access: the token that reads is never the one that may do everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import ConfigError
from parallel_agents.surfaces.gateway.access import (
    OPERATE_NAME,
    READ_NAME,
    Access,
    HomeTokens,
    replace_tokens,
    tokens_of,
)


def test_each_token_has_its_own_access(tmp_path: Path) -> None:
    tokens = tokens_of(tmp_path, only_reads=False)

    assert tokens.access_of(tokens.operate) is Access.OPERATE
    assert tokens.access_of(tokens.read) is Access.READ
    assert tokens.access_of("") is None


def test_two_files_with_one_token_are_refused(tmp_path: Path) -> None:
    tokens_of(tmp_path, only_reads=False)
    (tmp_path / READ_NAME).write_bytes((tmp_path / OPERATE_NAME).read_bytes())

    with pytest.raises(ConfigError, match="hold the same token"):
        tokens_of(tmp_path, only_reads=False)

    replace_tokens(tmp_path)
    assert tokens_of(tmp_path, only_reads=False)


def test_a_token_that_was_replaced_gives_access_to_nothing(tmp_path: Path) -> None:
    tokens = HomeTokens(tmp_path, only_reads=False)
    old = tokens.current

    replace_tokens(tmp_path)

    assert (tokens.access_of(old.operate), tokens.access_of(old.read)) == (None, None)
    assert tokens.access_of((tmp_path / OPERATE_NAME).read_text()) is Access.OPERATE


def test_tokens_stay_while_their_files_cannot_be_read(tmp_path: Path) -> None:
    tokens = HomeTokens(tmp_path, only_reads=True)
    (tmp_path / READ_NAME).write_text("short")

    assert tokens.access_of(tokens.current.operate) is Access.READ
    assert (tmp_path / READ_NAME).read_text() == "short"
