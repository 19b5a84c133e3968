"""Borrowing: a repository for a workspace, which borrows the objects of its source's and nothing else.

A worktree of `git worktree add` would share the configuration, branches, stash and hooks of the user's
repository, so that whatever an agent does to them it does to the user's. Here its commits, branches
and settings are its own; it has the history, and no remote to push to.
"""

from __future__ import annotations

import os
from pathlib import Path

from parallel_agents.errors import GitFailed
from parallel_agents.git import Git
from parallel_agents.workspaces.listing import Repository, Tracked

_CONFIG = """\
[core]
\trepositoryformatversion = {version}
\tfilemode = true
\tbare = false
\tlogallrefupdates = true
\thooksPath = /dev/null
[gc]
\tauto = 0
{extensions}{user}"""


def object_folders(repository: Repository) -> list[str]:
    """The folders of the objects of a repository, with those that it borrows itself."""
    found: list[str] = []
    waiting = [Path(_git_path(repository.git, "objects"))]
    while waiting:
        folder = waiting.pop()
        if str(folder) in found:
            continue
        found.append(str(folder))
        try:
            lines = (folder / "info/alternates").read_text(errors="surrogateescape").splitlines()
        except OSError:
            continue
        waiting += (folder / line for line in lines if line and not line.startswith("#"))
    return found


def head_of(git: Git) -> str:
    """The latest commit; empty if there is none."""
    try:
        return git.text("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    except GitFailed:
        return ""


def exclude_of(git: Git) -> bytes:
    """What a repository ignores besides its `.gitignore` files."""
    try:
        return Path(_git_path(git, "info/exclude")).read_bytes()
    except OSError:
        return b""


def object_format(git: Git) -> str:
    return git.text("rev-parse", "--show-object-format")


def borrow(source: Repository, tracked: list[Tracked], target: Path, borrowed: list[str]) -> None:
    """Make a repository in the folder `target`, with the branches and the index of the source.

    Raises:
        GitFailed, OSError: it cannot be made.
    """
    git, place = source.git, target / ".git"
    for name in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "info"):
        (place / name).mkdir(parents=True)
    form = object_format(git)
    extensions = "" if form == "sha1" else f"[extensions]\n\tobjectformat = {form}\n"
    config = _CONFIG.format(
        version=1 if extensions else 0, extensions=extensions, user=_user_of(git)
    )
    (place / "config").write_text(config)
    (place / "objects/info/alternates").write_bytes(
        os.fsencode("".join(f"{folder}\n" for folder in borrowed))
    )
    (place / "info/exclude").write_bytes(exclude_of(git))
    refs = git.run("for-each-ref", "--format=%(objectname) %(refname)")
    (place / "packed-refs").write_bytes(b"# pack-refs with: sorted \n" + refs)
    (place / "HEAD").write_text(f"{_head(git)}\n", errors="surrogateescape")
    shallow = Path(_git_path(git, "shallow"))
    if shallow.exists():
        (place / "shallow").write_bytes(shallow.read_bytes())
    own = Git(target, git_dir=place, work_tree=target)
    lines = "".join(f"{each.mode} {each.oid} {each.stage}\t{each.path}\0" for each in tracked)
    own.run("update-index", "-z", "--index-info", given=os.fsencode(lines))
    if skipped := [each.path for each in tracked if each.is_skipped]:
        paths = os.fsencode("".join(f"{path}\0" for path in skipped))
        own.run("update-index", "-z", "--skip-worktree", "--stdin", given=paths)


def _head(git: Git) -> str:
    try:
        return f"ref: {git.text('symbolic-ref', '--quiet', 'HEAD')}"
    except GitFailed:
        return git.text("rev-parse", "HEAD")


def _user_of(git: Git) -> str:
    """Who commits in the source, as far as its own configuration says it."""
    try:
        found = git.run("config", "--local", "--null", "--get-regexp", r"^user\.(name|email)$")
    except GitFailed:
        return ""
    items = [item.partition("\n") for item in os.fsdecode(found).split("\0")[:-1]]
    values = {name: value for name, _, value in items if value.isprintable()}
    lines = [
        f"\t{name.removeprefix('user.')} = {_quoted(value)}\n" for name, value in values.items()
    ]
    return "[user]\n" + "".join(lines) if lines else ""


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _git_path(git: Git, name: str) -> str:
    return git.text("rev-parse", "--path-format=absolute", "--git-path", name)
