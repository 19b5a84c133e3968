"""Merges in which conflicts were resolved: only those, only as they were, and whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from parallel_agents.core.workspace_verbs import Conflicts
from parallel_agents.workspaces.entries import Entry, Mode
from parallel_agents.workspaces.foretold import Foretold
from parallel_agents.workspaces.resolving import Resolution
from parallel_agents.workspaces.returning import Merged, merge
from tests.integration.workspace_rig import Rig, Workspace, Written, state_of, write

BASE: dict[str, Written] = {
    "both.py": "a\nb\nc\n",
    "run.sh": {"text": "a\n", "mode": 0o755},
    "gone.py": "a\nb\n",
    "kept.py": "a\nb\n",
    "raw.bin": {"bytes": "00ff00"},
    "moved.py": "".join(f"{n}\n" for n in range(40)),
}
THEIRS: dict[str, Written] = {
    "both.py": "a\ntheirs\nc\n",
    "run.sh": {"text": "theirs\n", "mode": 0o755},
    "gone.py": False,
    "kept.py": "a\ntheirs\n",
    "raw.bin": {"bytes": "00ff01"},
    "new.py": "theirs\n",
    "alone.py": "theirs\n",
    "moved.py": "theirs\n" + "".join(f"{n}\n" for n in range(1, 40)),
}
MINE: dict[str, Written] = {
    "both.py": "a\nours\nc\n",
    "run.sh": {"text": "ours\n", "mode": 0o755},
    "gone.py": "a\nours\n",
    "kept.py": False,
    "raw.bin": {"bytes": "00ff02"},
    "new.py": "ours\n",
    "moved.py": False,
    "moved2.py": "ours\n" + "".join(f"{n}\n" for n in range(1, 40)),
}
ANSWERS: dict[str, bytes | None] = {
    "both.py": b"a\nours\ntheirs\nc\n",
    "run.sh": b"ours\ntheirs\n",
    "gone.py": None,
    "kept.py": b"a\ntheirs\n",
    "new.py": b"ours\ntheirs\n",
}


@pytest.fixture
def clashing(tmp_path: Path) -> tuple[Rig, Workspace]:
    rig = Rig(tmp_path)
    rig.commit(BASE)
    workspace = rig.make()
    write(workspace.files, THEIRS)
    write(rig.source, MINE)
    return rig, workspace


def answered(workspace: Workspace, foretold: Merged) -> dict[str, Resolution]:
    blobs = workspace.room.blobs
    found: dict[str, Resolution] = {}
    for path, content in ANSWERS.items():
        clash = foretold.clashes[path]
        after = None if content is None else Entry(clash.mode, blobs.add(content))
        found[path] = Resolution(clash, after)
    return found


def merged_by(
    workspace: Workspace,
    resolved: dict[str, Resolution] | None = None,
    conflicts: Conflicts = Conflicts.LEAVE,
) -> Merged:
    is_dry = resolved is None
    room, record = workspace.room, workspace.record
    return merge(
        room, record, conflicts, foretold=Foretold() if is_dry else None, resolved=resolved or {}
    )


def test_only_conflicts_within_one_file_can_be_resolved(clashing: tuple[Rig, Workspace]) -> None:
    _, workspace = clashing

    foretold = merged_by(workspace)

    assert foretold.clashes.keys() == ANSWERS.keys()
    assert {path for path, _ in foretold.conflicts} == {*ANSWERS, "raw.bin", "moved2.py"}
    assert foretold.clashes["run.sh"].mode is Mode.PROGRAM
    assert foretold.clashes["kept.py"].ours is None
    assert foretold.clashes["gone.py"].theirs is None


def test_resolved_files_are_merged_with_all_others_and_stay_merged(
    clashing: tuple[Rig, Workspace],
) -> None:
    rig, workspace = clashing
    resolved = answered(workspace, merged_by(workspace))

    merged = merged_by(workspace, resolved)
    again = merged_by(workspace, {})

    assert {path for path, _ in merged.conflicts} == {"raw.bin", "moved2.py"}
    assert set(merged.changed) == {*ANSWERS, "alone.py"}
    found = state_of(rig.source)
    assert {path: found[path][2] for path in ANSWERS if path in found} == {
        path: content for path, content in ANSWERS.items() if content is not None
    }
    assert found["run.sh"][1]
    assert again.changed == []
    assert {path for path, _ in again.conflicts} == {"raw.bin", "moved2.py"}


def test_what_is_not_resolved_gets_marks_if_asked_for(clashing: tuple[Rig, Workspace]) -> None:
    _, workspace = clashing
    resolved = answered(workspace, merged_by(workspace))

    merged = merged_by(workspace, resolved, Conflicts.MARKERS)

    assert set(merged.changed) == {*ANSWERS, "alone.py", "moved2.py"}
    assert {path for path, _ in merged.conflicts} == {"raw.bin", "moved2.py"}


def test_a_file_that_was_changed_meanwhile_stays_and_is_said(
    clashing: tuple[Rig, Workspace],
) -> None:
    rig, workspace = clashing
    resolved = answered(workspace, merged_by(workspace))
    write(rig.source, {"both.py": "a\nours, later\nc\n", "new.py": "theirs\n"})
    write(workspace.files, {"run.sh": {"text": "theirs, later\n", "mode": 0o755}})

    merged = merged_by(workspace, resolved)

    why = dict(merged.conflicts)
    assert why["both.py"] == why["run.sh"] == "it was changed while its conflict was resolved"
    assert "new.py" not in why
    assert (rig.source / "both.py").read_text() == "a\nours, later\nc\n"
    assert (rig.source / "run.sh").read_text() == "ours\n"
    assert (rig.source / "new.py").read_text() == "theirs\n"
