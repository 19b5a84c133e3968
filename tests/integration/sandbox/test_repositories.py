"""In a sandbox git can commit, also in a worktree, and what git obeys stays as it is."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from parallel_agents.errors import SandboxRefused
from tests.integration.sandbox.machine import inside, needs_sandbox

pytestmark = needs_sandbox

COMMIT = "echo new > new; git add new && git commit -qm second && git log --oneline | wc -l"


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=u", "-c", "user.email=u", "-c", "protocol.file.allow=always"]
    done = subprocess.run(
        [*command, *arguments], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "a project 🙂"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "file").write_text("one\n")
    git(folder, "add", "file")
    git(folder, "commit", "-qm", "first")
    return folder


async def test_a_command_can_commit(repository: Path) -> None:
    end = await inside(repository, COMMIT)

    assert end.output == "2\n"
    assert git(repository, "log", "-1", "--format=%an %s") == "agent second\n"
    assert git(repository, "status", "--short") == ""


async def test_a_command_can_commit_in_a_worktree(repository: Path, tmp_path: Path) -> None:
    worktree = tmp_path / "worktree"
    git(repository, "worktree", "add", "-q", "-b", "side", str(worktree))

    end = await inside(worktree, COMMIT)

    assert end.output == "2\n"
    assert git(repository, "log", "-1", "--format=%s", "side") == "second\n"
    assert git(repository, "status", "--short") == ""


async def test_a_command_can_commit_on_objects_that_are_borrowed(
    repository: Path, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--shared", str(repository), str(clone))

    end = await inside(clone, COMMIT)

    assert end.output == "2\n"
    assert git(clone, "status", "--short") == ""


@pytest.mark.parametrize(
    "change",
    [
        "echo {other} >> .git/objects/info/alternates",
        "mv .git/objects .git/o",
        "mv .git/objects/info .git/objects/i",
        "rm -r .git/objects/info",
    ],
)
async def test_a_command_does_not_choose_whose_objects_are_seen(
    change: str, repository: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    await inside(repository, change.replace("{other}", f"{other}/.git/objects"))

    end = await inside(repository, f"ls {other}/.git/objects && echo SEEN; true")

    assert "SEEN" not in end.output


@pytest.mark.parametrize(
    "change",
    [
        "git config core.fsmonitor x",
        "echo x > {main}/.git/hooks/pre-commit",
        "echo x > {main}/.git/HEAD",
        "echo gitdir: elsewhere > .git",
        "rm .git",
        "echo x > {main}/.git/worktrees/worktree/commondir",
        "echo x > {main}/.git/worktrees/worktree/gitdir",
    ],
)
async def test_a_worktree_cannot_change_what_its_repository_obeys(
    change: str, repository: Path, tmp_path: Path
) -> None:
    worktree = tmp_path / "worktree"
    git(repository, "worktree", "add", "-q", "-b", "side", str(worktree))
    script = change.replace("{main}", f'"{repository}"')

    end = await inside(worktree, f"{script} && echo CHANGED; true")

    assert "CHANGED" not in end.output


async def test_a_file_that_names_another_repository_opens_nothing(
    repository: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".git").write_text(f"gitdir: {repository}/.git\n")

    end = await inside(folder, f"ls '{repository}' && echo SEEN; true")

    assert "SEEN" not in end.output


async def test_a_forged_worktree_opens_nothing(tmp_path: Path) -> None:
    folder, secret = tmp_path / "folder", tmp_path / "secret"
    forged = folder / "forged" / "worktrees" / "x"
    forged.mkdir(parents=True)
    secret.mkdir()
    (secret / "key").write_text("SECRET")
    (folder / ".git").write_text(f"gitdir: {forged}\n")
    (forged / "gitdir").write_text(f"{folder}/.git\n")
    (forged / "commondir").write_text(f"{secret}\n")

    end = await inside(folder, f"cat '{secret}/key'; true")

    assert "SECRET" not in end.output


async def test_the_repositories_of_submodules_are_guarded(repository: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    outer.mkdir()
    git(outer, "init", "-q")
    git(outer, "submodule", "add", "-q", str(repository), "libs/inner")

    end = await inside(
        outer,
        "for f in config hooks/pre-commit; do echo x > .git/modules/libs/inner/$f && echo CHANGED; done;"
        " cd libs/inner && git config core.fsmonitor x && echo CHANGED; true",
    )

    assert "CHANGED" not in end.output
    assert "Read-only file system" in end.output


async def test_hooks_that_are_kept_in_the_folder_are_guarded(repository: Path) -> None:
    (repository / ".husky").mkdir()
    git(repository, "config", "core.hooksPath", ".husky")

    end = await inside(repository, "echo x > .husky/pre-commit && echo CHANGED; true")

    assert "CHANGED" not in end.output


async def test_what_leads_git_elsewhere_is_renamed_and_told(repository: Path) -> None:
    end = await inside(repository, "echo elsewhere > .git/commondir; echo x > .git/config.worktree")

    assert not (repository / ".git" / "commondir").exists()
    assert not (repository / ".git" / "config.worktree").exists()
    assert "[not allowed here, and renamed: " in end.output


async def test_no_stray_file_is_left_in_the_folder(repository: Path) -> None:
    before = names(repository)

    await inside(repository, "true", hides=lambda path: path == "no such file")

    assert names(repository) == before


async def test_a_repository_behind_a_link_is_refused(tmp_path: Path, repository: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / ".git").symlink_to(repository / ".git")

    with pytest.raises(SandboxRefused, match=r"\.git is a link"):
        await inside(folder, "true")


async def test_a_folder_that_holds_a_home_is_refused() -> None:
    with pytest.raises(SandboxRefused, match="not given to a sandbox"):
        await inside(Path.home(), "true")


async def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SandboxRefused, match="there is no folder"):
        await inside(tmp_path / "missing", "true")
