"""The files of a case are committed, and its changes are not."""

from __future__ import annotations

from pathlib import Path

from parallel_agents.cases.workspace import make_workspace, remove_workspace
from parallel_agents.core.case import Case
from parallel_agents.core.gate import RegexGate
from parallel_agents.git import Git

CASE = Case(
    id="one",
    text="Review.",
    checks=(RegexGate(pattern="a"),),
    files={"src/a.txt": "old\n", ".gitignore": "b.txt\n", "b.txt": "kept"},
    changed={"src/a.txt": "new\n"},
)


async def test_the_files_are_committed_and_the_changes_are_not(tmp_path: Path) -> None:
    folder = tmp_path / "test" / "one"

    await make_workspace(folder, CASE)

    git = Git(folder)
    assert git.text("show", "HEAD:src/a.txt") == "old"
    assert git.text("show", "HEAD:b.txt") == "kept"
    assert (folder / "src" / "a.txt").read_text("utf-8") == "new\n"


async def test_a_workspace_that_was_left_half_made_is_made_anew(tmp_path: Path) -> None:
    folder = tmp_path / "test" / "one"
    folder.mkdir(parents=True)
    (folder / "left.txt").write_text("left", "utf-8")

    await make_workspace(folder, CASE)

    assert not (folder / "left.txt").exists()


async def test_the_last_workspace_of_a_test_takes_its_folder_along(tmp_path: Path) -> None:
    one, other = tmp_path / "test" / "one", tmp_path / "test" / "other"
    for folder in (one, other):
        await make_workspace(folder, CASE)

    remove_workspace(one)
    assert other.exists()
    remove_workspace(other)
    assert not (tmp_path / "test").exists()
