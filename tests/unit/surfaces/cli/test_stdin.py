from __future__ import annotations

import io
import sys

import pytest

from parallel_agents.errors import NothingOnStdin
from parallel_agents.surfaces.cli.stdin import read_stdin


def test_stdin_is_read_up_to_one_byte_more_than_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"abcdef")))

    assert read_stdin(3) == b"abcd"


def test_stdin_is_not_read_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"abc")))
    read_stdin(10)

    with pytest.raises(NothingOnStdin, match="stdin was read before"):
        read_stdin(10)


def test_empty_stdin_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))

    with pytest.raises(NothingOnStdin, match="stdin is empty"):
        read_stdin(10)
