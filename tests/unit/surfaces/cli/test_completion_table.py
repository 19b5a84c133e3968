"""The table that a Tab reads has each command as it is."""

from __future__ import annotations

from parallel_agents.surfaces.cli.completion_table import table_text
from parallel_agents.surfaces.completion.answering import TABLE


def test_the_table_has_the_commands_as_they_are() -> None:
    hint = "write it anew: python -m parallel_agents.surfaces.cli.completion_table"

    assert TABLE.read_bytes() == table_text(), hint
