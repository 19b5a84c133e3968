"""Cgroups are found where they can be written, and bound what they are asked to."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.core.command_limits import LimitName
from parallel_agents.sandbox.cgroup import Group, bound, make_group, writable_groups


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


@pytest.mark.parametrize(
    ("files", "written"),
    [
        (
            ["pids.max", "memory.max", "memory.swap.max"],
            {"pids.max": "9", "memory.max": "104857600", "memory.swap.max": "0"},
        ),
        (
            ["memory.limit_in_bytes", "memory.memsw.limit_in_bytes", "memory.swappiness"],
            {
                "memory.limit_in_bytes": "104857600",
                "memory.memsw.limit_in_bytes": "104857600",
                "memory.swappiness": "",
            },
        ),
        (  # a kernel that does not count swap
            ["memory.limit_in_bytes", "memory.swappiness"],
            {"memory.limit_in_bytes": "104857600", "memory.swappiness": "0"},
        ),
    ],
)
def test_memory_is_bounded_with_its_swap_in_both_versions(
    files: list[str], written: dict[str, str], tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).touch()

    held = bound(tmp_path, processes=9, memory=100)

    assert {name: (tmp_path / name).read_text() for name in files} == written
    assert held == {LimitName.MEMORY, *([LimitName.PROCESSES] if "pids.max" in files else [])}


def test_a_bound_that_the_kernel_does_not_take_is_not_held(tmp_path: Path) -> None:
    for name in ("pids.max", "memory.max"):
        (tmp_path / name).mkdir()  # it cannot be written

    assert bound(tmp_path, processes=9, memory=100) == frozenset()


@pytest.mark.parametrize(
    ("limit", "name", "text", "hits"),
    [
        (LimitName.MEMORY, "memory.events", "low 0\nmax 12\noom 3\noom_kill 2\n", 2),
        (
            LimitName.MEMORY,
            "memory.oom_control",
            "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n",
            1,
        ),
        (LimitName.PROCESSES, "pids.events", "max 5\n", 5),
        (LimitName.PROCESSES, "other", "max 5\n", 0),
    ],
)
def test_how_often_a_limit_was_hit_is_counted_by_the_kernel(
    limit: LimitName, name: str, text: str, hits: int, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)

    assert Group((tmp_path,)).hits(limit) == hits
