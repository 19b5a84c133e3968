"""Listing: the files of a folder that count: of a repository what is tracked, or new and not ignored."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from parallel_agents.errors import GitFailed, WorkspaceError
from parallel_agents.git import Git, find_git, missing_git
from parallel_agents.links import real_path

_OUTSIDE = "not a git repository (or any"
GITLINK = "160000"
_MOST_DEPTH = 20
# The names that make an entry of a folder a repository; git, too, looks for no other.
_GIT = ".git"


class Tracked(NamedTuple):
    """A line of a repository's index; `is_skipped` if a sparse checkout leaves the file out."""

    mode: str
    oid: str
    stage: str
    path: str
    is_skipped: bool


class Listing(NamedTuple):
    """The files that belong to a workspace, by paths relative to the folder.

    Attributes:
        tracked: the index of the repository; empty for a folder outside of one.
        new: files that are in no repository's index; they count against a limit.
        inner: files that repositories below the folder track.
    """

    tracked: list[Tracked]
    new: list[str]
    inner: list[str]

    @property
    def paths(self) -> list[str]:
        """Each path once, those of one folder beside each other."""
        own = {each.path for each in self.tracked if each.mode != GITLINK and not each.is_skipped}
        return sorted(own.union(self.new, self.inner), key=_by_folder)


class Repository(NamedTuple):
    """A repository with a working tree."""

    root: Path
    git: Git


def find_repository(folder: Path) -> Repository | None:
    """The repository whose working tree a folder is in, if any file of the folder belongs to it.

    Raises:
        WorkspaceError: there is one, and it cannot be used.
    """
    if find_git() is None:
        if any((place / _GIT).exists() for place in (folder, *folder.parents)):
            raise missing_git()
        return None
    git = Git(folder)
    try:
        inside = git.text("rev-parse", "--is-inside-work-tree", "--absolute-git-dir").split("\n")
        if inside[0] != "true":
            raise WorkspaceError(
                f"{folder} belongs to a bare repository, or to the inside of one",
                why="it has no working tree, so there are no files to work on",
                hint="name a clone or a worktree of it: `git worktree add FOLDER`",
            )
        root = Path(git.text("rev-parse", "--show-toplevel"))
    except GitFailed as error:
        if _OUTSIDE in error.why:
            return None
        raise _unusable(folder, error) from error
    found = Repository(root, Git(root, git_dir=Path(inside[1]), work_tree=root))
    if root == folder or _has_files(found, folder):
        return found
    return None  # it is ignored there, or nobody has added it yet: a folder of its own


def _has_files(repository: Repository, folder: Path) -> bool:
    try:
        below = folder.relative_to(repository.root)
        return bool(repository.git.run("ls-files", "-z", "--", f":(literal){below}"))
    except (ValueError, GitFailed):
        return False


def list_repository(repository: Repository, skip: str = "") -> Listing:
    """The files of a repository and of those inside it, except below the relative path `skip`.

    Raises:
        WorkspaceError: git cannot read it.
    """
    try:
        return _listed(repository, "", skip, 0)
    except GitFailed as error:
        raise _unusable(repository.root, error) from error


def list_folder(folder: Path, skip: str = "") -> Listing:
    """The files of a folder outside of repositories; repositories in it are listed as such.

    Raises:
        WorkspaceError: a folder cannot be read.
    """
    found = Listing([], [], [])
    _walk(folder, "", skip, found, 0)
    return found


def list_source(folder: Path, home: Path) -> list[str]:
    """The files of a folder that count, whatever it is, without those of a home in it.

    Raises:
        WorkspaceError: it cannot be read.
    """
    skip = inside(home, folder)
    repository = find_repository(folder)
    if repository is None or repository.root != folder:
        return list_folder(folder, skip).paths
    return list_repository(repository, skip).paths


def list_new(git: Git, folder: Path, depth: int = 0) -> list[str]:
    """The files in a workspace's folder that are not ignored, with those of repositories in it.

    Raises:
        GitFailed: git cannot read the folder.
    """
    found: list[str] = []
    inner: list[str] = []
    here = git._replace(folder=folder, work_tree=folder)
    for path in _others(here):
        if not path.endswith("/"):
            found.append(path)
        elif depth < _MOST_DEPTH and not (folder / path).is_symlink():
            inner += (path + each for each in list_new(git, folder / path, depth + 1))
    if inner:
        # A repository in it does not see what the one around it ignores.
        given = os.fsencode("".join(f"{path}\0" for path in inner))
        said = here.run("check-ignore", "-z", "--no-index", "--stdin", given=given, accept=(0, 1))
        ignored = set(os.fsdecode(said).split("\0"))
        found += (path for path in inner if path not in ignored)
    return found


