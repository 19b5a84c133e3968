"""What a command waits for is said at a terminal, and only once it takes long."""

from __future__ import annotations

import asyncio
import io

import pytest
from typing_extensions import override

from parallel_agents.surfaces.cli.waited_for import waited_for


class Terminal(io.StringIO):
    @override
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("kind", "seconds", "is_told"),
    [(Terminal, 2.0, True), (Terminal, 0.5, False), (io.StringIO, 2.0, False)],
)
async def test_a_wait_is_told_at_a_terminal_once_it_takes_long(
    kind: type[io.StringIO], seconds: float, is_told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr", err := kind())

    async with waited_for("for tea"):
        await asyncio.sleep(seconds)

    assert ("for tea" in err.getvalue()) is is_told
