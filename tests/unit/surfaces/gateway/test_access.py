"""Access: the token that reads is never the one that may do everything."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import ConfigError
from parallel_agents.surfaces.gateway.access import (
    OPERATE_NAME,
    READ_NAME,
    Access,
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
