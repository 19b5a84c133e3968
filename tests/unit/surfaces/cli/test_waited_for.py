"""What a command waits for is said at a terminal, and only once it takes long."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

import pytest

from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.waited_for import waited_for


@pytest.mark.parametrize(
    ("is_terminal", "seconds", "expected"),
    [(True, 2.0, ["for tea"]), (True, 0.5, []), (False, 2.0, [])],
)
async def test_a_wait_is_told_at_a_terminal_once_it_takes_long(
    is_terminal: bool, seconds: float, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told = list[str]()
    monkeypatch.setattr(render, "err", lambda: SimpleNamespace(is_terminal=is_terminal))
    monkeypatch.setattr(render, "note", told.append)

    async with waited_for("for tea"):
        await asyncio.sleep(seconds)

    assert told == expected
