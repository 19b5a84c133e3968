"""Cgroups are found where they can be written, and bound what they are asked to."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.sandbox.cgroup import Group, make_group, writable_groups


@pytest.mark.parametrize(
    "text", ["0::/user.slice/session-1.scope\n", "8:pids:/a\n4:memory:/b\n0::/\n", "nonsense", ""]
)
def test_a_folder_that_bounds_nothing_is_not_used(text: str, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.write_text(text)
    for place in ("user.slice/session-1.scope", "pids/a", "memory/b"):
        (tmp_path / place).mkdir(parents=True)

    assert writable_groups(tmp_path, own) == ()
    assert not list(tmp_path.rglob("pagents-*"))


def test_where_no_group_can_be_made_there_is_none(tmp_path: Path) -> None:
    assert make_group([tmp_path / "missing"], processes=10, memory=1) == Group()


def test_a_command_without_a_group_is_started_as_it_is() -> None:
    assert Group().joined(["true"]) == ["true"]


def test_a_command_with_groups_joins_them_all(tmp_path: Path) -> None:
    started = Group((tmp_path / "a", tmp_path / "b")).joined(["true"])

    assert started[3:] == [f"{tmp_path}/a {tmp_path}/b", "true"]
