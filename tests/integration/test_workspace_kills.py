"""A kill -9 while a workspace is made or merged: nothing is half there once it is done again."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from parallel_agents.workspaces.applying import Journal, apply
from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.entries import Entry, Mode
from parallel_agents.workspaces.merging import Step
from tests.integration.workspace_rig import Rig, Written, git, state_of, write

PROGRAM = Path(__file__).with_name("merging_program.py")
PATIENCE_SECONDS = 30
FILES = 300


def started(what: str, rig: Rig) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(PROGRAM), what, str(rig.home), str(rig.source)]
    return subprocess.Popen(command)


def kill_once(process: subprocess.Popen[bytes], folder: Path, files: int) -> None:
    """Kill the process once it has written some files."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while process.poll() is None and sum(1 for _ in folder.glob("new-*")) < files:
        assert time.monotonic() < deadline
    process.kill()
    process.wait()


@pytest.mark.parametrize("after", [1, 40, 150])
def test_a_merge_that_was_killed_goes_on(tmp_path: Path, after: int) -> None:
    rig = Rig(tmp_path)
    rig.commit({f"old-{n}": f"{n}\n" for n in range(FILES)})
    workspace = rig.make()
    made: dict[str, Written] = {f"new-{n}": f"{n}\n" for n in range(FILES)}
    changed: dict[str, Written] = {f"old-{n}": f"theirs {n}\n" for n in range(0, FILES, 2)}
    gone: dict[str, Written] = {f"old-{n}": False for n in range(1, FILES, 2)}
    write(workspace.files, {**made, **changed, **gone})
    kill_once(started("merge", rig), rig.source, after)

    merged = workspace.merge()

    expected = state_of(workspace.files)
    assert state_of(rig.source) == expected
    assert merged.conflicts == []
    assert workspace.merge().changed == []


@pytest.mark.parametrize("after", [1, 40])
def test_a_merge_with_resolved_conflicts_that_was_killed_goes_on(
    tmp_path: Path, after: int
) -> None:
    rig = Rig(tmp_path)
    rig.commit({f"old-{n}": f"{n}\n" for n in range(50)})
    workspace = rig.make()
    write(workspace.files, {f"old-{n}": f"theirs {n}\n" for n in range(50)})
    write(workspace.files, {f"new-{n}": f"{n}\n" for n in range(50)})
    write(rig.source, {f"old-{n}": f"ours {n}\n" for n in range(50)})
    kill_once(started("resolve", rig), rig.source, after)

    merged = workspace.merge()

    assert {(rig.source / f"old-{n}").read_text() for n in range(50)} == {"resolved\n"}
    assert sum(1 for _ in rig.source.glob("new-*")) == 50
    assert merged.conflicts == []
    assert workspace.merge().changed == []


@pytest.mark.parametrize("after", [1, 100])
def test_a_workspace_whose_making_was_killed_is_made_anew(tmp_path: Path, after: int) -> None:
    rig = Rig(tmp_path)
    rig.commit({f"new-{n}": f"{n}\n" * 100 for n in range(3_000)})
    folder = rig.home / "workspaces/coder-one/work/source"
    kill_once(started("make", rig), folder, after)

    workspace = rig.make()

    assert state_of(workspace.files) == state_of(rig.source)
    assert git(workspace.files, "status", "--porcelain") == ""


OLD, NEW, USERS = b"old\n", b"new\n", b"of the user\n"


@pytest.mark.parametrize(
    ("there", "beside", "after", "is_left"),
    [
        (OLD, None, NEW, False),
        (OLD, b"ne", NEW, False),
        (OLD, NEW, NEW, False),
        (NEW, OLD, NEW, False),
        (NEW, USERS, USERS, True),
        (USERS, NEW, USERS, True),
        (USERS, None, USERS, True),
    ],
    ids=[
        "before it began",
        "while it wrote the new version",
        "before the exchange",
        "after the exchange",
        "after an exchange with what the user just saved",
        "the user saved before the exchange",
        "the user saved long ago",
    ],
)
def test_a_change_is_whole_wherever_it_was_broken_off(
    tmp_path: Path, there: bytes, beside: bytes | None, after: bytes, is_left: bool
) -> None:
    blobs = Blobs(tmp_path / "base.git")
    blobs.make([], b"")
    step = Step("f.txt", Entry(Mode.FILE, blobs.add(OLD)), Entry(Mode.FILE, blobs.add(NEW)))
    source = tmp_path / "source"
    source.mkdir()
    (source / "f.txt").write_bytes(there)
    if beside is not None:
        (source / ".f.txt.mark").write_bytes(beside)

    left = apply(blobs, source, [step], "mark")

    assert (source / "f.txt").read_bytes() == after
    assert [conflict.path for conflict in left] == (["f.txt"] if is_left else [])
    assert not (source / ".f.txt.mark").exists()


@pytest.mark.parametrize(
    ("there", "beside", "after"),
    [(OLD, None, None), (None, OLD, None), (None, USERS, USERS), (USERS, None, USERS)],
    ids=[
        "before it began",
        "after the rename",
        "the user saved in that moment",
        "changed long ago",
    ],
)
def test_a_removal_is_whole_wherever_it_was_broken_off(
    tmp_path: Path, there: bytes | None, beside: bytes | None, after: bytes | None
) -> None:
    blobs = Blobs(tmp_path / "base.git")
    blobs.make([], b"")
    source = tmp_path / "source"
    source.mkdir()
    for name, content in (("f.txt", there), (".f.txt.mark", beside)):
        if content is not None:
            (source / name).write_bytes(content)

    apply(blobs, source, [Step("f.txt", Entry(Mode.FILE, blobs.add(OLD)), None)], "mark")

    found = (source / "f.txt").read_bytes() if (source / "f.txt").exists() else None
    assert found == after
    assert not (source / ".f.txt.mark").exists()


def test_a_merge_whose_journal_is_left_says_that_it_was_finished_first(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.commit({"a.txt": "1\n"})
    workspace = rig.make()
    write(workspace.files, {"a.txt": "2\n"})
    blobs = workspace.room.blobs
    step = Step("a.txt", Entry(Mode.FILE, blobs.add(b"1\n")), Entry(Mode.FILE, blobs.add(b"2\n")))
    Journal(workspace.room.folder).write(rig.source, [step])

    merged = workspace.merge()

    assert merged.was_broken_off
    assert (rig.source / "a.txt").read_text() == "2\n"
