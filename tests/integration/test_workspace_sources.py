"""Workspaces of real repositories in every state, and of folders: what is in them, and what stays untouched."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from parallel_agents.errors import WorkspaceError
from parallel_agents.workspaces.comparing import changes_of
from parallel_agents.workspaces.limits import Limits
from tests.integration.workspace_rig import Rig, Workspace, git, state_of, write


def changes(workspace: Workspace) -> set[str]:
    found = changes_of(workspace.room, workspace.record, workspace.room.read_base())
    return set(found)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    rig.commit({"a.txt": "1\n", ".gitignore": "*.log\nbuild/\n"})
    return rig


def test_a_workspace_has_what_is_changed_new_and_not_ignored(rig: Rig) -> None:
    write(rig.source, {"a.txt": "dirty\n", "new.txt": "n\n", "x.log": "l\n", "build/o": "o\n"})

    workspace = rig.make()

    assert sorted(state_of(workspace.files)) == [".gitignore", "a.txt", "new.txt"]
    assert (workspace.files / "a.txt").read_text() == "dirty\n"
    assert changes(workspace) == set()


def test_making_one_touches_nothing_of_the_source(rig: Rig) -> None:
    write(rig.source, {"a.txt": "staged\n"})
    git(rig.source, "add", "a.txt")
    write(rig.source, {"a.txt": "dirty\n", "new.txt": "n\n"})
    git(rig.source, "stash", "push", "-q", "--include-untracked")
    git(rig.source, "stash", "apply", "-q", "--index")
    before = {path: path.read_bytes() for path in rig.source.rglob("*") if path.is_file()}

    workspace = rig.make()
    write(workspace.files, {"a.txt": "theirs\n"})
    git(workspace.files, "add", "-A")
    git(workspace.files, "commit", "-q", "-m", "theirs")
    git(workspace.files, "branch", "theirs")
    git(workspace.files, "stash", "clear")

    after = {path: path.read_bytes() for path in rig.source.rglob("*") if path.is_file()}
    assert after == before


def test_commits_in_a_workspace_hide_no_change(rig: Rig) -> None:
    workspace = rig.make()
    write(workspace.files, {"a.txt": "2\n"})
    git(workspace.files, "commit", "-q", "-a", "-m", "theirs")

    assert changes(workspace) == {"a.txt"}


def test_a_workspace_has_the_history_the_branches_and_no_remote(rig: Rig) -> None:
    git(rig.source, "branch", "other")
    git(rig.source, "remote", "add", "origin", "https://example.org/x.git")

    workspace = rig.make()

    assert git(workspace.files, "log", "--format=%s").strip() == "Work"
    assert git(workspace.files, "branch", "--list").split() == ["*", "main", "other"]
    assert git(workspace.files, "remote") == ""


def test_the_index_of_a_workspace_is_that_of_the_source(rig: Rig) -> None:
    write(rig.source, {"a.txt": "staged\n", "new.txt": "n\n"})
    git(rig.source, "add", "-A")
    write(rig.source, {"a.txt": "dirty\n"})
    shown = git(rig.source, "status", "--porcelain")

    workspace = rig.make()

    assert git(workspace.files, "status", "--porcelain") == shown


def test_nothing_of_the_repository_runs(rig: Rig, tmp_path: Path) -> None:
    traps = tmp_path / "traps"
    trap = f"touch {traps}; exit 1"
    hooks = {
        f".git/hooks/{name}": {"text": f"#!/bin/sh\n{trap}\n", "mode": 0o755}
        for name in ("post-checkout", "post-index-change", "reference-transaction", "pre-commit")
    }
    write(rig.source, hooks)
    for name in ("core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "diff.external"):
        git(rig.source, "config", name, f"sh -c '{trap}'")
    for side in ("smudge", "clean", "process"):
        git(rig.source, "config", f"filter.evil.{side}", f"sh -c '{trap}'")
    git(rig.source, "config", "merge.evil.driver", f"sh -c '{trap}'")
    git(rig.source, "config", "diff.evil.textconv", f"sh -c '{trap}'")
    write(rig.source, {".gitattributes": "* filter=evil merge=evil diff=evil\n"})
    write(rig.source, {"b.txt": "1\n2\n3\n4\n5\n"})

    workspace = rig.make()
    write(
        workspace.files, {"b.txt": "one\n2\n3\n4\n5\n", ".git/config": "[core]\n\tfsmonitor = x\n"}
    )
    write(rig.source, {"b.txt": "1\n2\n3\n4\nfive\n"})
    merged = workspace.merge()

    assert merged.changed == ["b.txt"]
    assert not traps.exists()


def test_a_repository_without_a_commit(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    write(rig.source, {"a.txt": "1\n"})

    workspace = rig.make()
    write(workspace.files, {"a.txt": "2\n", "b.txt": "b\n"})

    assert workspace.record.commit == ""
    assert sorted(workspace.merge().changed) == ["a.txt", "b.txt"]
    git(workspace.files, "add", "-A")
    git(workspace.files, "commit", "-q", "-m", "first")


def test_a_detached_head(rig: Rig) -> None:
    git(rig.source, "checkout", "-q", "--detach")

    workspace = rig.make()

    assert git(workspace.files, "status", "--porcelain") == ""
    assert git(workspace.files, "rev-parse", "HEAD") == git(rig.source, "rev-parse", "HEAD")


def test_a_worktree_as_the_source(rig: Rig, tmp_path: Path) -> None:
    tree = tmp_path / "tree 🌳"
    git(rig.source, "worktree", "add", "-q", "-b", "feature", str(tree))
    write(tree, {"a.txt": "of the tree\n"})

    workspace = rig.make(folder=tree)
    write(workspace.files, {"b.txt": "b\n"})
    workspace.merge()

    assert git(workspace.files, "branch", "--show-current").strip() == "feature"
    assert (workspace.files / "a.txt").read_text() == "of the tree\n"
    assert (tree / "b.txt").exists()
    assert not (rig.source / "b.txt").exists()


def test_a_folder_in_a_repository_is_worked_on_with_the_whole_repository(rig: Rig) -> None:
    rig.commit({"src/x.py": "x\n"})

    workspace = rig.make(folder=rig.source / "src")

    assert workspace.record.below == "src"
    assert (workspace.files / "a.txt").exists()


def test_an_ignored_folder_in_a_repository_is_a_folder_of_its_own(rig: Rig) -> None:
    write(rig.source, {"build/o": "o\n"})

    workspace = rig.make(folder=rig.source / "build")

    assert list(state_of(workspace.files)) == ["o"]
    assert not workspace.record.is_repository


def test_submodules_come_with_their_files(rig: Rig, tmp_path: Path) -> None:
    part = Rig(tmp_path / "part")
    part.commit({"p.txt": "p\n", ".gitignore": "*.o\n"})
    git(rig.source, "submodule", "--quiet", "add", str(part.source), "sub")
    git(rig.source, "commit", "-q", "-m", "sub")
    write(rig.source, {"sub/new.txt": "n\n", "sub/x.o": "o\n"})

    workspace = rig.make()
    write(workspace.files, {"sub/p.txt": "theirs\n"})
    merged = workspace.merge()

    assert sorted(path.name for path in (workspace.files / "sub").iterdir()) == [
        ".gitignore",
        "new.txt",
        "p.txt",
    ]
    assert merged.changed == ["sub/p.txt"]
    assert (rig.source / "sub/p.txt").read_text() == "theirs\n"


def test_a_submodule_that_was_not_fetched(rig: Rig, tmp_path: Path) -> None:
    part = Rig(tmp_path / "part")
    part.commit({"p.txt": "p\n"})
    git(rig.source, "submodule", "--quiet", "add", str(part.source), "sub")
    git(rig.source, "commit", "-q", "-m", "sub")
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", str(rig.source), str(clone))

    workspace = rig.make(folder=clone)

    assert git(workspace.files, "status", "--porcelain") == ""
    assert changes(workspace) == set()


def test_a_repository_in_a_repository(rig: Rig) -> None:
    inner = rig.source / "inner"
    inner.mkdir()
    git(inner, "init", "-q")
    write(inner, {"i.txt": "i\n", ".gitignore": "*.o\n", "x.o": "o\n"})
    git(inner, "add", ".")
    git(inner, "commit", "-q", "-m", "inner")

    workspace = rig.make()
    write(workspace.files, {"inner/i.txt": "theirs\n"})

    assert sorted(state_of(workspace.files / "inner")) == [".gitignore", "i.txt"]
    assert workspace.merge().changed == ["inner/i.txt"]


def test_a_repository_that_an_agent_made_in_its_workspace(rig: Rig) -> None:
    workspace = rig.make()
    write(workspace.files, {"tool/t.txt": "t\n", "tool/x.log": "l\n"})
    git(workspace.files / "tool", "init", "-q")
    git(workspace.files / "tool", "add", "t.txt")
    git(workspace.files / "tool", "commit", "-q", "-m", "t")

    assert changes(workspace) == {"tool/t.txt"}


def test_a_workspace_whose_repository_was_removed_by_its_agent(rig: Rig) -> None:
    workspace = rig.make()
    for path in sorted((workspace.files / ".git").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (workspace.files / ".git").rmdir()
    write(workspace.files, {"b.txt": "b\n"})

    with pytest.raises(AssertionError, match="invalid gitfile format"):
        git(workspace.files, "status")
    assert workspace.merge().changed == ["b.txt"]


def test_a_sparse_checkout_brings_back_nothing_of_what_it_left_out(rig: Rig) -> None:
    rig.commit({"in/x": "x\n", "out/y": "y\n"})
    git(rig.source, "sparse-checkout", "set", "in")

    workspace = rig.make()
    write(workspace.files, {"in/x": "theirs\n"})

    assert not (workspace.files / "out").exists()
    assert git(workspace.files, "status", "--porcelain").split() == ["M", "in/x"]
    assert workspace.merge().changed == ["in/x"]


def test_a_merge_of_the_user_that_is_under_way(rig: Rig) -> None:
    git(rig.source, "checkout", "-q", "-b", "other")
    rig.commit({"a.txt": "other\n"})
    git(rig.source, "checkout", "-q", "main")
    rig.commit({"a.txt": "main\n"})
    with pytest.raises(AssertionError):
        git(rig.source, "merge", "other")

    workspace = rig.make()

    assert "<<<<<<<" in (workspace.files / "a.txt").read_text()
    assert changes(workspace) == set()


def test_links_are_copied_as_links_and_never_followed(rig: Rig, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    write(secret, {"key": "k\n"})
    write(
        rig.source,
        {"out": {"link": str(secret)}, "up": {"link": "../../.."}, "gone": {"link": "x"}},
    )
    git(rig.source, "add", "-A")

    workspace = rig.make()

    assert (workspace.files / "out").readlink() == secret
    assert {"out", "up", "gone"} <= state_of(workspace.files).keys()


def test_a_merge_writes_nothing_through_a_link_of_the_source(rig: Rig, tmp_path: Path) -> None:
    rig.commit({"d/f.txt": "1\n"})
    workspace = rig.make()
    write(workspace.files, {"d/f.txt": "theirs\n"})
    outside = tmp_path / "outside"
    write(outside, {"f.txt": "mine\n"})
    write(rig.source, {"d/f.txt": False})
    (rig.source / "d").symlink_to(outside)

    merged = workspace.merge()

    assert (outside / "f.txt").read_text() == "mine\n"
    assert [conflict.path for conflict in merged.conflicts] == ["d/f.txt"]


def test_pipes_and_sockets_are_left_out(
    rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.mkfifo(rig.source / "pipe")
    plain = Rig(tmp_path / "plain", is_repository=False)
    write(plain.source, {"a.txt": "1\n"})
    os.mkfifo(plain.source / "pipe")
    with socket.socket(socket.AF_UNIX) as open_socket:
        monkeypatch.chdir(plain.source)  # the path of a socket has at most 108 bytes
        open_socket.bind("socket")

    assert sorted(state_of(rig.make().files)) == [".gitignore", "a.txt"]
    assert sorted(state_of(plain.make().files)) == ["a.txt"]


def test_the_home_in_the_source_is_not_copied(rig: Rig) -> None:
    rig.home = rig.source / ".pagents"
    write(rig.home, {"store.db": "s\n"})

    first, second = rig.make("one"), rig.make("two")
    write(first.files, {"b.txt": "b\n"})

    assert sorted(state_of(second.files)) == [".gitignore", "a.txt"]
    assert first.merge().changed == ["b.txt"]


def test_two_workspaces_of_one_folder_differ_in_their_names_only(rig: Rig) -> None:
    one, two = rig.make("one"), rig.make("two")
    write(one.files, {"a.txt": "one\n"})

    assert (two.files / "a.txt").read_text() == "1\n"
    assert one.files.name == two.files.name == "source"


def test_a_half_made_workspace_is_made_anew(rig: Rig) -> None:
    first = rig.make()
    (first.room.folder / "record.json").unlink()
    write(first.files, {"half": "h\n"})

    again = rig.make()

    assert sorted(state_of(again.files)) == [".gitignore", "a.txt"]


def test_a_made_workspace_is_kept_as_it_is(rig: Rig) -> None:
    write(rig.make().files, {"b.txt": "b\n"})

    assert (rig.make().files / "b.txt").exists()


def refused(rig: Rig, folder: Path | None = None, limits: Limits | None = None) -> str:
    with pytest.raises(WorkspaceError) as caught:
        rig.make(folder=folder, limits=limits or Limits())
    error = caught.value
    return f"{error.message} / {error.why} / {error.hint}"


def test_a_bare_repository_is_refused(rig: Rig, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--bare", str(rig.source), str(tmp_path / "bare.git"))

    assert "no working tree" in refused(rig, tmp_path / "bare.git")
    assert "no working tree" in refused(rig, rig.source / ".git")


def test_too_many_bytes_that_are_in_no_commit_are_refused_by_their_names(rig: Rig) -> None:
    write(rig.source, {"data/huge.bin": "x" * 2_000_000})

    said = refused(rig, limits=Limits(bytes=1_000_000))

    assert "data/huge.bin (2 MB)" in said
    assert ".gitignore" in said


def test_too_many_files_are_refused(rig: Rig) -> None:
    assert "too many" in refused(rig, limits=Limits(files=1))


def test_a_repository_whose_worktree_lost_its_home_is_refused(rig: Rig, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    git(rig.source, "worktree", "add", "-q", "--detach", str(tree))
    (rig.source / ".git").rename(tmp_path / "moved.git")

    assert "git cannot read" in refused(rig, tree)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    rig = Rig(tmp_path, is_repository=False)
    write(rig.source, {"d/a": "a\n"})
    (rig.source / "d").chmod(0)
    try:
        assert "cannot be read" in refused(rig)
    finally:
        (rig.source / "d").chmod(0o700)


def test_a_file_that_git_filters_is_copied_as_it_is_on_the_disk(rig: Rig) -> None:
    git(rig.source, "config", "filter.up.clean", "tr a-z A-Z")
    git(rig.source, "config", "filter.up.smudge", "tr A-Z a-z")
    git(rig.source, "config", "core.autocrlf", "true")
    rig.commit({".gitattributes": "*.low filter=up\n", "x.low": "abc\n", "c.txt": "1\r\n"})

    workspace = rig.make()

    assert (workspace.files / "x.low").read_text() == "abc\n"
    assert (workspace.files / "c.txt").read_bytes() == b"1\r\n"
    assert changes(workspace) == set()


def test_a_shallow_clone(rig: Rig, tmp_path: Path) -> None:
    rig.commit({"a.txt": "2\n"})
    clone = tmp_path / "clone"
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{rig.source}", str(clone))

    workspace = rig.make(folder=clone)

    assert git(workspace.files, "log", "--format=%s").split() == ["Work"]


def test_a_repository_of_the_newer_hash(tmp_path: Path) -> None:
    rig = Rig(tmp_path, is_repository=False)
    git(rig.source, "init", "-q", "--object-format=sha256")
    rig.commit({"a.txt": "1\n2\n3\n4\n5\n"})

    workspace = rig.make()
    write(workspace.files, {"a.txt": "one\n2\n3\n4\n5\n"})
    write(rig.source, {"a.txt": "1\n2\n3\n4\nfive\n"})

    assert workspace.merge().changed == ["a.txt"]
    assert git(workspace.files, "status", "--porcelain").split() == ["M", "a.txt"]


def test_a_workspace_of_a_workspace(rig: Rig) -> None:
    parent = rig.make("parent")
    write(parent.files, {"a.txt": "parent\n", "p.txt": "p\n"})
    git(parent.files, "commit", "-q", "-a", "-m", "parent")

    child = rig.make("child", folder=parent.files)
    write(child.files, {"p.txt": "child\n", "c.txt": "c\n"})
    child.merge()
    parent.merge()

    assert (child.files / "a.txt").read_text() == "parent\n"
    assert git(child.files, "log", "--format=%s").split() == ["parent", "Work"]
    assert {name: text for name, (_, _, text) in state_of(rig.source).items()} == {
        ".gitignore": b"*.log\nbuild/\n",
        "a.txt": b"parent\n",
        "c.txt": b"c\n",
        "p.txt": b"child\n",
    }


def test_a_source_that_drops_its_commits_leaves_whole_files(rig: Rig) -> None:
    rig.commit({"b.txt": "b\n"})
    workspace = rig.make()
    git(rig.source, "reset", "-q", "--hard", "HEAD~1")
    git(rig.source, "reflog", "expire", "--expire=now", "--all")
    git(rig.source, "gc", "-q", "--prune=now")
    write(workspace.files, {"a.txt": "theirs\n"})

    assert workspace.merge().changed == ["a.txt"]
