"""Versions are written v3, and their files are known by what they contain."""

from __future__ import annotations

import pytest

from parallel_agents.agent_versions.record import Files, split_version, version_number
from parallel_agents.errors import InvalidInput


@pytest.mark.parametrize(("written", "number"), [("v3", 3), ("12", 12)])
def test_a_version_is_written_with_or_without_a_v(written: str, number: int) -> None:
    assert version_number(written) == number


@pytest.mark.parametrize("written", ["", "v0", "v-1", "../x", "latest", "v1\n", "1" * 20])
def test_anything_else_is_no_version(written: str) -> None:
    with pytest.raises(InvalidInput):
        version_number(written)


def test_a_name_may_have_a_version() -> None:
    assert split_version("writer@v3") == ("writer", 3)
    assert split_version("writer") == ("writer", None)


def test_files_are_the_same_if_both_texts_are() -> None:
    assert Files("a", "b").digest == Files("a", "b").digest
    assert Files("ab", "").digest != Files("a", "b").digest