def _listed(repository: Repository, prefix: str, skip: str, depth: int) -> Listing:
    git, root = repository.git, repository.root
    tracked = list(_tracked(git.run("ls-files", "-z", "-s", "-t")))
    new: list[str] = []
    inner: list[str] = []
    below = [each.path for each in tracked if each.mode == GITLINK]
    for path in _others(git):
        if path.endswith("/"):
            below.append(path[:-1])
        elif not _is_below(prefix + path, skip):
            new.append(prefix + path)
    for path in dict.fromkeys(below):
        if depth < _MOST_DEPTH and not _is_below(f"{prefix}{path}/", skip):
            found = _inner(root / path, f"{prefix}{path}/", skip, depth + 1)
            inner += (each.path for each in found.tracked if not each.is_skipped)
            inner += found.inner
            new += found.new
    if prefix:
        tracked = [
            each._replace(path=prefix + each.path) for each in tracked if each.mode != GITLINK
        ]
    return Listing(tracked, new, inner)


def _inner(folder: Path, prefix: str, skip: str, depth: int) -> Listing:
    """The files of a repository in another one, such as a submodule."""
    empty = Listing([], [], [])
    if folder.is_symlink() or not folder.is_dir():
        return empty
    if (folder / _GIT).exists():
        git = Git(folder, git_dir=folder / _GIT, work_tree=folder)
        try:
            return _listed(Repository(folder, git), prefix, skip, depth)
        except GitFailed:
            pass  # its repository is broken or elsewhere: its files are there all the same
    _walk(folder, prefix, skip, empty, depth)
    return empty


def _walk(folder: Path, prefix: str, skip: str, found: Listing, depth: int) -> None:
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        raise WorkspaceError(
            f"the folder {folder} cannot be read",
            why=error.strerror or str(error),
            hint="make it readable, or choose a folder without it",
        ) from error
    for entry in listed:
        path = f"{prefix}{entry.name}"
        if entry.name == _GIT or _is_below(f"{path}/", skip):
            continue
        if entry.is_symlink() or entry.is_file(follow_symlinks=False):
            found.new.append(path)
        elif entry.is_dir(follow_symlinks=False):
            inner = Path(entry.path)
            if (inner / _GIT).exists() and depth < _MOST_DEPTH and find_git() is not None:
                listing = _inner(inner, f"{path}/", skip, depth + 1)
                found.new.extend(listing.new)
                found.inner.extend(each.path for each in listing.tracked if not each.is_skipped)
                found.inner.extend(listing.inner)
            else:
                _walk(inner, f"{path}/", skip, found, depth)


def _tracked(listed: bytes) -> Iterator[Tracked]:
    for line in os.fsdecode(listed).split("\0")[:-1]:
        fields, _, path = line.partition("\t")
        tag, mode, oid, stage = fields.split(" ")
        yield Tracked(mode, oid, stage, path, is_skipped=tag == "S")


def _others(git: Git) -> list[str]:
    listed = git.run("ls-files", "-z", "--others", "--exclude-standard")
    return os.fsdecode(listed).split("\0")[:-1]


def _is_below(path: str, skip: str) -> bool:
    return bool(skip) and path.startswith(skip)


def inside(folder: Path, root: Path) -> str:
    """A folder below another one as a relative path with a slash at its end; empty if it is not."""
    folder = real_path(folder)
    if folder == root or not folder.is_relative_to(root):
        return ""
    return f"{folder.relative_to(root)}/"


def _by_folder(path: str) -> tuple[str, str]:
    above, _, name = path.rpartition("/")
    return above, name


def _unusable(folder: Path, error: GitFailed) -> WorkspaceError:
    return WorkspaceError(
        f"git cannot read the repository of {folder}",
        why=error.why.removeprefix("fatal: "),
        hint="make sure that `git status` works there",
    )
