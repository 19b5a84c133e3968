"""A new file is there as a whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.surfaces.cli.templates import write_new


def test_a_file_that_could_not_be_written_does_not_stay(tmp_path: Path) -> None:
    target = tmp_path / "agent.md"

    with pytest.raises(ValueError, match="surrogates"):
        write_new(target, "a\ud800", hint="")
    write_new(target, "a", hint="")

    assert target.read_text() == "a"
    with pytest.raises(InvalidInput, match="exists already"):
        write_new(target, "b", hint="")
