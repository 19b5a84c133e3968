"""A worker that has been started holds its lock until it is at work, and so can be told from a missing one."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.app.workers import is_starting
from parallel_agents.lock import hold


@pytest.mark.parametrize(
    ("name", "is_worker"),
    [
        ("worker.lock", True),
        ("worker-0123456789abcdef.lock", True),
        ("worker-health.json.lock", False),
    ],
)
async def test_a_worker_starts_while_its_lock_is_held(
    tmp_path: Path, name: str, is_worker: bool
) -> None:
    async with hold(tmp_path / name):
        while_held = is_starting(tmp_path)

    assert while_held is is_worker
    assert not is_starting(tmp_path)


def test_in_a_home_without_a_lock_no_worker_starts_and_no_file_is_made(tmp_path: Path) -> None:
    assert not is_starting(tmp_path)
    assert [*tmp_path.iterdir()] == []
