"""What a command waits for is said at a terminal, and only once it takes long."""

from __future__ import annotations

import asyncio
import io

import pytest

from parallel_agents.surfaces.cli.waited_for import waited_for
from tests.support.terminal_stream import TerminalStream


@pytest.mark.parametrize(
    ("kind", "seconds", "is_told"),
    [(TerminalStream, 2.0, True), (TerminalStream, 0.5, False), (io.StringIO, 2.0, False)],
)
async def test_a_wait_is_told_at_a_terminal_once_it_takes_long(
    kind: type[io.StringIO], seconds: float, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", err := kind())

    async with waited_for("for tea"):
        await asyncio.sleep(seconds)

    assert ("for tea" in err.getvalue()) is is_told
